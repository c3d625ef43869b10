/* reclaim.pml: when may a chunk be used again? One publisher, two subscribers with two borrow words each, a directory of
   names and its generation. What holds: a chunk that stands in a borrow word, after its re-read, is never written.

   mirrors: reclaim: full fence, load the generation, map newcomers, scan           (lockfree/chunk_pool, port/publisher_port)
            take():  borrow store, full fence, re-read, read the payload, clear           (lockfree/ring_reader)
            joining: name visible, then the generation is bumped                           (service/service_directory)

   Subscriber 0 (A) may die anywhere with its words set (MORTAL), and a cleaner removes its name; subscriber 1 (B) then takes
   that name. CONC: B has a name of its own and runs beside A.
   Stores of the publisher into the ring are plain and delayed; one full fence stands before each scan.
   EARLY_CLEAN: somebody removes the name of a living port that the publisher has mapped already: still holds.
   COPY: the user moves a sample to another borrow word, upwards, against a scan from the lowest: this happens to hold, and
   with BAD_SCAN_DOWN or BAD_COPY_DOWN it doesn't: hence a borrow word is never moved.
   BAD_…: what must fail.

   scripts/explore-models:
   holds: -DCONC -DN=5
   holds: -DMORTAL -DN=5
   holds, long: -DCONC
   holds, long: -DCONC -DMORTAL
   holds, long: -DMORTAL
   holds, long: -DMORTAL -DEARLY_CLEAN
   holds, long: -DCONC -DCOPY
   fails: -DCONC -DBAD_NO_FENCE
   fails: -DCONC -DBAD_NO_FENCE_AFTER_BORROW
   fails: -DCONC -DBAD_GENERATION_BEFORE_FENCE
   fails: -DCONC -DBAD_NO_GENERATION
   fails: -DCONC -DBAD_BUMP_BEFORE_NAME
   fails: -DCONC -DBAD_NO_REREAD
   fails: -DMORTAL -DBAD_KEYED_BY_NAME
   fails: -DMORTAL -DBAD_EARLY_CLEAN
   fails: -DMORTAL -DEARLY_CLEAN -DBAD_DROP_WHEN_NAME_GONE
   fails: -DCONC -DCOPY -DBAD_SCAN_DOWN
   fails: -DCONC -DCOPY -DBAD_COPY_DOWN */
#define R 2
#ifndef C
#define C 4
#endif
#ifndef N
#define N 7
#endif
#ifndef ROUNDS
#define ROUNDS 2
#endif
#define NONE 15
#ifdef CONC
#define NAME(id) (id)
#else
#define NAME(id) 0
#endif

byte slot_chunk[R], slot_sequence[R], late_chunk[R], late_sequence[R]; bit late[R];   /* late: still in the store buffer */
byte owner[C]; bit writing[C];
byte borrow[4], late_borrow[4]; bit borrow_is_late[4];
byte generation, name[2]; bit claimed, alive[2], gone[2], known[2];

#define LAND(i) late[i] -> slot_chunk[i] = late_chunk[i]; slot_sequence[i] = late_sequence[i]; late[i] = 0
#define LAND_BORROW(k) borrow_is_late[k] -> borrow[k] = late_borrow[k]; borrow_is_late[k] = 0; late_borrow[k] = 0
inline publisher_fence() {
    d_step {
        if :: LAND(0); late_chunk[0] = 0; late_sequence[0] = 0 :: else fi;
        if :: LAND(1); late_chunk[1] = 0; late_sequence[1] = 0 :: else fi
    }
}

inline look_up(id_) {
    if
    :: known[id_] ->
#if defined(BAD_KEYED_BY_NAME)
        if :: name[NAME(id_)] == NONE -> known[id_] = 0 :: else fi
#elif defined(BAD_DROP_WHEN_NAME_GONE)
        if :: name[NAME(id_)] != id_ -> known[id_] = 0 :: else fi
#else
        if :: !alive[id_] && gone[id_] -> known[id_] = 0 :: else fi                    /* our own proof of its death */
#endif
    :: else ->
#ifdef BAD_KEYED_BY_NAME
        if :: name[NAME(id_)] == id_ && !(known[0] || known[1]) -> known[id_] = 1 :: else fi
#else
        if :: name[NAME(id_)] == id_ -> known[id_] = 1 :: else fi
#endif
    fi
}

inline scan(k_) { d_step { if :: borrow[k_] != NONE -> busy[borrow[k_]] = 1 :: else fi } }

