// Heap allocations per received sample after warm-up: polled, and awaited in Asio, counted in the receiving process.
// Counts every malloc, calloc, realloc and aligned form of the process, and with them every operator new.
// The receiver tells how far it has come in a word of their own; half of the messages find it asleep, half awake.
#include "common.hpp"

#include <elkodon/asio.hpp>
#include <elkodon/elkodon.hpp>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>

extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
}

namespace {
std::atomic<std::uint64_t> allocations{0};

void count_one() noexcept { allocations.fetch_add(1, std::memory_order_relaxed); }
}  // namespace

extern "C" {
void* malloc(std::size_t size) noexcept {
    count_one();
    return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) noexcept {
    count_one();
    return __libc_calloc(count, size);
}
void* realloc(void* memory, std::size_t size) noexcept {
    count_one();
    return __libc_realloc(memory, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
    count_one();
    return __libc_memalign(alignment, size);
}
void* memalign(std::size_t alignment, std::size_t size) noexcept {
    count_one();
    return __libc_memalign(alignment, size);
}
int posix_memalign(void** memory, std::size_t alignment, std::size_t size) noexcept {
    count_one();
    *memory = __libc_memalign(alignment, size);
    return *memory != nullptr ? 0 : ENOMEM;
}
}

namespace {

constexpr std::uint64_t warm_up = 1'000;
constexpr std::uint64_t counted = 5'000;
constexpr std::uint64_t total = warm_up + counted;

struct progress {
    bench::meeting ready;
    alignas(bench::line) std::atomic<std::uint64_t> taken{0};
};

using payload = std::uint64_t;

auto open(const elkodon::node& node) {
    return node.service("benchmark/allocations").publish_subscribe<payload>().open_or_create();
}

void publish(progress& progress) {
    auto node = elkodon::node::create();
    auto service = open(node);
    auto publisher = service.publisher().create();
    progress.ready.arrive();
    for (std::uint64_t i = 1; i <= total; ++i) {
        while (progress.taken.load(std::memory_order_acquire) + 1 < i) bench::pause();
        if (i % 2 == 0) usleep(20);  // long enough to fall asleep
        bench::require(!publisher.send_copy(i), "send_copy");
    }
    // Our leaving changes the directory, which the receiver then reads: not while it counts.
    while (progress.taken.load(std::memory_order_acquire) < total) usleep(100);
}

// What was allocated between the end of the warm-up and the last sample.
class account {
public:
    void took(std::uint64_t number, std::uint64_t due, progress& progress) {
        bench::require(number == due, "the next number");
        if (due == warm_up) before_ = allocations.load();
        if (due == total) after_ = allocations.load();
        progress.taken.store(due, std::memory_order_release);
    }
    double per_sample() const {
        return static_cast<double>(after_ - before_) / static_cast<double>(counted);
    }

private:
    std::uint64_t before_ = 0, after_ = 0;
};

double polled(progress& progress) {
    auto node = elkodon::node::create();
    auto service = open(node);
    auto subscriber = service.subscriber().create();
    account account;
    progress.ready.arrive();
    for (std::uint64_t i = 1; i <= total;)
        if (auto sample = subscriber.receive()) account.took(*sample, i++, progress);
    return account.per_sample();
}

asio::awaitable<void> take_all(elkodon::async::subscriber<payload> numbers,
                               account& account,
                               progress& progress) {
    for (std::uint64_t i = 1; i <= total; ++i) {
        auto sample = co_await numbers.async_receive(asio::use_awaitable);
        account.took(*sample, i, progress);
    }
}

double awaited(progress& progress) {
    asio::io_context io{1};
    auto node = elkodon::node::create();
    auto service = open(node);
    elkodon::async::subscriber<payload> numbers{io, service.subscriber().create()};
    account account;
    progress.ready.arrive();
    asio::co_spawn(io, take_all(std::move(numbers), account, progress), asio::detached);
    io.run();
    return account.per_sample();
}

template <class Receive>
double measure(std::pair<int, int> cores, Receive receive) {
    auto* const progress = bench::shared<struct progress>();
    return bench::two_processes(
        [&] {
            bench::pin(cores.second);
            publish(*progress);
        },
        [&] {
            bench::pin(cores.first);
            return receive(*progress);
        });
}

}  // namespace

int main(int argc, char** argv) {
    const bench::arguments args{argc, argv};
    const double polling = measure(args.cores(), polled);
    const double awaiting = measure(args.cores(), awaited);
    std::printf(
        "{\"unit\": \"allocations/sample\", \"p50\": %.6f, \"polled\": %.6f, \"awaited\": %.6f}\n",
        std::max(polling, awaiting), polling, awaiting);
}
