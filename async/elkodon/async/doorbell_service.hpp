// Where the ports of one execution context wait: a station for each domain, and the places of what has its own descriptor.
// Made by the first I/O object; ends with the context, without calling anybody.
// In a fork's child all of these are the parent's: what was awaited fails, and new ports get new places.
#pragma once

#include <elkodon/async/descriptor_place.hpp>
#include <elkodon/async/station.hpp>

#include <algorithm>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>
#include <concepts>
#include <type_traits>

namespace elkodon::async {

/// A port that waits at a doorbell. What else can be awaited has a descriptor of its own.
template <class Port>
concept rung_by_doorbell = requires(const Port& port) {
    { port.untyped() } -> std::convertible_to<port::waiting_port*>;
};

/// Where a port of this type waits.
template <class Port>
using place_of = std::conditional_t<rung_by_doorbell<Port>, station, descriptor_place>;

/// The stations of one context, by domain. Any thread, but for notify_fork().
class doorbell_service : public asio::execution_context::service {
public:
    using key_type = doorbell_service;
    inline static asio::execution_context::id id;

    explicit doorbell_service(asio::execution_context& context);

    /// The place where `port` waits from now on. Throws errc::already_attached, and what the system says.
    template <class Port>
    std::shared_ptr<place_of<Port>> enter(Port& port,
                                          waiter& who,
                                          const asio::any_io_executor& executor);

    /// What the stations of this context do before they sleep.
    void set_wait_strategy(wait_strategy strategy);

private:
    std::shared_ptr<station> station_for(const port::waiting_port& port,
                                         const asio::any_io_executor& executor);
    void shutdown() noexcept override;
    void notify_fork(asio::execution_context::fork_event event) override;

    std::mutex mutex_;
    std::optional<wait_strategy> strategy_;  // none: the configuration's
    std::vector<std::pair<process_id, std::shared_ptr<station>>> stations_;
    std::vector<std::weak_ptr<descriptor_place>> descriptors_;
};

// The place serves all ports of the context: it runs on the context itself, not on the strand of the port that
// came first. A strand that we don't know is used as it is.
inline asio::any_io_executor without_strand(const asio::any_io_executor& executor) {
    if (auto* strand = executor.target<asio::strand<asio::io_context::executor_type>>())
        return strand->get_inner_executor();
    if (auto* strand = executor.target<asio::strand<asio::thread_pool::executor_type>>())
        return strand->get_inner_executor();
    if (auto* strand = executor.target<asio::strand<asio::any_io_executor>>())
        return without_strand(strand->get_inner_executor());
    return executor;
}

inline doorbell_service::doorbell_service(asio::execution_context& context)
    : asio::execution_context::service(context) {}

/// The service of the context that `executor` belongs to. Asio's reactor comes first, so that it is the child's already when
/// a fork is told of to ours, and ours ends before it.
inline doorbell_service& doorbell_service_of(const asio::any_io_executor& executor) {
    const asio::posix::basic_stream_descriptor<asio::any_io_executor> first(executor);
    return asio::use_service<doorbell_service>(asio::query(executor, asio::execution::context));
}

template <class Port>
std::shared_ptr<place_of<Port>> doorbell_service::enter(Port& port,
                                                        waiter& who,
                                                        const asio::any_io_executor& executor) {
    if constexpr (rung_by_doorbell<Port>) {
        auto place = station_for(*port.untyped(), executor);
        place->attach(*port.untyped(), who);
        return place;
    } else {
        auto place =
            std::make_shared<descriptor_place>(without_strand(executor), port.native_handle());
        const std::lock_guard lock(mutex_);
        std::erase_if(descriptors_, [](const auto& each) { return each.expired(); });
        descriptors_.push_back(place);
        return place;
    }
}

inline void doorbell_service::set_wait_strategy(wait_strategy strategy) {
    const std::lock_guard lock(mutex_);
    strategy_ = strategy;
    for (const auto& [process, each] : stations_) each->set_wait_strategy(strategy);
}

inline std::shared_ptr<station> doorbell_service::station_for(
    const port::waiting_port& port, const asio::any_io_executor& executor) {
    const std::lock_guard lock(mutex_);
    const auto place = port.doorbell_place();
    for (const auto& [process, known] : stations_)
        if (process == place.process) return known;
    stations_.emplace_back(place.process,
                           std::make_shared<station>(place, without_strand(executor),
                                                     strategy_.value_or(place.wait_strategy)));
    return stations_.back().second;
}

inline void doorbell_service::shutdown() noexcept {
    for (auto& [process, each] : stations_) each->shut_down();
    for (auto& each : descriptors_)
        if (const auto alive = each.lock()) alive->shut_down();
    stations_.clear();
    descriptors_.clear();
}

// Asio calls this when its own reactor is the child's.
inline void doorbell_service::notify_fork(asio::execution_context::fork_event event) {
    if (event != asio::execution_context::fork_child) return;
    for (auto& [process, each] : stations_) each->abandon();
    for (auto& each : descriptors_)
        if (const auto alive = each.lock()) alive->abandon();
    stations_.clear();
    descriptors_.clear();
}

/// What the ports of a context do before they sleep, from their next wait on: one doorbell for all of them, so one strategy.
/// Without this: as their node's configuration says. With `busy` the loop never sleeps, and io_context::poll() returns
/// only when nothing is awaited. Any thread.
template <class Context>
void set_wait_strategy(Context& context, wait_strategy strategy) {
    doorbell_service_of(context.get_executor()).set_wait_strategy(strategy);
}

}  // namespace elkodon::async
