// Removing what the dead left. Whoever notices first does it, under the lock of the place that he cleans.
// Nothing of the living is touched: an owner is dead only when his process' lock is free.
// After a kill -9 of a cleaner the next one finds what is left.
#pragma once

#include <elkodon/base/ids.hpp>

namespace elkodon::service {

class presence;

/// Everything of dead processes in the domain: ports, memberships, services without members, doorbells,
/// lock files. Skips services whose lock somebody holds; their dead are found again later. Any thread.
void clean_up_domain(presence& self) noexcept;

/// What local nodes left in this root when their processes were killed. Any thread.
void clean_up_local_nodes(int root) noexcept;

/// The services of one local node, whose handles have gone or whose process is dead; `all_local` is the directory of
/// such directories.
void remove_services_of(int all_local, process_id node) noexcept;

/// What becomes of an ended publisher's name when a living subscriber has not mapped it yet.
enum class unseen { stays, goes };

/// The ports and memberships of the dead in one service, and its ended publishers; bumps the generation if
/// anything was removed. Rings notifier_dead_event, where the service has one, for every notifier that died: once,
/// or again when a cleaner is killed in the middle of it. The caller holds the service's lock, against other threads
/// too.
void clean_up_service(int directory, presence& self, unseen what);

/// Whether anybody has the service open. The caller holds its lock and has cleaned up.
bool has_members(int directory);

/// Removes what lies in a service that nobody has open. False when other users' files stay: then so does what says what
/// they are. The caller holds its lock.
bool clear_service(int directory);

/// Removes the service, where we may.
void remove_service(int services, const char* name, int directory) noexcept;

}  // namespace elkodon::service
