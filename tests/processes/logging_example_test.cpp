// The example with another logger, run: the library's lines come out of it.
#include "participants.hpp"

namespace tests::logging_example_cases {

using namespace test;

TEST_CASE("the lines of the library come out of the logger that the program has chosen") {
    scratch_root root;
    child program({EXAMPLE_LOGGING});
    const auto said = program.rest();
    CHECK(program.wait() == support::success);
    CHECK(said.find("[debug] elkodon: ") != std::string::npos);
    CHECK(said.find("[info] joined as ") != std::string::npos);
    CHECK(root.listing() == support::nothing);
}

}  // namespace tests::logging_example_cases
