// How the agent publishes.
#include "agent.hpp"

#include <stdexcept>

namespace agent {
namespace {

void send(state& own, std::uint64_t value) {
    auto loan = own.publisher.loan_uninit();
    support::fill(*loan, value);
    must(own.publisher.send(std::move(loan)));
}

std::string publish(state& own, const words& line) {
    const auto first = number(line, 1);
    for (auto value = first; value < first + number(line, 2); ++value) send(own, value);
    return "ok";
}

/// At full speed, until something kills us.
std::string flood(state& own, const words& line) {
    say("flooding");
    for (auto value = number(line, 1);; ++value) send(own, value);
}

/// Sends between two marks. With "redirected" the chunk is not the one that was announced.
std::string marked_send(state& own, const words& line) {
    const auto value = number(line, 1);
    if (line.size() > 2 && line[2] == "redirected") {
        auto before = own.publisher.loan_uninit();
        auto announced = own.publisher.loan_uninit();
        auto other = own.publisher.loan_uninit();
        support::fill(*before, value - 1);
        must(own.publisher.send(std::move(before)));
        support::fill(*other, value);
        say("prepared");
        mark_begin();
        must(own.publisher.send(std::move(other)));
        mark_end();
        return "ok";
    }
    send(own, value - 1);
    auto loan = own.publisher.loan_uninit();
    support::fill(*loan, value);
    say("prepared");
    mark_begin();
    must(own.publisher.send(std::move(loan)));
    mark_end();
    return "ok";
}

}  // namespace

void add_publishing(command_table& table) {
    table["publish"] = publish;
    table["flood"] = flood;
    table["marked_send"] = marked_send;
}

}  // namespace agent
