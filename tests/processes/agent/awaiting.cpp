// How the agent awaits in Asio. Without Asio it says so.
#include "agent.hpp"

#ifdef AGENT_AWAITS

#include "running.hpp"

#include <elkodon/asio.hpp>

namespace agent {
namespace {

asio::awaitable<void> receive_all(elkodon::async::subscriber<message>& numbers,
                                  const sample_sink& sink) {
    for (;;) {
        const auto sample = co_await numbers.async_receive(asio::use_awaitable);
        if (!sink(sample)) co_return;
    }
}

asio::awaitable<void> wait_for_all(elkodon::async::listener& bell, const ids_sink& sink) {
    for (;;) {
        const auto ids = co_await bell.async_wait(asio::use_awaitable);
        if (!sink(ids)) co_return;
    }
}

}  // namespace

void receive_awaiting(state& own, const sample_sink& sink) {
    asio::io_context io;
    elkodon::async::subscriber<message> numbers{io, std::move(own.subscriber)};
    run(io, receive_all(numbers, sink));
    own.subscriber = numbers.release();
}

void wait_awaiting(state& own, const ids_sink& sink) {
    asio::io_context io;
    elkodon::async::listener bell{io, std::move(own.listener)};
    run(io, wait_for_all(bell, sink));
    own.listener = bell.release();
}

}  // namespace agent

#else

#include <stdexcept>

namespace agent {

void receive_awaiting(state&, const sink&) { throw std::logic_error("built without Asio"); }
void wait_awaiting(state&, const ids_sink&) { throw std::logic_error("built without Asio"); }

}  // namespace agent

#endif
