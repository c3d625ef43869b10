// See membership.hpp.
#include <elkodon/base/error.hpp>
#include <elkodon/service/configuration_keys.hpp>
#include <elkodon/service/membership.hpp>
#include <elkodon/service/names.hpp>

#include <chrono>

namespace elkodon::service {
namespace {

constexpr std::size_t longest_node_name = 255;

void check_node_name(const std::string& name) {
    const auto doing = "create node " + in_quotes(name);
    if (name.size() > longest_node_name)
        throw error(errc::invalid_name, doing, "length of the name",
                    "at most " + std::to_string(longest_node_name) + " bytes",
                    std::to_string(name.size()));
    if (!is_utf8(name) || name.find('\0') != std::string::npos)
        throw error(errc::invalid_name, doing, "the name", "UTF-8 without NUL", "other bytes");
}

std::string description_of(const std::string& name) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto started = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
    return "name = " + toml_string(name) + "\npid = " + std::to_string(os::process_number()) +
           "\nexecutable = " + toml_string(os::executable_path()) +
           "\nstarted_ms = " + std::to_string(started) + "\n";
}

}  // namespace

std::shared_ptr<membership> membership::join(configuration config, reach who) {
    check_configuration(config, "create a node");
    check_node_name(config.node.name);
    set_log_level(config.log_level);
    auto process = who == reach::local ? presence::of_its_own(config) : presence::in_domain(config);
    return std::make_shared<membership>(std::move(config), std::move(process));
}

membership::membership(configuration config, std::shared_ptr<presence> process)
    : config_(std::move(config)), process_(std::move(process)), id_(os::random_number()) {
    const auto doing = "create node " + in_quotes(config_.node.name);
    const int nodes = process_->directories().nodes.get();
    const auto file = os::create_unnamed(nodes, 0, doing);
    os::write_text(file.get(), description_of(config_.node.name), doing);
    os::link_unnamed(file.get(), nodes, file_name());
    say(log_level::debug, [&] {
        return "joined " + in_quotes(process_->directories().path) + " as node " +
               in_quotes(config_.node.name) + ", process " + process_->id().to_string();
    });
}

membership::~membership() {
    if (process_->ours()) os::unlink_name(process_->directories().nodes.get(), file_name());
}

}  // namespace elkodon::service
