// termination_requested() installs its handlers once for a process: each case has a process of its own.
#include "child.hpp"

#include <elkodon/termination.hpp>
#include <support/catch.hpp>

#include <csignal>

namespace tests::termination_cases {
namespace {

volatile std::sig_atomic_t earlier_calls = 0;
volatile std::sig_atomic_t earlier_signal = 0;

void earlier(int signal) {
    earlier_calls = earlier_calls + 1;
    earlier_signal = signal;
}

void earlier_with_details(int signal, siginfo_t* info, void*) {
    if (info && info->si_signo == signal) earlier(signal);
}

std::string expect(bool holds, const char* what) { return holds ? "" : what; }

}  // namespace

TEST_CASE("nobody asked to end: false, until SIGINT or SIGTERM comes") {
    const int signal = GENERATE(SIGINT, SIGTERM);
    CHECK(in_child([&] {
              if (elkodon::termination_requested()) return "true from the start";
              std::raise(signal);
              return elkodon::termination_requested() && elkodon::termination_requested()
                         ? ""
                         : "false afterwards";
          }) == "");
}

TEST_CASE("until the first question the library touches no signal") {
    CHECK(in_child([&]() -> std::string {
              struct sigaction now{};
              sigaction(SIGTERM, nullptr, &now);
              if (now.sa_handler != SIG_DFL) return "a handler is there";
              elkodon::termination_requested();
              sigaction(SIGTERM, nullptr, &now);
              return expect(now.sa_handler != SIG_DFL, "no handler is there");
          }) == "");
}

TEST_CASE("a handler that was there before is called as well") {
    const int signal = GENERATE(SIGINT, SIGTERM);
    CHECK(in_child([&]() -> std::string {
              std::signal(signal, earlier);
              elkodon::termination_requested();
              std::raise(signal);
              if (!elkodon::termination_requested()) return "not noticed";
              return expect(earlier_calls == 1 && earlier_signal == signal,
                            "the earlier handler was not called");
          }) == "");
}

TEST_CASE("a handler with details that was there before gets them") {
    CHECK(in_child([&]() -> std::string {
              struct sigaction details{};
              details.sa_sigaction = earlier_with_details;
              details.sa_flags = SA_SIGINFO;
              sigaction(SIGTERM, &details, nullptr);
              elkodon::termination_requested();
              std::raise(SIGTERM);
              return expect(elkodon::termination_requested() && earlier_calls == 1,
                            "the earlier handler was not called");
          }) == "");
}

TEST_CASE("who ignored the signal before does not end by it, and sees it asked for") {
    CHECK(in_child([&]() -> std::string {
              std::signal(SIGINT, SIG_IGN);
              elkodon::termination_requested();
              std::raise(SIGINT);
              std::raise(SIGINT);
              return expect(elkodon::termination_requested(), "not noticed");
          }) == "");
}

}  // namespace tests::termination_cases
