// Catch2, whichever of its two major versions is there.
#pragma once

#ifdef ELKODON_CATCH2_V2
#include <catch2/catch.hpp>
#else
#include <catch2/catch_all.hpp>
#endif
