// Compiled once for a program of many files: seven seconds each.
#include <support/catch.hpp>
