// Taking from the ring is safe because of the second look at the word by which one came. Here a writer in another
// process laps the reader exactly between its first look and its borrow slot: the page of the borrow slot is
// read-only, the reader's store faults, and the handler lets the writer run before it lets the store go on. The reader
// with its re-reads never shows a wrong payload; each mutant that leaves one out does.
#include <support/catch.hpp>
#include <support/message.hpp>

#include <elkodon/lockfree/chunk_pool.hpp>
#include <elkodon/lockfree/ring_reader.hpp>
#include <elkodon/lockfree/ring_writer.hpp>

#include <algorithm>
#include <csignal>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace tests::reread_cases {

namespace {

using namespace elkodon;
using lockfree::left_out;

constexpr std::uint64_t port = 0x1234567890;
constexpr std::uint32_t ring = 2, loans = 1, borrows = 1, chunks = ring + loans + borrows + 1;
constexpr std::uint64_t unlimited = ~std::uint64_t{0};
constexpr auto geometry = layout::publisher_geometry_of(
    ring, chunks, sizeof(support::message), alignof(support::message));

/// What both processes map.
struct shared_words {
    atomic<std::uint64_t> permitted{0};  // the writer publishes up to this sequence
    atomic<std::uint64_t> obeyed{0};     // what it has last read of that
    atomic<std::uint64_t> sent{ring};  // the next sequence: after publish(), not within, as the tail
    alignas(4096) layout::borrow_slot borrow{0};
    std::byte rest[4096 - sizeof(layout::borrow_slot)];
};

struct shared_memory {
    std::byte* segment;
    shared_words* words;
};

void* map_shared(std::size_t size) {
    void* const made =
        mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (made == MAP_FAILED) throw std::bad_alloc();
    return made;
}

/// A publisher as publisher_port is one: ring, pool, and a scan of the borrow slot when fewer than two are free.
class writer {
public:
    writer(const shared_memory& memory, bool scans)
        : memory_(memory),
          scans_(scans),
          book_(lockfree::chunk_pool::memory_words(chunks, loans)) {}

    [[noreturn]] void run() {
        lockfree::chunk_pool pool(book_, chunks, loans);
        lockfree::ring_writer out(memory_.segment, geometry, ring);
        for (;;) {
            const auto permitted = memory_.words->permitted.load(std::memory_order_acquire);
            memory_.words->obeyed.store(permitted, std::memory_order_release);
            if (out.next_sequence() >= permitted) {
                sched_yield();
                continue;
            }
            if (pool.free_count() < 2) scan(pool);
            const auto chunk = pool.loan();
            support::fill(*reinterpret_cast<support::message*>(out.payload(chunk)),
                          out.next_sequence());
            pool.sent(chunk, out.publish(chunk, pool.next_announcement(chunk), 1));
            memory_.words->sent.store(out.next_sequence(), std::memory_order_release);
        }
    }

private:
    void scan(lockfree::chunk_pool& pool) {
        full_fence();
        pool.begin_scan();
        const auto word = memory_.words->borrow.load(fenced_load);
        if (scans_ && lockfree::number_in(word) == (port & lockfree::low_40))
            pool.borrowed(lockfree::chunk_in(word));
        pool.finish_scan();
    }

    shared_memory memory_;
    bool scans_;
    std::vector<std::uint32_t> book_;
};

/// The writer's process, and how the reader's handles it.
class other_process {
public:
    explicit other_process(bool scans = true)
        : memory_{static_cast<std::byte*>(map_shared(geometry.total)),
                  ::new(map_shared(sizeof(shared_words))) shared_words} {
        // So that the reader may look before the first message.
        lockfree::ring_writer(memory_.segment, geometry, ring);
        parent_ = getpid();
        pid_ = fork();
        if (pid_ == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (getppid() != parent_) _exit(1);
            writer(memory_, scans).run();
        }
        stop();
        current = this;
        struct sigaction ours{};
        ours.sa_sigaction = on_fault;
        ours.sa_flags = SA_SIGINFO;
        sigaction(SIGSEGV, &ours, &before_);
    }
    ~other_process() {
        sigaction(SIGSEGV, &before_, nullptr);
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
        munmap(memory_.segment, geometry.total);
        munmap(memory_.words, sizeof(shared_words));
    }
    other_process(const other_process&) = delete;
    other_process& operator=(const other_process&) = delete;

    const std::byte* segment() const { return memory_.segment; }
    layout::borrow_slot& borrow() const { return memory_.words->borrow; }
    std::uint64_t sent() const { return memory_.words->sent.load(std::memory_order_acquire); }

    void permit(std::uint64_t until) const {
        memory_.words->permitted.store(until, std::memory_order_release);
    }

    /// Publishes `count` more and then nothing.
    void publish(std::uint64_t count) const {
        const auto until = sent() + count;
        permit(until);
        while (sent() < until) sched_yield();
    }

    void stop() const {
        permit(0);
        while (memory_.words->obeyed.load(std::memory_order_acquire) != 0) sched_yield();
    }

