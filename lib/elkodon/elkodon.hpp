// The whole of the library without loops; <elkodon/asio.hpp> awaits its ports in Asio. Caveats, in one place: docs/pitfalls.md.
// Writes nothing itself; each header that it includes says who writes what.
// After a kill -9 what a process had sent stays readable to those who were there; the next one that looks removes the rest.
#pragma once

#include <elkodon/configuration.hpp>
#include <elkodon/discovery.hpp>
#include <elkodon/error.hpp>
#include <elkodon/event_id.hpp>
#include <elkodon/listener.hpp>
#include <elkodon/loan.hpp>
#include <elkodon/log.hpp>
#include <elkodon/node.hpp>
#include <elkodon/notifier.hpp>
#include <elkodon/optional.hpp>
#include <elkodon/publisher.hpp>
#include <elkodon/sample.hpp>
#include <elkodon/service.hpp>
#include <elkodon/shareable.hpp>
#include <elkodon/spectator.hpp>
#include <elkodon/static_map.hpp>
#include <elkodon/static_string.hpp>
#include <elkodon/static_vector.hpp>
#include <elkodon/subscriber.hpp>
#include <elkodon/termination.hpp>
#include <elkodon/variant.hpp>
#include <elkodon/wait_set.hpp>
#include <elkodon/wait_strategy.hpp>
