/* event_count.pml: one id of a listener that counts. Two notifiers ring it twice each, the listener takes. A notifier may be
   killed between any two of its steps (DEATH). What holds: every ring that was finished is reported after the listener has
   come to know what was published before it; counts add up to the rings, each once; after a death to no more than were begun.

   "Known" is C++'s happens-before: a read-modify-write of a notifier's puts what it has published (pub) into the word, the
   listener's read-modify-write of that word takes it out (mine). A plain load passes nothing on.

   mirrors: ring(), take(), count()     (lockfree/event_set)
            mark(), take_leaf()         (lockfree/bit_tree; the summary is left out: wake.pml has it)
   MOST: where counting stops; counts don't add up then.
   BAD_…: what must fail.

   scripts/explore-models:
   holds: -DMOST=9
   holds: -DMOST=1
   holds: -DMOST=2
   holds: -DMOST=9 -DDEATH
   holds: -DMOST=1 -DDEATH
   fails: -DMOST=9 -DBAD_BIT_BEFORE_COUNT
   fails: -DMOST=9 -DBAD_COUNT_TAKEN_BEFORE_LEAF
   fails: -DMOST=9 -DBAD_ZERO_IS_REPORTED
   fails: -DMOST=1 -DBAD_FULL_COUNT_IS_NOT_WRITTEN
   fails: -DMOST=1 -DBAD_TAKEN_SINCE_FOUND_FULL */
#define RINGS 2
byte count, begun, total, running = 2;
bit leaf;
byte pub[2], finished[2], in_count[2], in_leaf[2], mine[2], told[2];
#ifdef DEATH
#define MAY_DIE if :: goto died :: true fi
#else
#define MAY_DIE skip
#endif

inline add(number) { atomic { before = count; count = count + number; in_count[me] = pub[me] } }

inline count_up() {
    if
    :: count < MOST -> MAY_DIE; add(1)
    :: count >= MOST -> MAY_DIE;
#ifndef BAD_FULL_COUNT_IS_NOT_WRITTEN
        add(0);
#ifndef BAD_TAKEN_SINCE_FOUND_FULL
        if :: before == 0 -> MAY_DIE; add(1) :: else fi
#endif
#else
        skip
#endif
    fi
}

inline mark() {
    if
    :: leaf                                                       /* seen set: nothing is written */
    :: !leaf -> MAY_DIE; atomic { leaf = 1; in_leaf[me] = pub[me] }
    fi
}

proctype notifier(byte me) {
    byte ring, before;
    do
    :: ring < RINGS ->
        begun++; pub[me] = pub[me] + 1; MAY_DIE;
#ifdef BAD_BIT_BEFORE_COUNT
        mark(); MAY_DIE; count_up();
#else
        count_up(); MAY_DIE; mark();
#endif
        finished[me] = pub[me]; ring++
    :: else -> break
    od;
died: running--
}

#define LATER(a, b) (a > b -> a : b)
inline know_count() { mine[0] = LATER(in_count[0], mine[0]); mine[1] = LATER(in_count[1], mine[1]) }
inline know_leaf() { mine[0] = LATER(in_leaf[0], mine[0]); mine[1] = LATER(in_leaf[1], mine[1]) }

proctype listener() {
    byte times;
    bit last;
    do
    :: last = (running == 0);                                     /* before the look: the last one finds everything */
        if
        :: leaf ->
#ifdef BAD_COUNT_TAKEN_BEFORE_LEAF
            atomic { times = count; count = 0; know_count() }
            atomic { leaf = 0; know_leaf() }
#else
            atomic { leaf = 0; know_leaf() }
            atomic { times = count; count = 0; know_count() }
#endif
#ifdef BAD_ZERO_IS_REPORTED
            if :: times == 0 -> times = 1 :: else fi;
#endif
            if
            :: times > 0 -> total = total + times; told[0] = mine[0]; told[1] = mine[1]
            :: else                                               /* reported with an earlier one */
            fi
        :: !leaf && last -> break
        :: !leaf && !last
        fi
    od;
    assert(told[0] >= finished[0] && told[1] >= finished[1]);
    assert(total <= begun);
#if !defined(DEATH) && MOST > 4
    assert(total == begun);
#endif
}

init { atomic { run notifier(0); run notifier(1); run listener() } }
