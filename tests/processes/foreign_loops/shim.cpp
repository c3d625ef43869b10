// What another language needs of a wait set: a handle for its loop, and four functions of C. One thread.
#include <elkodon/elkodon.hpp>

namespace {

struct numbers {
    elkodon::subscriber<std::uint64_t> subscriber;
    elkodon::wait_set waits;
    elkodon::attachment attached = waits.attach(subscriber);
};

}  // namespace

extern "C" {

numbers* numbers_open(const char* name) try {
    const auto node = elkodon::node::create();
    const auto service = node.service(name).publish_subscribe<std::uint64_t>().open();
    return new numbers{service.subscriber().create(), node.wait_set().create()};
} catch (...) {
    return nullptr;
}

int numbers_handle(numbers* of) { return of->waits.native_handle(); }

/// Called each time the handle is readable: whether numbers have come.
int numbers_ready(numbers* of) { return of->waits.try_wait().contains(of->attached) ? 1 : 0; }

/// The next number, or 0 when there is none.
std::uint64_t numbers_next(numbers* of) {
    const auto sample = of->subscriber.receive();
    return sample ? *sample : 0;
}

void numbers_close(numbers* of) { delete of; }
}
