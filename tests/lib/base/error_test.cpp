#include "../caught.hpp"

#include <elkodon/base/status.hpp>

#include <future>
#include <set>

namespace tests::error_cases {

using elkodon::errc;

TEST_CASE("every error code has a text of its own, in the category elkodon") {
    std::set<std::string> texts;
    const auto last = static_cast<int>(errc::node_limit_reached);
    for (int value = 1; value <= last; ++value) {
        const std::error_code code = static_cast<errc>(value);
        CHECK(code);
        CHECK(code.category().name() == std::string("elkodon"));
        CHECK(code.message() != std::error_code(last + 1000, elkodon::error_category()).message());
        texts.insert(code.message());
    }
    CHECK(texts.size() == static_cast<std::size_t>(last));
}

TEST_CASE("an error code equals the std::errc that says the same") {
    const std::pair<errc, std::errc> kin[] = {
        {errc::service_not_found, std::errc::no_such_file_or_directory},
        {errc::service_exists, std::errc::file_exists},
        {errc::invalid_name, std::errc::invalid_argument},
        {errc::invalid_value, std::errc::invalid_argument},
        {errc::out_of_space, std::errc::no_space_on_device},
        {errc::permission_denied, std::errc::permission_denied},
        {errc::service_busy, std::errc::device_or_resource_busy},
        {errc::already_running, std::errc::operation_in_progress},
        {errc::event_id_out_of_range, std::errc::result_out_of_range},
        {errc::deadline_missed, std::errc::timed_out}};
    for (const auto& [ours, standard] : kin) {
        const std::error_code code = ours;
        CHECK(code == standard);
        CHECK(code == ours);
        CHECK_FALSE(code == std::errc::broken_pipe);
    }
    CHECK_FALSE(std::error_code(errc::closed) == std::errc::no_such_file_or_directory);
}

TEST_CASE("an error says what was done, which property clashed, with both values, and why") {
    const elkodon::error plain(errc::service_not_found, "open \"camera\"");
    CHECK(plain.what() == std::string("open \"camera\": service not found"));
    CHECK(plain.property().empty());
    const elkodon::error clash(errc::incompatible_property, "open \"camera\"", "history_size",
                               "at least 10", "4");
    CHECK(clash.what() ==
          std::string(
              "open \"camera\": history_size: at least 10 wanted, 4 found: incompatible property"));
    CHECK(clash.property() == "history_size");
    CHECK(clash.wanted() == "at least 10");
    CHECK(clash.found() == "4");
    const std::system_error& base = clash;
    CHECK(base.code() == errc::incompatible_property);
}

TEST_CASE("the overload with an error_code gets what the other one throws, and clears the code "
          "otherwise") {
    std::error_code ec = errc::closed;
    CHECK(elkodon::without_throwing(ec, [] { return 7; }) == 7);
    CHECK_FALSE(ec);
    CHECK(elkodon::without_throwing(ec, []() -> int { throw elkodon::error(errc::closed, "x"); }) ==
          0);
    CHECK(ec == errc::closed);
    CHECK(elkodon::without_throwing(ec, []() -> int { throw std::bad_alloc(); }) == 0);
    CHECK(ec == std::errc::not_enough_memory);
}

TEST_CASE("a status keeps our codes and the system's apart") {
    CHECK_FALSE(elkodon::status());
    CHECK_FALSE(elkodon::status().code());
    CHECK_FALSE(elkodon::status::from({}));
    CHECK(elkodon::status(errc::too_many_borrowed).code() == errc::too_many_borrowed);
    CHECK(elkodon::status::from(errc::overtaken) == errc::overtaken);
    CHECK(elkodon::status::from({EMFILE, std::system_category()}).code() ==
          std::errc::too_many_files_open);
    CHECK(elkodon::status::from(std::make_error_code(std::errc::not_enough_memory)).code() ==
          std::errc::not_enough_memory);
    CHECK(elkodon::status::from(std::make_error_code(std::future_errc::no_state)).code() ==
          std::errc::io_error);
}

}  // namespace tests::error_cases
