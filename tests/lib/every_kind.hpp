// The kinds of service that one suite of tests runs over: shared and local nodes; values, slices and untyped messages.
// Each kind sends and reads numbers, so that a test says what happens to them and nothing of how they are carried.
#pragma once

#include <elkodon/node.hpp>
#include <support/scratch_root.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

namespace tests {

struct in_a_shared_node {
    static elkodon::node make() { return elkodon::node::create(); }
};
struct in_a_local_node {
    static elkodon::node make() { return elkodon::node::create_local(); }
};

struct as_a_value {
    using type = std::uint64_t;
    static auto join(const elkodon::node& node) {
        return node.service("numbers").publish_subscribe<type>();
    }
    template <class Builder>
    static auto& prepare(Builder& publisher) {
        return publisher;
    }
    static auto loan(elkodon::publisher<type>& publisher) { return publisher.try_loan_uninit(); }
    static void write(elkodon::loan<type>& loan, std::uint64_t what) { *loan = what; }
    static std::uint64_t read(const elkodon::sample<type>& sample) { return *sample; }
};

/// One to seven elements, all of them the number: one that is cut off, or torn, is no number.
struct as_a_slice {
    using type = std::uint64_t[];
    static constexpr std::uint64_t longest = 7, torn = ~std::uint64_t{0};
    static auto join(const elkodon::node& node) {
        return node.service("numbers").publish_subscribe<type>();
    }
    template <class Builder>
    static auto& prepare(Builder& publisher) {
        return publisher.initial_max_slice_len(longest);
    }
    static auto loan(elkodon::publisher<type>& publisher) {
        static thread_local std::size_t length = 0;
        return publisher.try_loan_uninit(1 + length++ % longest);
    }
    static void write(elkodon::loan<type>& loan, std::uint64_t what) {
        std::ranges::fill(*loan, what);
    }
    static std::uint64_t read(const elkodon::sample<type>& sample) {
        const auto all = *sample;
        if (all.empty() || all.size() > longest) return torn;
        const bool same = std::ranges::all_of(all, [&](auto each) { return each == all[0]; });
        return same ? all[0] : torn;
    }
};

struct without_a_type {
    using type = elkodon::untyped;
    static auto join(const elkodon::node& node) {
        return node.service("numbers").publish_subscribe<type>(
            {.name = "number", .size = sizeof(std::uint64_t), .alignment = 8});
    }
    template <class Builder>
    static auto& prepare(Builder& publisher) {
        return publisher;
    }
    static auto loan(elkodon::publisher<type>& publisher) { return publisher.try_loan_uninit(); }
    static void write(elkodon::loan<type>& loan, std::uint64_t what) {
        std::memcpy(loan.bytes().data(), &what, sizeof what);
    }
    static std::uint64_t read(const elkodon::sample<type>& sample) {
        std::uint64_t what = ~std::uint64_t{0};
        if (sample.bytes().size() == sizeof what)
            std::memcpy(&what, sample.bytes().data(), sizeof what);
        return what;
    }
};

/// A world with one node in it, and how its services are used.
template <class Where, class How>
struct kind {
    using type = typename How::type;
    using publisher = elkodon::publisher<type>;
    using subscriber = elkodon::subscriber<type>;
    using sample = elkodon::sample<type>;
    using service = elkodon::publish_subscribe_service<type>;

    support::scratch_root root;
    elkodon::node node = Where::make();

    auto numbers() const { return How::join(node); }

    static publisher make_publisher(const service& of) {
        auto builder = of.publisher();
        return How::prepare(builder).create();
    }
    static publisher make_publisher(const service& of, elkodon::backpressure when_full) {
        auto builder = of.publisher();
        return How::prepare(builder.backpressure(when_full)).create();
    }

    static auto loan(publisher& of) { return How::loan(of); }
    static std::error_code send(publisher& by, std::uint64_t what) {
        auto loan = How::loan(by);
        if (!loan) return loan.error();
        How::write(loan, what);
        return by.send(std::move(loan));
    }
    /// first, first + 1, … last − 1; whether all went out.
    static bool send(publisher& by, std::uint64_t first, std::uint64_t last) {
        for (; first < last; ++first)
            if (send(by, first)) return false;
        return true;
    }

    static std::uint64_t number_in(const sample& of) { return How::read(of); }
    static std::vector<std::uint64_t> drain(subscriber& of) {
        std::vector<std::uint64_t> got;
        while (const auto sample = of.receive()) got.push_back(number_in(sample));
        return got;
    }
};

using shared_values = kind<in_a_shared_node, as_a_value>;
using shared_slices = kind<in_a_shared_node, as_a_slice>;
using shared_untyped = kind<in_a_shared_node, without_a_type>;
using local_values = kind<in_a_local_node, as_a_value>;
using local_slices = kind<in_a_local_node, as_a_slice>;
using local_untyped = kind<in_a_local_node, without_a_type>;

}  // namespace tests
