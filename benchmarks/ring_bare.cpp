// The reference of the throughput row: the best bare single-producer single-consumer ring of 32-bit indices.
// Every index is visible as soon as it is pushed; the consumer takes whatever is there and gives room back in batches.
// Two ways, since which one wins depends on where the two cores are: `kind=counters` (head and tail, each side caching the
// other's) and `kind=slots` (an index and its lap in one word: no shared tail). Neither protects nor counts anything.
// With `payload=0` that is all: nothing but indices moves. With `payload=64` each index names a chunk of 64 bytes, of which
// the producer writes the first and last 8 and the consumer reads them: the same work as a message of ours.
#include "message.hpp"

namespace {

constexpr std::uint32_t capacity = 1024;
constexpr std::uint32_t batch = 256;               // the most that one pop takes
constexpr std::uint32_t chunks = capacity;         // the indices go round, as those of a pool do
constexpr std::uint64_t stop = ~std::uint64_t{0};  // instead of the consumer's head

struct counters_ring {
    alignas(bench::line) std::atomic<std::uint64_t> tail{0};  // producer
    alignas(bench::line) std::atomic<std::uint64_t> head{0};  // consumer
    alignas(bench::line) std::array<std::uint32_t, capacity> indices{};

    class producer {
    public:
        explicit producer(counters_ring& ring) : ring_(ring) {}
        bool has_room() {
            if (tail_ - head_ < capacity) return true;
            head_ = ring_.head.load(std::memory_order_acquire);
            return tail_ - head_ < capacity && !stopped();
        }
        bool stopped() const { return head_ == stop; }
        void push(std::uint32_t index) {  // needs room
            ring_.indices[tail_ % capacity] = index;
            ring_.tail.store(++tail_, std::memory_order_release);
        }

    private:
        counters_ring& ring_;
        std::uint64_t tail_ = 0, head_ = 0;
    };

    class consumer {
    public:
        explicit consumer(counters_ring& ring) : ring_(ring) {}
        template <class Use>
        std::uint64_t pop_all(Use use) {
            const auto count =
                std::min<std::uint64_t>(ring_.tail.load(std::memory_order_acquire) - head_, batch);
            for (auto end = head_ + count; head_ != end; ++head_) {
                use(ring_.indices[head_ % capacity]);
                if (head_ - given_ == capacity / 4) give();
            }
            return count;
        }
        void give() { ring_.head.store(given_ = head_, std::memory_order_release); }
        void end() { ring_.head.store(stop, std::memory_order_release); }

    private:
        counters_ring& ring_;
        std::uint64_t head_ = 0, given_ = 0;
    };
};

struct slots_ring {
    alignas(bench::line) std::atomic<std::uint64_t> head{0};  // consumer
    alignas(bench::line)
        std::array<std::atomic<std::uint64_t>, capacity> slot{};  // lap + 1 in the upper half

    class producer {
    public:
        explicit producer(slots_ring& ring) : ring_(ring) {}
        bool has_room() {
            if (tail_ - head_ < capacity) return true;
            head_ = ring_.head.load(std::memory_order_acquire);
            return tail_ - head_ < capacity && !stopped();
        }
        bool stopped() const { return head_ == stop; }
        void push(std::uint32_t index) {  // needs room
            ring_.slot[tail_ % capacity].store((tail_ / capacity + 1) << 32 | index,
                                               std::memory_order_release);
            ++tail_;
        }

    private:
        slots_ring& ring_;
        std::uint64_t tail_ = 0, head_ = 0;
    };

    class consumer {
    public:
        explicit consumer(slots_ring& ring) : ring_(ring) {}
        template <class Use>
        std::uint64_t pop_all(Use use) {
            const auto before = head_;
            while (head_ - before < batch) {
                const auto word = ring_.slot[head_ % capacity].load(std::memory_order_acquire);
                if (word >> 32 != head_ / capacity + 1) break;
                use(static_cast<std::uint32_t>(word));
                ++head_;
                if (head_ - given_ == capacity / 4) give();
            }
            return head_ - before;
        }
        void give() { ring_.head.store(given_ = head_, std::memory_order_release); }
        void end() { ring_.head.store(stop, std::memory_order_release); }

    private:
        slots_ring& ring_;
        std::uint64_t head_ = 0, given_ = 0;
    };
};

struct pool {
    alignas(bench::line) std::array<bench::message<64>, capacity> chunk{};
};

template <class Ring, bool Payload>
bench::throughput measure(const bench::arguments& args) {
    const auto count = args.number("count", 20'000'000);
    const auto pauses = args.number("pauses", 16);
    const auto cores = args.cores();
    auto* const ring = bench::shared<Ring>();
    auto* const pool = bench::shared<struct pool>();

    const auto child = [&] {
        bench::pin(cores.second);
        typename Ring::producer producer{*ring};
        for (std::uint64_t i = 0; i < count; ++i) {
            const auto index = static_cast<std::uint32_t>(i % chunks);
            while (!producer.has_room()) {
                if (producer.stopped()) return;
                bench::pause();
            }
            if constexpr (Payload) pool->chunk[index].write(i);
            producer.push(index);
        }
    };
    return bench::two_processes(child, [&] {
        bench::pin(cores.first);
        typename Ring::consumer consumer{*ring};
        std::uint64_t taken = 0, wrong = 0;
        bench::throughput rate{count, args.milliseconds()};
        while (taken < count) {
            const auto now = consumer.pop_all([&, due = taken](std::uint32_t index) mutable {
                if constexpr (Payload) wrong += pool->chunk[index].read() != due;
                wrong += index != static_cast<std::uint32_t>(due++ % chunks);
            });
            if (now == 0)
                for (std::uint64_t i = 0; i < pauses; ++i) bench::pause();
            taken += now;
            if (!rate.add(taken)) break;
        }
        consumer.end();
        if (wrong != 0) {
            std::fprintf(stderr, "%llu indices were wrong\n",
                         static_cast<unsigned long long>(wrong));
            std::exit(1);
        }
        return rate;
    });
}

template <class Ring>
bench::throughput measure(const bench::arguments& args) {
    return args.number("payload", 0) == 0 ? measure<Ring, false>(args) : measure<Ring, true>(args);
}

}  // namespace

int main(int argc, char** argv) {
    const bench::arguments args{argc, argv};
    auto rate = args.text("kind", "counters") == "counters" ? measure<counters_ring>(args)
                                                            : measure<slots_ring>(args);
    bench::print_throughput(rate);
}
