// Awaiting in Asio, in a race: see wait_race.hpp.
#include <elkodon/asio.hpp>
#include <support/wait_race.hpp>

namespace {

using namespace wait_race;

class in_asio {
public:
    explicit in_asio(const world& in)
        : numbers_(io_, in.numbers.subscriber().create()),
          bells_(io_, in.bells.listener().create()) {}

    bool receive(number next) {
        bool came = false;
        if (next % 2 == 0)
            numbers_.async_receive([&](std::error_code ec, const elkodon::sample<number>& sample) {
                came = !ec && sample && *sample == next;
            });
        else
            bells_.async_wait([&](std::error_code ec, const elkodon::event_ids& ids) {
                came = !ec && ids.contains(elkodon::event_id{next % 200});
            });
        io_.restart();
        io_.run_for(missed_after);
        return came;
    }

private:
    asio::io_context io_{1};
    elkodon::async::subscriber<number> numbers_;
    elkodon::async::listener bells_;
};

const way ways[] = {
    {"await", doorbell_backend::automatic, wait_strategy::block(), race<in_asio>},
};

}  // namespace

int main(int count, char** arguments) { return run(ways, count, arguments); }
