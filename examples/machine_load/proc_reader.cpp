#include "proc_reader.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace machine_load {

namespace {

// Takes a text apart from its beginning. What isn't there is zero or empty.
class scanner {
public:
    explicit scanner(std::string_view text) : rest_{text} {}

    bool at_end() const { return rest_.empty(); }

    std::string_view line() { return up_to("\n"); }

    std::string_view word() {
        skip_spaces();
        return up_to(" \t\n");
    }

    template <class Number>
    Number number() {
        skip_spaces();
        Number value{};
        const auto* begin = rest_.data();
        const auto [end, error] = std::from_chars(begin, begin + rest_.size(), value);
        rest_.remove_prefix(static_cast<std::size_t>(end - begin));
        return error == std::errc{} ? value : Number{};
    }

    bool skip(char expected) {
        if (!rest_.starts_with(expected)) return false;
        rest_.remove_prefix(1);
        return true;
    }

private:
    void skip_spaces() {
        rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t"), rest_.size()));
    }

    std::string_view up_to(std::string_view ends) {
        const auto size = std::min(rest_.find_first_of(ends), rest_.size());
        const auto found = rest_.substr(0, size);
        rest_.remove_prefix(std::min(size + 1, rest_.size()));
        return found;
    }

    std::string_view rest_;
};

std::uint64_t difference(std::uint64_t before, std::uint64_t after) {
    return after > before ? after - before : 0;  // an interface that went takes its count along
}

}  // namespace

proc_file::proc_file(const char* path) : path_{path}, fd_{::open(path, O_RDONLY | O_CLOEXEC)} {
    if (fd_ < 0) throw std::system_error{errno, std::system_category(), path};
}

proc_file::~proc_file() { ::close(fd_); }

std::string_view proc_file::text(std::span<char> buffer) const {
    std::size_t size = 0;
    while (size < buffer.size()) {
        const auto got =
            ::pread(fd_, buffer.data() + size, buffer.size() - size, static_cast<off_t>(size));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) throw std::system_error{errno, std::system_category(), path_};
        if (got == 0) break;
        size += static_cast<std::size_t>(got);
    }
    return {buffer.data(), size};
}

proc_reader::proc_reader() { take(); }

void proc_reader::read(reading& into) {
    const auto& newest = take();
    const auto& oldest = snapshots_[taken_ > window ? taken_ % snapshots_.size() : 0];
    set_rates(into, oldest, newest);
    read_memory(into);
    read_load(into);
}

proc_reader::snapshot& proc_reader::take() {
    auto& next = snapshots_[taken_++ % snapshots_.size()];
    read_stat(next);
    read_network(next);
    next.taken = std::chrono::steady_clock::now();
    return next;
}

// cpu3 user nice system idle iowait irq softirq steal …; what guests use is in user and nice.
bool proc_reader::parse_cpu_line(std::string_view line, core_ticks& into) {
    scanner scan{line};
    scanner name{scan.word().substr(0, 16)};
    if (!name.skip('c') || !name.skip('p') || !name.skip('u')) return false;
    into = {.id = name.number<std::uint32_t>(), .busy = 0, .total = 0};
    for (int column = 0; column < 8; ++column) {
        const auto ticks = scan.number<std::uint64_t>();
        into.total += ticks;
        if (column != 3 && column != 4) into.busy += ticks;
    }
    return true;
}

void proc_reader::read_stat(snapshot& into) {
    scanner scan{stat_.text(buffer_)};
    into.core_count = 0;
    if (!parse_cpu_line(scan.line(), into.all)) into.all = {};
    while (into.core_count < into.cores.size() && !scan.at_end()) {
        if (!parse_cpu_line(scan.line(), into.cores[into.core_count])) break;
        ++into.core_count;
    }
}

void proc_reader::read_memory(reading& into) {
    into.memory_total = into.memory_available = 0;
    for (scanner scan{meminfo_.text(buffer_)}; !scan.at_end();) {
        scanner line{scan.line()};
        const auto name = line.word();
        if (name == "MemTotal:") into.memory_total = line.number<std::uint64_t>() * 1024;
        if (name == "MemAvailable:") into.memory_available = line.number<std::uint64_t>() * 1024;
    }
}

// Two lines of headings, then name: bytes, seven other counts of what came, bytes that went …
void proc_reader::read_network(snapshot& into) {
    into.received = into.sent = 0;
    for (scanner scan{net_dev_.text(buffer_)}; !scan.at_end();) {
        const auto line = scan.line();
        const auto colon = line.find(':');
        if (colon == line.npos) continue;
        if (scanner{line.substr(0, colon)}.word() == "lo") continue;
        scanner columns{line.substr(colon + 1)};
        into.received += columns.number<std::uint64_t>();
        for (int skipped = 0; skipped < 7; ++skipped) columns.word();
        into.sent += columns.number<std::uint64_t>();
    }
}

// 0.20 0.18 0.12 1/80 11206: averages, runnable/all tasks, the newest process
void proc_reader::read_load(reading& into) {
    scanner scan{loadavg_.text(buffer_)};
    for (auto& average : into.load) average = scan.number<double>();
    into.tasks_runnable = scan.number<std::uint32_t>();
    into.tasks_total = scan.skip('/') ? scan.number<std::uint32_t>() : 0;
}

float proc_reader::busy_between(const core_ticks& before, const core_ticks& after) {
    const auto total = difference(before.total, after.total);
    if (total == 0 || before.id != after.id) return 0;  // no tick yet, or a core came or went
    const auto busy = std::min(difference(before.busy, after.busy), total);
    return static_cast<float>(static_cast<double>(busy) / static_cast<double>(total));
}

void proc_reader::set_rates(reading& into, const snapshot& before, const snapshot& after) {
    into.busy = busy_between(before.all, after.all);
    into.core_count = static_cast<std::uint32_t>(after.core_count);
    for (std::size_t core = 0; core < after.core_count; ++core) {
        into.core_busy[core] =
            core < before.core_count ? busy_between(before.cores[core], after.cores[core]) : 0;
    }
    const auto seconds = std::chrono::duration<double>{after.taken - before.taken}.count();
    const auto rate = [&](std::uint64_t first, std::uint64_t last) {
        return seconds > 0 ? static_cast<double>(difference(first, last)) / seconds : 0;
    };
    into.received_total = after.received;
    into.sent_total = after.sent;
    into.received_rate = rate(before.received, after.received);
    into.sent_rate = rate(before.sent, after.sent);
}

}  // namespace machine_load
