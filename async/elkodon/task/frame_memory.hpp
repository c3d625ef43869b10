// The memory of coroutine frames: a user's allocator (std::allocator_arg), or a few blocks that each thread keeps.
// A thread's blocks are its own. Nothing here is shared.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <new>
#include <utility>

namespace elkodon {

/// Blocks of frames that have ended, for the next ones: in steady state coroutines allocate nothing. By thread; a frame
/// may end on another thread than it began on.
class frame_cache {
public:
    static void* allocate(std::size_t size) {
        const auto kind = kind_of(size);
        if (kind >= kinds || keeps_none) return ::operator new(size);
        if (auto* const cache = here(); cache && cache->kept_[kind].first) {
            auto& list = cache->kept_[kind];
            --list.count;
            return std::exchange(list.first, list.first->next);
        }
        return ::operator new((kind + 1) * step);
    }

    static void deallocate(void* memory, std::size_t size) noexcept {
        const auto kind = kind_of(size);
        if (kind >= kinds || keeps_none) return ::operator delete(memory);
        auto* const cache = here();
        if (!cache || cache->kept_[kind].count == most) return ::operator delete(memory);
        auto& list = cache->kept_[kind];
        list.first = ::new (memory) block{list.first};
        ++list.count;
    }

private:
    static constexpr std::size_t step = 128, kinds = 32, most = 16;
    // With AddressSanitizer a frame that is used after its end is to be seen.
#if defined(__SANITIZE_ADDRESS__)
    static constexpr bool keeps_none = true;
#elif defined(__has_feature)
    static constexpr bool keeps_none = __has_feature(address_sanitizer);
#else
    static constexpr bool keeps_none = false;
#endif

    struct block {
        block* next;
    };
    struct list {
        block* first = nullptr;
        std::size_t count = 0;
    };

    frame_cache() noexcept = default;
    ~frame_cache() {
        gone() = true;
        for (auto& each : kept_)
            while (each.first) ::operator delete(std::exchange(each.first, each.first->next));
    }

    static constexpr std::size_t kind_of(std::size_t size) noexcept { return (size - 1) / step; }

    // None when the thread is ending and its blocks have gone already.
    [[gnu::noinline]] static frame_cache* here() noexcept {
        if (gone()) return nullptr;
        static thread_local frame_cache cache;
        return &cache;
    }
    static bool& gone() noexcept {
        static thread_local constinit bool ended = false;
        return ended;
    }

    std::array<list, kinds> kept_;
};

/// What a promise type inherits: its frames come from the allocator that follows a std::allocator_arg at the
/// beginning of the coroutine's parameters, or behind its object; without one from the thread's cache.
class with_frame_memory {
    using release = void (*)(void*, std::size_t) noexcept;
    struct alignas(__STDCPP_DEFAULT_NEW_ALIGNMENT__) unit {
        std::byte bytes[__STDCPP_DEFAULT_NEW_ALIGNMENT__];
    };

    // The frame, who releases it, and the allocator, if any.
    static constexpr std::size_t after(std::size_t size) noexcept {
        return (size + sizeof(unit) - 1) / sizeof(unit) * sizeof(unit);
    }
    static std::byte* tail(void* frame, std::size_t size) noexcept {
        return static_cast<std::byte*>(frame) + after(size);
    }
    template <class Allocator>
    static constexpr std::size_t units(std::size_t size) noexcept {
        return (after(size) + 2 * sizeof(unit) + sizeof(Allocator) + sizeof(unit) - 1) /
               sizeof(unit);
    }

    template <class Given>
    static void* from(const Given& given, std::size_t size) {
        using allocator = typename std::allocator_traits<Given>::template rebind_alloc<unit>;
        static_assert(alignof(allocator) <= sizeof(unit), "an allocator of a large alignment");
        allocator mine(given);
        void* const frame = std::to_address(
            std::allocator_traits<allocator>::allocate(mine, units<allocator>(size)));
        ::new (tail(frame, size)) release(&release_to<allocator>);
        ::new (tail(frame, size) + sizeof(unit)) allocator(std::move(mine));
        return frame;
    }
    template <class Allocator>
    static void release_to(void* frame, std::size_t size) noexcept {
        auto* const place =
            std::launder(reinterpret_cast<Allocator*>(tail(frame, size) + sizeof(unit)));
        Allocator mine(std::move(*place));
        place->~Allocator();
        using traits = std::allocator_traits<Allocator>;
        traits::deallocate(
            mine,
            std::pointer_traits<typename traits::pointer>::pointer_to(*static_cast<unit*>(frame)),
            units<Allocator>(size));
    }
    static void release_to_cache(void* frame, std::size_t size) noexcept {
        frame_cache::deallocate(frame, after(size) + sizeof(unit));
    }

public:
    static void* operator new(std::size_t size) {
        void* const frame = frame_cache::allocate(after(size) + sizeof(unit));
        ::new (tail(frame, size)) release(&release_to_cache);
        return frame;
    }
    // Always inline, or g++ 12 says -Wmismatched-new-delete to whoever calls the coroutine.
    template <class Allocator, class... Rest>
    [[gnu::always_inline]] static void* operator new(std::size_t size,
                                                     std::allocator_arg_t,
                                                     const Allocator& given,
                                                     const Rest&...) {
        return from(given, size);
    }
    template <class Object, class Allocator, class... Rest>
    [[gnu::always_inline]] static void* operator new(std::size_t size,
                                                     const Object&,
                                                     std::allocator_arg_t,
                                                     const Allocator& given,
                                                     const Rest&...) {
        return from(given, size);
    }
    static void operator delete(void* frame, std::size_t size) noexcept {
        (*std::launder(reinterpret_cast<release*>(tail(frame, size))))(frame, size);
    }
};

}  // namespace elkodon
