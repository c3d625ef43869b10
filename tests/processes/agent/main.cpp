// See agent.hpp.
#include "agent.hpp"

#include <csignal>
#include <cstdio>
#include <exception>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <sys/prctl.h>
#include <unistd.h>

namespace agent {

void say(const std::string& line) {
    const auto text = line + "\n";
    if (write(1, text.data(), text.size()) != static_cast<ssize_t>(text.size())) _exit(1);
}

std::uint64_t number(const words& line, std::size_t index) { return std::stoull(line.at(index)); }

void mark_begin() { std::raise(SIGUSR1); }
void mark_end() { std::raise(SIGUSR2); }

namespace {

std::string answer(const command_table& table, state& own, const words& line) {
    const auto found = table.find(line.at(0));
    if (found == table.end()) return "error: there is no command " + line[0];
    try {
        return found->second(own, line);
    } catch (const std::exception& failure) {
        return std::string("error: ") + failure.what();
    }
}

}  // namespace
}  // namespace agent

int main() {
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // also below strace
    agent::command_table table;
    agent::add_set_up(table);
    agent::add_publishing(table);
    agent::add_receiving(table);
    agent::add_events(table);
    agent::add_serving(table);
    agent::add_idling(table);
    agent::add_files(table);
    agent::add_sleeping(table);
    agent::state own;
    std::string text;
    while (std::getline(std::cin, text)) {
        std::istringstream in(text);
        agent::words line;
        for (std::string word; in >> word;) line.push_back(word);
        if (!line.empty() && line[0] == "quit") break;
        if (!line.empty()) agent::say(agent::answer(table, own, line));
    }
}
