// See configuration.hpp.
#include <elkodon/os/process.hpp>
#include <elkodon/service/configuration.hpp>

#include <cstdlib>

namespace elkodon {

configuration configuration::load() {
    configuration made;
    const char* root = std::getenv("ELKODON_ROOT");
    made.root = root && *root ? root : "/dev/shm/elkodon-" + std::to_string(os::user_number());
    if (const char* domain = std::getenv("ELKODON_DOMAIN"); domain && *domain) made.domain = domain;
    return made;
}

}  // namespace elkodon
