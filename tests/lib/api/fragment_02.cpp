// Fragment 2 of the API by example: loan, loan_uninit, try_loan, send_copy.
#include <elkodon/elkodon.hpp>
#include <support/catch.hpp>
#include <support/scratch_root.hpp>

#include <cstdio>
#include <fmt/format.h>
#include <vector>

namespace tests::fragment_02 {
namespace {

struct pose {
    double x = 0.5, y = 0.25;
};

}  // namespace

TEST_CASE("API 2: loan, loan_uninit, try_loan, send_copy") {
    support::scratch_root root;
    auto service = elkodon::node::create().service("pose").publish_subscribe<pose>().create();
    auto publisher = service.publisher().create();
    auto subscriber = service.subscriber().create();

    // 2  loan, loan_uninit, try_loan, send_copy
    auto a = publisher.loan();  // value-initialised: pose{}
    a->x = 1.0;
    publisher.send(std::move(a));
    auto b = publisher.loan_uninit();  // whatever lay there: emplace, or assign every member
    b.emplace(1.0, 2.0);
    publisher.send(std::move(b));
    if (auto c = publisher.try_loan()) publisher.send(std::move(c));
    else
        fmt::print(stderr, "{}\n",
                   c.error().message());  // loans_exhausted, or why a peer could not be mapped
    publisher.send_copy({3.0, 4.0});

    std::vector<double> received;
    while (auto sample = subscriber.receive()) {
        received.push_back(sample->x);
        received.push_back((*sample).y);
    }
    CHECK(received == std::vector<double>{1.0, 0.25, 1.0, 2.0, 0.5, 0.25, 3.0, 4.0});
}

}  // namespace tests::fragment_02
