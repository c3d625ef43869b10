// The suite over io_uring.
#include <support/catch.hpp>

#include "kits.hpp"

#include "../conformance/dying.hpp"
#include "../conformance/ending.hpp"
#include "../conformance/others.hpp"
#include "../conformance/publishing.hpp"
#include "../conformance/racing.hpp"
#include "../conformance/receiving.hpp"
