// Compiled once for a program of many files.
#include <elkodon/asio.hpp>
#include <support/catch.hpp>

#include <asio.hpp>
