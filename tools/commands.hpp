// The commands of the `elkodon` program, each a function that prints and returns the program's status.
// They write what a node and its ports write.
// Killed, they leave what every killed node leaves: the next one cleans up.
#pragma once

#include <elkodon/elkodon.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace tools {

struct tap_options {
    std::string service;
    std::uint64_t count = 0;  ///< messages; 0: until Ctrl-C
    std::size_t bytes = 64;   ///< of each message
};

/// Prints what a service carries, then a line for each message, until Ctrl-C. Throws `elkodon::error`.
int tap(const elkodon::configuration& config, const tap_options& options);

/// Removes what the dead of the domain left and prints how many names that were. Throws `elkodon::error`.
int clean(const elkodon::configuration& config);

/// Prints the domain's services and nodes, a line each. Joins nothing. Throws what reading directories throws.
int list(const elkodon::configuration& config);

/// Prints what appears, goes and dies, what is there at first included, until Ctrl-C. Throws `elkodon::error`.
int watch(const elkodon::configuration& config);

}  // namespace tools
