// Fragment 19 of the API by example, compiled and run: a loop and a task.
#include <elkodon/elkodon.hpp>
#include <elkodon/io_uring.hpp>

#include <cstdio>
#include <support/catch.hpp>

namespace fragment_19 {
namespace {

std::uint64_t total = 0;

// What the fragment prints, counted.
struct {
    void print(const char*, std::uint64_t value) const { total += value; }
} constexpr fmt;

elkodon::task<> print(elkodon::uring::subscriber<std::uint64_t> numbers) {
    while (auto sample = co_await numbers.next()) {
        fmt.print("received: {}\n", *sample);
        if (total == 6) numbers.close();  // the fragment's goes on
    }
}

void run(const elkodon::publish_subscribe_service<std::uint64_t>& service) {
    elkodon::uring::loop loop;  // throws where io_uring is forbidden, and names the Asio way
    loop.spawn(print({loop, service.subscriber().create()}));
    auto publisher = service.publisher().create();
    for (std::uint64_t i = 1; i <= 3; ++i) publisher.send_copy(i);
    loop.run();  // until stop(), or nothing is left
}

TEST_CASE("fragment 19: a loop and a task") {
    run(elkodon::node::create_local().service("numbers").publish_subscribe<std::uint64_t>().create());
    CHECK(total == 6);
}

}  // namespace
}  // namespace fragment_19
