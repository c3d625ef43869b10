// Every way to wait that lib/ has, in a race: see wait_race.hpp.
#include <poll.h>
#include <support/wait_race.hpp>

namespace {

using namespace wait_race;

// Each way: made with a world, its receive(next) says whether `next` came in time.
class in_thread {
public:
    explicit in_thread(const world& in) : own_(in) {}

    bool receive(number next) {
        if (next % 2 == 0) return static_cast<bool>(own_.subscriber.timed_receive(missed_after));
        return own_.listener.timed_wait(missed_after).contains(elkodon::event_id{next % 200});
    }

private:
    ports own_;
};

class behind_descriptors {
public:
    explicit behind_descriptors(const world& in) : own_(in) {}

    bool receive(number next) {
        while (!own_.take(next)) {
            pollfd look{next % 2 == 0 ? own_.subscriber.native_handle()
                                      : own_.listener.native_handle(),
                        POLLIN, 0};
            if (poll(&look, 1, milliseconds) == 0) return false;
        }
        return true;
    }

    static constexpr int milliseconds =
        static_cast<int>(std::chrono::milliseconds(missed_after).count());

private:
    ports own_;
};

class in_wait_set {
public:
    explicit in_wait_set(const world& in) : own_(in), waits_(in.node.wait_set().create()) {}

    bool receive(number next) {
        while (!own_.take(next))
            if (!waits_.timed_wait(missed_after)) return false;
        return true;
    }

protected:
    ports own_;
    elkodon::wait_set waits_;
    elkodon::attachment numbers_ = waits_.attach(own_.subscriber),
                        bells_ = waits_.attach(own_.listener);
};

class behind_wait_set : in_wait_set {
public:
    using in_wait_set::in_wait_set;

    bool receive(number next) {
        while (!own_.take(next))
            while (!waits_.try_wait()) {
                pollfd look{waits_.native_handle(), POLLIN, 0};
                if (poll(&look, 1, behind_descriptors::milliseconds) == 0) return false;
            }
        return true;
    }
};

const way ways[] = {
    {"futex", doorbell_backend::futex, wait_strategy::block(), race<in_thread>},
    {"futex_after_looking", doorbell_backend::futex, wait_strategy::spin_then_block(20us),
     race<in_thread>},
    {"eventfd", doorbell_backend::eventfd, wait_strategy::block(), race<in_thread>},
    {"descriptor", doorbell_backend::automatic, wait_strategy::block(), race<behind_descriptors>},
    {"wait_set", doorbell_backend::automatic, wait_strategy::block(), race<in_wait_set>},
    {"wait_set_after_looking", doorbell_backend::automatic, wait_strategy::spin_then_block(20us),
     race<in_wait_set>},
    {"wait_set_descriptor", doorbell_backend::automatic, wait_strategy::block(),
     race<behind_wait_set>},
};

}  // namespace

int main(int count, char** arguments) { return run(ways, count, arguments); }
