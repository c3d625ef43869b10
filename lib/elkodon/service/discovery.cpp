// See discovery.hpp.
#include <elkodon/base/error.hpp>
#include <elkodon/os/process.hpp>
#include <elkodon/segment/foreign_segment.hpp>
#include <elkodon/service/configuration_keys.hpp>
#include <elkodon/service/discovery.hpp>
#include <elkodon/service/files.hpp>
#include <elkodon/service/names.hpp>
#include <elkodon/service/presence.hpp>

#include <algorithm>
#include <toml++/toml.h>
#include <tuple>

namespace elkodon::service {
namespace {

constexpr std::size_t longest_text = 64 * 1024;

constexpr port_role role_of(port_kind kind) noexcept { return static_cast<port_role>(kind); }
static_assert(role_of(port_kind::listener) == port_role::listener);
static_assert(role_of(port_kind::publisher) == port_role::publisher);

// What others write and remove meanwhile is no error of ours: then there is nothing.
std::optional<std::string> text_of_file(int directory, const std::string& name) try {
    const auto file = os::open_file(directory, name, false);
    if (!file || !os::facts_of(file.get(), "look at a file").regular) return std::nullopt;
    return os::read_text(file.get(), longest_text, "read \"" + name + '"');
} catch (const std::system_error&) {
    return std::nullopt;
}

os::fd open_quietly(int at, const std::string& name) try {
    return os::open_directory(at, name);
} catch (const std::system_error&) {
    return {};
}

void read_node_text(const std::string& text, node_info& made) try {
    const auto table = toml::parse(text);
    made.name = table["name"].value_or(std::string());
    made.pid = table["pid"].value_or(std::uint32_t{0});
    made.executable = table["executable"].value_or(std::string());
    const auto started = std::chrono::milliseconds(table["started_ms"].value_or(std::int64_t{0}));
    made.started = std::chrono::system_clock::time_point(started);
} catch (const toml::parse_error&) {
    // Then it stays without a pid, and is called undefined.
}

node_id member_node(std::string_view name) noexcept {
    constexpr std::size_t begin = std::string_view("member.").size() + 17;
    if (name.size() < begin + 16) return {};
    return node_id{parse_id(name.substr(begin, 16)).value()};
}

}  // namespace

directory_contents contents_of(int directory) {
    directory_contents made;
    for (auto& entry : os::list_directory(directory)) {
        if (const auto process = member_process(entry.name))
            made.members.emplace_back(process, member_node(entry.name));
        else if (const auto kind = port_of(entry.name); kind && !entry.name.ends_with(".events"))
            made.ports.push_back({role_of(*kind), std::move(entry.name), entry.inode});
    }
    return made;
}

std::optional<port_info> read_port(int directory, port_role role, const std::string& file) {
    const auto seen = segment::describe(directory, file);
    if (!seen) return std::nullopt;
    port_info made{role, seen->port, {}, seen->process, seen->pid};
    if (is_utf8(seen->name)) made.name = seen->name;
    return made;
}

std::optional<service_info> read_service(int directory) {
    const auto text = text_of_file(directory, configuration_name);
    return text ? read_any(*text) : std::nullopt;
}

std::optional<node_info> read_node(int nodes, const std::string& file) {
    if (file.size() != 33 || file[16] != '.') return std::nullopt;
    node_info made;
    made.process = parse_id(file.substr(0, 16));
    made.id = node_id{parse_id(file.substr(17)).value()};
    if (!made.process || !made.id) return std::nullopt;
    if (const auto text = text_of_file(nodes, file)) read_node_text(*text, made);
    return made;
}

node_state observer::state_of(process_id process) {
    const auto [known, asked] = known_.try_emplace(process, node_state::alive);
    if (!asked) return known->second;
    switch (look_at_lock(domain_.processes.get(), process)) {
        case lock_state::held: break;
        case lock_state::free:
        case lock_state::missing: known->second = node_state::dead; break;
        case lock_state::forbidden: known->second = node_state::inaccessible; break;
        case lock_state::unknown: known->second = node_state::undefined; break;
    }
    return known->second;
}

void observer::ask_again() {
    std::erase_if(known_, [](const auto& each) { return each.second != node_state::dead; });
}

std::vector<service_info> observer::services() {
    std::vector<service_info> made;
    const int all = domain_.services.get();
    for (const auto& entry : os::list_directory(all)) {
        const auto directory = open_quietly(all, entry.name);
        if (!directory) continue;
        const auto inside = contents_of(directory.get());
        const bool open =
            std::any_of(inside.members.begin(), inside.members.end(),
                        [&](auto& each) { return state_of(each.first) != node_state::dead; });
        if (!open) continue;
        if (auto service = read_service(directory.get())) made.push_back(std::move(*service));
    }
    std::sort(made.begin(), made.end(), [](const auto& a, const auto& b) {
        return std::tie(a.name, a.pattern) < std::tie(b.name, b.pattern);
    });
    return made;
}

std::optional<service_details> observer::details(const std::string& name, messaging_pattern kind) {
    const auto file = encode_name(name, "find " + in_quotes(name)) + domain_.suffix_of(kind);
    const auto directory = open_quietly(domain_.services.get(), file);
    if (!directory) return std::nullopt;
    auto service = read_service(directory.get());
    if (!service) return std::nullopt;
    service_details made{std::move(*service), {}, {}};
    const auto inside = contents_of(directory.get());
    for (const auto& [process, node] : inside.members) {
        if (state_of(process) == node_state::dead) continue;
        if (std::find(made.nodes.begin(), made.nodes.end(), node) == made.nodes.end())
            made.nodes.push_back(node);
    }
    if (made.nodes.empty()) return std::nullopt;
    for (const auto& port : inside.ports) {
        auto found = read_port(directory.get(), port.role, port.file);
        if (found && state_of(found->process) != node_state::dead)
            made.ports.push_back(std::move(*found));
    }
    return made;
}

std::vector<node_info> observer::nodes() {
    std::vector<node_info> made;
    std::unordered_map<node_id, std::size_t> places;
    for (const auto& entry : os::list_directory(domain_.nodes.get())) {
        auto node = read_node(domain_.nodes.get(), entry.name);
        if (!node) continue;
        if (node->state = state_of(node->process);
            node->pid == 0 && node->state == node_state::alive)
            node->state = node_state::undefined;
        places.emplace(node->id, made.size());
        made.push_back(std::move(*node));
    }
    const int all = domain_.services.get();
    for (const auto& entry : os::list_directory(all)) {
        const auto directory = open_quietly(all, entry.name);
        if (!directory) continue;
        const auto inside = contents_of(directory.get());
        const auto name = decode_name(entry.name.substr(0, entry.name.rfind('.')));
        for (const auto& [process, node] : inside.members)
            if (const auto place = places.find(node); place != places.end())
                made[place->second].services.push_back(name);
    }
    return made;
}

std::optional<domain> existing_domain(const configuration& config) {
    check_configuration(config, "look at a domain");
    return domain::if_there(config);
}

}  // namespace elkodon::service
