// Fragment 3 of the API by example: slices, with a user header.
#include <elkodon/elkodon.hpp>
#include <support/catch.hpp>
#include <support/scratch_root.hpp>

#include <algorithm>
#include <vector>

namespace tests::fragment_03 {
namespace {

struct stamp {
    std::uint64_t turn;
    double started;
};

}  // namespace

TEST_CASE("API 3: slices, with a user header") {
    support::scratch_root root;
    auto node = elkodon::node::create();
    const std::vector<float> points{1, 2, 3};
    std::uint64_t turn = 0;
    std::vector<float> used;
    const auto use = [&](std::uint64_t of, std::span<const float> values) {
        turn = of;
        used.assign(values.begin(), values.end());
    };

    // 3  slices, with a user header
    auto scan = node.service("scan").publish_subscribe<float[], stamp>().open_or_create();
    auto publisher = scan.publisher().initial_max_slice_len(4096).create();
    auto subscriber = scan.subscriber().create();
    auto loan = publisher.loan_uninit(points.size());
    loan.header() = {.turn = 7, .started = 0.25};
    std::ranges::copy(points, (*loan).begin());  // *loan is a std::span<float>
    publisher.send(std::move(loan));
    if (auto sample = subscriber.receive())
        use(sample.header().turn, *sample);  // std::span<const float>

    CHECK(turn == 7);
    CHECK(used == points);
}

}  // namespace tests::fragment_03
