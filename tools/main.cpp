// elkodon: what a person at a terminal asks of a domain. `elkodon --help` lists the commands.
// Writes nothing but what every node writes; `tap` is an observer and holds nobody back.
#include "commands.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

int main(int count, char** arguments) {
    CLI::App program{"Looks at, and cleans, what programs share through Elkodon."};
    program.require_subcommand(1);
    program.set_version_flag("--version", ELKODON_VERSION);

    elkodon::configuration config;
    try {
        config = elkodon::configuration::load();
    } catch (const elkodon::error& error) {
        std::fprintf(stderr, "elkodon: %s\n", error.what());
        return 1;
    }
    program.add_option("--root", config.root, "The directory under which everything lies");
    program.add_option("--domain", config.domain, "The world inside that root");

    tools::tap_options tap;
    auto* tapping =
        program.add_subcommand("tap", "Prints the messages of a publish-subscribe service");
    tapping->add_option("service", tap.service, "The service's name")->required();
    tapping->add_option("-n,--count", tap.count, "Ends after so many messages");
    tapping->add_option("--bytes", tap.bytes, "Prints so many bytes of each message")
        ->capture_default_str();

    auto* cleaning =
        program.add_subcommand("clean", "Removes what processes left that were killed");
    auto* listing = program.add_subcommand("list", "Prints the services and the nodes");
    auto* watching = program.add_subcommand("watch", "Prints what appears, goes and dies");

    CLI11_PARSE(program, count, arguments);
    try {
        if (tapping->parsed()) return tools::tap(config, tap);
        if (cleaning->parsed()) return tools::clean(config);
        if (listing->parsed()) return tools::list(config);
        if (watching->parsed()) return tools::watch(config);
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "elkodon: %s\n", error.what());
        return 1;
    }
}
