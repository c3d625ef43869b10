/* sleep.pml: what a waiter looks at once more between setting its waiter bit and falling asleep. One message, in the
   announced chunk or in another one; the publisher may be killed between any two of its steps (DEATH), which a notice
   tells. What holds: nobody sleeps for ever beside a message, and who was told of a death has looked at both places.
   Explore with ends counted as errors (pan without -E): asleep for ever is the error.

   mirrors: has_news(): announced header, then slot                (lockfree/ring_reader)
            send():  redirect, word, slot, then the waiter bits     (lockfree/ring_writer, port/waker)
   SLOT_ONLY: the look at the slot alone suffices, too, as long as nobody dies.
   BAD_…: what must fail.

   scripts/explore-models:
   ends: error
   holds:
   holds: -DREDIRECT
   holds: -DDEATH -DREDIRECT
   holds: -DSLOT_ONLY
   fails: -DBAD_HEADER_ONLY
   fails: -DBAD_BITS_BEFORE_SLOT
   fails: -DDEATH -DSLOT_ONLY -DBAD_NOTICE_LOOKS_AT_SLOT_ONLY */
bit word, redirected, slot, waiter_bit, rung, notice, as_announced, seen, asleep;
#ifdef DEATH
#define MAY_DIE if :: goto die :: true fi
#else
#define MAY_DIE skip
#endif

proctype publisher() {
    if :: as_announced = 1 :: as_announced = 0 fi; MAY_DIE;
#ifdef REDIRECT
    if :: !as_announced -> redirected = 1 :: else fi; MAY_DIE;
#endif
    if :: as_announced -> word = 1 :: else fi; MAY_DIE;
#ifdef BAD_BITS_BEFORE_SLOT
    if :: waiter_bit -> rung = 1 :: else fi; slot = 1;
#else
    slot = 1; MAY_DIE;
    if :: waiter_bit -> MAY_DIE; rung = 1 :: else fi;
#endif
    goto done;
die: notice = 1;
done: skip
}

inline look() {
#if defined(SLOT_ONLY)
    if :: slot -> seen = 1 :: else fi
#elif defined(BAD_HEADER_ONLY)
    if :: word -> seen = 1 :: redirected && slot -> seen = 1 :: else fi
#else
    if :: word -> seen = 1 :: else fi; if :: slot -> seen = 1 :: else fi
#endif
}

proctype waiter() {
again:
    look();
    if :: seen -> goto done :: else fi;
    waiter_bit = 1; look();
    if :: seen -> goto done :: else fi;
    asleep = 1;
    if
    :: rung -> rung = 0; asleep = 0; waiter_bit = 0; goto again
    :: notice -> asleep = 0;
#ifdef BAD_NOTICE_LOOKS_AT_SLOT_ONLY
        if :: slot -> seen = 1 :: else fi;
#else
        if :: word -> seen = 1 :: else fi; if :: slot -> seen = 1 :: else fi;
#endif
        assert(seen || (!slot && !word)); goto done
    fi;
done: skip
}

init { atomic { run publisher(); run waiter() } }