proctype publisher() {
    byte sequence = 1, chunk, i, seen, mapped, old, old_sequence; bit busy[C], retired[C], free[C];
    d_step { chunk = 0; do :: chunk < C -> free[chunk] = 1; chunk++ :: else -> break od; chunk = 0 };
    do
    :: sequence <= N ->
        chunk = 0;
again:  skip; d_step { chunk = 0; do :: chunk < C && !free[chunk] -> chunk++ :: else -> break od };
        if
        :: chunk == C ->
#ifdef BAD_GENERATION_BEFORE_FENCE
            seen = generation;
#endif
#ifndef BAD_NO_FENCE
            publisher_fence();
#endif
#if !defined(BAD_GENERATION_BEFORE_FENCE) && !defined(BAD_NO_GENERATION)
            seen = generation;
#endif
            if :: seen != mapped -> mapped = seen; d_step { look_up(0) }; d_step { look_up(1) } :: else fi;
            d_step { i = 0; do :: i < C -> busy[i] = 0; i++ :: else -> break od };
#ifdef BAD_SCAN_DOWN
            if :: known[0] -> scan(1); scan(0) :: else fi;
            if :: known[1] -> scan(3); scan(2) :: else fi;
#else
            if :: known[0] -> scan(0); scan(1) :: else fi;
            if :: known[1] -> scan(2); scan(3) :: else fi;
#endif
            d_step {
                i = 0;
                do
                :: i < C -> if :: retired[i] && !busy[i] -> retired[i] = 0; free[i] = 1 :: else fi; busy[i] = 0; i++
                :: else -> break
                od; i = 0; seen = 0
            };
            goto again
        :: else ->
            d_step { free[chunk] = 0; writing[chunk] = 1 }; owner[chunk] = sequence; writing[chunk] = 0;
            d_step {                                                                       /* send */
                if :: LAND(sequence % R) :: else fi;
                old = slot_chunk[sequence % R]; old_sequence = slot_sequence[sequence % R];
                late_chunk[sequence % R] = chunk; late_sequence[sequence % R] = sequence; late[sequence % R] = 1;
                if :: old_sequence != 0 -> retired[old] = 1 :: else fi; old = 0; old_sequence = 0; chunk = 0
            };
            sequence++
        fi
    :: else -> break
    od
}

active proctype store_buffers() {
    end: do
    :: d_step { LAND(0); late_chunk[0] = 0; late_sequence[0] = 0 }
    :: d_step { LAND(1); late_chunk[1] = 0; late_sequence[1] = 0 }
    :: d_step { LAND_BORROW(0) } :: d_step { LAND_BORROW(1) } :: d_step { LAND_BORROW(2) } :: d_step { LAND_BORROW(3) }
    od
}

#ifdef BAD_NO_FENCE_AFTER_BORROW
#define SET_BORROW(k, v) d_step { if :: LAND_BORROW(k) :: else fi; late_borrow[k] = v; borrow_is_late[k] = 1 }
#else
#define SET_BORROW(k, v) borrow[k] = v
#endif
#ifdef MORTAL
#define MAY_DIE if :: me == 0 -> goto dead :: true fi
#else
#define MAY_DIE skip
#endif
#define WHOLE assert(owner[chunk] == due && !writing[chunk])

proctype subscriber(byte me) {
    byte due, chunk, sequence, round;
#ifndef CONC
    if :: me == 1 -> (claimed && name[0] == NONE) :: else fi;      /* B claims the name after A's was removed */
#endif
    alive[me] = 1;
#ifdef BAD_BUMP_BEFORE_NAME
    d_step { generation++ }; d_step { name[NAME(me)] = me; claimed = 1 };
#else
    d_step { name[NAME(me)] = me; claimed = 1 }; generation++;
#endif
    due = 1;
    do
    :: round < ROUNDS -> round++;
        do :: due < N -> due++ :: break od; skip;
        d_step { chunk = slot_chunk[due % R]; sequence = slot_sequence[due % R] };
        if
        :: sequence != due -> skip
        :: else ->
            SET_BORROW(me * 2, chunk); MAY_DIE;
#ifdef BAD_NO_REREAD
            skip;
#else
            d_step { if :: slot_chunk[due % R] == chunk && slot_sequence[due % R] == due -> sequence = due :: else -> sequence = 0 fi };
#endif
            if
            :: sequence == due ->
                WHOLE; MAY_DIE;
#ifdef COPY
                SET_BORROW(me * 2 + 1, chunk); SET_BORROW(me * 2, NONE); WHOLE;
#ifdef BAD_COPY_DOWN
                SET_BORROW(me * 2, chunk); SET_BORROW(me * 2 + 1, NONE); WHOLE; MAY_DIE; SET_BORROW(me * 2, NONE)
#else
                MAY_DIE; SET_BORROW(me * 2 + 1, NONE)
#endif
#else
                WHOLE; SET_BORROW(me * 2, NONE)
#endif
                ; due++
            :: else -> SET_BORROW(me * 2, NONE)
            fi
        fi
    :: else -> break
    od;
dead: alive[me] = 0; gone[me] = 1
}

#if defined(MORTAL) && !defined(CONC)
proctype cleaner() {
#if defined(BAD_EARLY_CLEAN)
    (name[0] == 0);                           /* removes the name of a living port that nobody has mapped yet */
#elif defined(EARLY_CLEAN)
    (name[0] == 0 && known[0]);
#else
    (gone[0]);
#endif
    name[0] = NONE; generation++
}
#endif

init { atomic {
    borrow[0] = NONE; borrow[1] = NONE; borrow[2] = NONE; borrow[3] = NONE; name[0] = NONE; name[1] = NONE;
    run publisher(); run subscriber(0); run subscriber(1);
#if defined(MORTAL) && !defined(CONC)
    run cleaner()
#endif
} }
