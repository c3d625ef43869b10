/* attach.pml: subscriber B takes over the port slot, and the stale waiter bit, of a dead A, and has another doorbell. One
   waker that has A's doorbell mapped. What holds: no message is visible, unseen, with B asleep and nobody to wake it.

   mirrors: waker:  publish, bit, full fence, generation, map newcomers, mark, armed word, ring, compare-exchange
            joiner: name visible, generation, connect to every peer, waiter bit, arm, look again, sleep     (segment/doorbell, port/waker)
   DEATHS 1: the waker may die anywhere; B hears of it only through a connection that already stands.
   BAD_…: what must fail.

   scripts/explore-models:
   holds:
   holds: -DDEATHS=1
   fails: -DBAD_NO_GENERATION
   fails: -DBAD_GENERATION_BEFORE_PUBLISH
   fails: -DBAD_BUMP_LATE
   fails: -DDEATHS=1 -DBAD_LAZY_CONNECT */
#ifndef K
#define K 2
#endif
#ifndef DEATHS
#define DEATHS 0
#endif
#define IDLE 0
#define ARMED 1
#define RUNG 2
byte published, taken, generation, directory, armed[2], epoch[2], deaths;       /* of doorbell 0: A's, 1: B's */
bit waiter_bit = 1, mark[2], event[2], connected, notice, alive = 1;
#if DEATHS
#define MAY_DIE if :: atomic { deaths < DEATHS -> deaths++; goto dead } :: true fi
#else
#define MAY_DIE skip
#endif

proctype waker() {
    byte i, bell, seen, mapped, state, age; bit is_cold;
    do
    :: i < K ->
#ifdef BAD_GENERATION_BEFORE_PUBLISH
        seen = generation; MAY_DIE;
#endif
        published++; MAY_DIE;
        is_cold = waiter_bit; MAY_DIE;
        if
        :: is_cold ->
#if !defined(BAD_GENERATION_BEFORE_PUBLISH) && !defined(BAD_NO_GENERATION)
            seen = generation; MAY_DIE;
#endif
            if
            :: seen != mapped ->
                mapped = seen; bell = directory; MAY_DIE;
                if :: bell == 1 -> connected = 1; MAY_DIE :: else fi
            :: else
            fi;
            mark[bell] = 1; MAY_DIE;
            d_step { state = armed[bell]; age = epoch[bell] }; MAY_DIE;
            if
            :: state == ARMED ->
                event[bell] = 1; MAY_DIE;
                d_step { if :: armed[bell] == ARMED && epoch[bell] == age -> armed[bell] = RUNG :: else fi; age = 0 }
            :: else -> age = 0
            fi
        :: else
        fi;
        i++
    :: else -> break
    od;
    goto done;
dead: alive = 0; if :: d_step { connected -> notice = 1 } :: else fi;
done: skip
}

proctype joiner() {
    directory = 1;
#ifndef BAD_BUMP_LATE
    generation++;
#endif
#ifndef BAD_LAZY_CONNECT
    d_step { connected = 1; if :: !alive -> notice = 1 :: else fi };   /* who joins second connects, before its first sleep */
#endif
    waiter_bit = 1;
    do
    ::  d_step { notice = 0 }; mark[1] = 0; taken = published;
#ifdef BAD_BUMP_LATE
        generation = 1;
#endif
        d_step { armed[1] = ARMED; epoch[1]++ };
        if
        :: d_step { mark[1] || notice -> skip }
        :: else -> d_step { (event[1] || notice) -> event[1] = 0 }
        fi;
        armed[1] = IDLE
    od
}

active proctype monitor() { (timeout); assert(taken == published) }

init { atomic { run waker(); run joiner() } }
