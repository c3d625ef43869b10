// The one main() of all test programs, for the version of Catch2 that brings none.
#ifdef ELKODON_CATCH2_V2
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
#endif
