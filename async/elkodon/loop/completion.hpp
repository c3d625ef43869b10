// What a loop is to do in its own time, as links of a list: mostly a coroutine that goes on.
// Lies in the frame of whoever waits, which may end at any time: then it is gone from the list.
// Nothing here is shared.
#pragma once

namespace elkodon::loops {

/// A place in a list, linked through itself. One at a time.
class link {
public:
    link(const link&) = delete;
    link& operator=(const link&) = delete;

    bool linked() const noexcept { return next_ != this; }
    void unlink() noexcept {
        before_->next_ = next_;
        next_->before_ = before_;
        next_ = before_ = this;
    }

protected:
    link() noexcept = default;
    ~link() { unlink(); }

private:
    template <class>
    friend class linked_list;
    link* next_ = this;
    link* before_ = this;
};

/// First come, first gone. `T` derives from link.
template <class T>
class linked_list {
public:
    linked_list() noexcept = default;
    ~linked_list() {
        while (pop()) {}
    }

    bool empty() const noexcept { return !head_.linked(); }

    void push(T& what) noexcept {
        link& entry = what;
        entry.unlink();
        insert(entry, *head_.before_);
    }
    T* pop() noexcept {
        if (empty()) return nullptr;
        auto* const first = static_cast<T*>(head_.next_);
        static_cast<link*>(first)->unlink();
        return first;
    }

    /// Puts all that the other has before what is here.
    void push_front(linked_list& other) noexcept {
        if (other.empty()) return;
        auto *first = other.head_.next_, *last = other.head_.before_;
        other.head_.next_ = other.head_.before_ = &other.head_;
        last->next_ = head_.next_;
        head_.next_->before_ = last;
        head_.next_ = first;
        first->before_ = &head_;
    }

    /// Calls `each(T&)`, which may unlink what it is given and nothing else.
    template <class Each>
    void for_each(Each&& each) {
        for (auto* at = head_.next_; at != &head_;) {
            auto* const next = at->next_;
            each(static_cast<T&>(*at));
            at = next;
        }
    }

private:
    struct head : link {};
    static void insert(link& what, link& after) noexcept {
        what.before_ = &after;
        what.next_ = after.next_;
        after.next_->before_ = &what;
        after.next_ = &what;
    }
    head head_;
};

/// Queued in an engine, and then completed once. Unlinks itself when it ends.
class completion : public link {
protected:
    completion() noexcept = default;
    ~completion() = default;

private:
    friend class agenda;
    /// May destroy this, and whatever else is queued.
    virtual void complete() = 0;
    /// The loop ends before this was completed: it never will be.
    virtual void abandon() noexcept = 0;
};

}  // namespace elkodon::loops