    /// The next store into the borrow slot waits until the writer has published `count` more.
    void trap_next_borrow(std::uint64_t count) {
        window_ = count;
        protect(PROT_READ);
    }
    void protect(int how) const { mprotect(&memory_.words->borrow, 4096, how); }
    int sprung = 0;

private:
    static void on_fault(int signal, siginfo_t* info, void*) {
        auto* const address = static_cast<std::byte*>(info->si_addr);
        auto* const page = reinterpret_cast<std::byte*>(&current->memory_.words->borrow);
        if (address < page || address >= page + 4096) {
            std::signal(signal, SIG_DFL);
            return;
        }
        current->publish(current->window_);
        ++current->sprung;
        current->protect(PROT_READ | PROT_WRITE);
    }

    inline static other_process* current = nullptr;
    shared_memory memory_;
    std::uint64_t window_ = 0;
    pid_t parent_ = 0, pid_ = 0;
    struct sigaction before_{};
};

enum class come_by { header, slot, batch };

struct outcome {
    int taken = 0, overtaken = 0, wrong = 0, mixed = 0;
};

void look_at(const lockfree::taken_message& message, outcome& result) {
    const auto& payload = *reinterpret_cast<const support::message*>(message.payload);
    if (!support::intact(payload, message.sequence)) ++result.wrong;
    if (support::number_in(payload) == ~std::uint64_t{0}) ++result.mixed;
}

template <class Reader>
bool take(Reader& reader, other_process& writer, come_by way, lockfree::taken_message& message) {
    auto* const borrow = &writer.borrow();
    if (way != come_by::batch) return reader.take(*borrow, message) == lockfree::look::taken;
    const auto batch = reader.take_many({&borrow, 1}, {&message, 1});
    return batch.first != batch.last;
}

/// One message is taken, and the writer publishes `window` more before our borrow slot is stored. What was taken is read
/// at once, and again while and after the writer laps us freely.
template <left_out Mutant>
void take_while_lapped(other_process& writer, come_by way, std::uint64_t window, outcome& result) {
    writer.stop();
    lockfree::basic_ring_reader<Mutant> reader(writer.segment(), geometry, port);
    lockfree::taken_message message;
    if (way == come_by::header) {
        writer.publish(1);
        REQUIRE(reader.take(writer.borrow(), message) == lockfree::look::taken);
        writer.borrow().store(0, std::memory_order_release);
    }
    writer.publish(1);
    writer.trap_next_borrow(window);
    const auto due = reader.position();
    message = {};
    if (take(reader, writer, way, message)) {
        ++result.taken;
        look_at(message, result);
        const auto later = writer.sent() + 64;
        writer.permit(unlimited);
        for (bool more = true; more; look_at(message, result)) more = writer.sent() < later;
    }
    if (message.sequence != due) ++result.overtaken;
    writer.borrow().store(0, std::memory_order_release);
}

template <left_out Mutant>
outcome run(come_by way, int times, bool scans = true) {
    other_process writer(scans);
    outcome result;
    // Overtaken or not, retired or not, scanned or not, used again or not.
    const std::uint64_t windows[] = {1, 2, 3, 4, 5, 6, 7, 8, 64};
    for (int i = 0; i < times; ++i) take_while_lapped<Mutant>(writer, way, windows[i % 9], result);
    CHECK(writer.sprung == times);
    return result;
}

void report(const char* which, const outcome& result) {
    WARN(which << ": " << result.taken << " taken, overtaken " << result.overtaken << " times, "
               << result.wrong << " looks at a wrong payload, " << result.mixed
               << " of them half written");
}

}  // namespace

TEST_CASE("a message that is overtaken while it is being taken is never shown, by whichever word "
          "one came") {
    const auto by_header = run<left_out::none>(come_by::header, 2000);
    report("by header", by_header);
    CHECK(by_header.wrong == 0);
    CHECK(by_header.overtaken > 1000);
    const auto by_slot = run<left_out::none>(come_by::slot, 2000);
    report("by slot", by_slot);
    CHECK(by_slot.wrong == 0);
    CHECK(by_slot.overtaken > 1000);
    const auto in_batch = run<left_out::none>(come_by::batch, 2000);
    report("in a batch", in_batch);
    CHECK(in_batch.wrong == 0);
    CHECK(in_batch.overtaken > 1000);
    CHECK(std::min({by_header.taken, by_slot.taken, in_batch.taken}) > 0);
}

TEST_CASE("mutant: without the re-read of the header a wrong payload is shown") {
    const auto result = run<left_out::header_reread>(come_by::header, 200);
    report("by header, not read again", result);
    CHECK(result.wrong > 0);
}

TEST_CASE("mutant: without the re-read of the slot a wrong payload is shown") {
    const auto result = run<left_out::slot_reread>(come_by::slot, 200);
    report("by slot, not read again", result);
    CHECK(result.wrong > 0);
}

TEST_CASE("mutant: a publisher that doesn't look at the borrow slots overwrites what is held") {
    const auto result = run<left_out::none>(come_by::slot, 200, false);
    report("never scanned", result);
    CHECK(result.wrong > 0);
}

}  // namespace tests::reread_cases
