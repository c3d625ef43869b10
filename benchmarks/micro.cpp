// What the calls of the hot path cost inside one process, on a node that nobody else uses: loan, send, receive.
// No other core takes part, so nothing here says how fast a message travels: see latency_ours.
#include "message.hpp"

#include <elkodon/elkodon.hpp>

#include <benchmark/benchmark.h>

namespace {

using payload = bench::message<48>;

struct pair {
    elkodon::node node = elkodon::node::create();
    elkodon::publish_subscribe_service<payload> service =
        node.service("benchmark/micro").publish_subscribe<payload>().open_or_create();
    elkodon::publisher<payload> publisher = service.publisher().create();
    elkodon::subscriber<payload> subscriber = service.subscriber().create();

    void send() {
        auto loan = publisher.loan_uninit();
        loan->write(1);
        bench::require(!publisher.send(std::move(loan)), "send");
    }
};

void loan_and_drop(benchmark::State& state) {
    pair ports;
    for (auto _ : state) benchmark::DoNotOptimize(ports.publisher.loan_uninit());
}

void loan_and_send(benchmark::State& state) {
    pair ports;
    for (auto _ : state) ports.send();
}

void loan_send_receive(benchmark::State& state) {
    pair ports;
    for (auto _ : state) {
        ports.send();
        benchmark::DoNotOptimize(ports.subscriber.receive()->read());
    }
}

void receive_nothing(benchmark::State& state) {
    pair ports;
    for (auto _ : state) benchmark::DoNotOptimize(ports.subscriber.receive());
}

BENCHMARK(loan_and_drop);
BENCHMARK(loan_and_send);
BENCHMARK(loan_send_receive);
BENCHMARK(receive_nothing);

}  // namespace

BENCHMARK_MAIN();
