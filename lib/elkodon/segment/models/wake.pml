/* wake.pml: the doorbell. Two wakers publish into two ports; one waiter sleeps on the doorbell of both. A port is hot (its
   waiter bit is clear, its owner polls the data) or cold (the bit stays set, whoever publishes marks the ready set), and the
   waiter makes it one or the other as it likes. What holds: no wake is ever lost, whoever dies or stops between any two steps.

   mirrors: waker:  publish (plain store), light fence, waiter bits; full fence, leaf, summary, armed word, ring, compare-exchange
            waiter: looking:  death notices, summary, leaves, data
                    sleeping: waiter bits, armed word with the next epoch, heavy fence if a port has just turned cold,
                              data of those ports, summary and notices, sleep; then drain, IDLE, look      (segment/doorbell, port/waker)

   K, KB     messages of the first and of the second waker
   DEATHS n  n wakers may be killed between any two steps; a notice follows
   FREEZE n  n wakers may stop for ever, without a notice
   FUTEX     one FUTEX_WAKE_OP sets RUNG and wakes, whatever the word has become; otherwise an eventfd, and the ring stands
             before the exchange. A futex hears of no death: there a notice is the look that comes once a liveness bound
   SKIP_IF_BOTH  marks nothing if leaf and summary are set, seen after the full fence
   DATA_BEFORE_ARMED  the data is looked at before the armed word is stored (async/station); otherwise after (port/lone_wait)
   PORTABLE  full fences on both sides, no store buffer
   BAD_…     what must fail

   scripts/explore-models:
   holds:
   holds: -DPORTABLE
   holds: -DFUTEX=1
   holds: -DDATA_BEFORE_ARMED
   holds, long: -DDATA_BEFORE_ARMED -DDEATHS=1 -DFREEZE=1 -DSKIP_IF_BOTH
   holds, long: -DSKIP_IF_BOTH
   holds, long: -DFREEZE=1
   holds, long: -DDEATHS=1
   holds, long: -DDEATHS=1 -DFREEZE=1 -DSKIP_IF_BOTH
   holds, long: -DFUTEX=1 -DDEATHS=1 -DFREEZE=1
   fails: -DBAD_BIT_BEFORE_PUBLISH
   fails: -DBAD_ARMED_BEFORE_MARK
   fails: -DBAD_SUMMARY_BEFORE_LEAF
   fails: -DBAD_CLEAR_AFTER_LOOK
   fails: -DBAD_LEAVES_BEFORE_SUMMARY
   fails: -DBAD_LOOK_BEFORE_BIT
   fails: -DBAD_READY_BEFORE_ARMED
   fails: -DBAD_ARM_WITHOUT_COOLING
   fails: -DBAD_NO_FENCE_WHEN_COOLING
   fails: -DBAD_NO_MEMBARRIER
   fails: -DDATA_BEFORE_ARMED -DBAD_NO_FENCE_WHEN_COOLING
   fails: -DBAD_DRAIN_AFTER_ARM
   fails: -DBAD_NO_EPOCH
   fails: -DFREEZE=1 -DBAD_EXCHANGE_BEFORE_RING
   fails: -DBAD_SKIP_WITHOUT_FENCE
   fails: -DFREEZE=1 -DBAD_SKIP_IF_LEAF
   fails: -DDEATHS=1 -DBAD_NOTICE_LATE
   fails: -DDEATHS=1 -DBAD_NOTICE_PARTIAL
   fails: -DFUTEX=1 -DBAD_FUTEX_WAKES_FIRST
   fails: -DFUTEX=1 -DFREEZE=1 -DBAD_FUTEX_SETS_FIRST
   fails: -DFUTEX=1 -DBAD_FUTEX_SLEEPS_UNCHECKED
   fails: -DFUTEX=1 -DBAD_READY_BEFORE_ARMED
   fails: -DFUTEX=1 -DDEATHS=1 -DBAD_FUTEX_NO_CLOCK */
#ifndef FUTEX
#define FUTEX 0
#endif
#ifndef K
#define K 1
#endif
#ifndef KB
#define KB K
#endif
#ifndef DEATHS
#define DEATHS 0
#endif
#ifndef FREEZE
#define FREEZE 0
#endif
#define NP 2                                  /* ports; there are as many wakers */
#define IDLE 0
#define ARMED 1
#define RUNG 2

byte data[4], sent[4], taken[4], buffered[4]; /* of waker w in port p: w * NP + p */
bit cold[NP], hot[NP], leaf[NP], summary, event, asleep, woken, notice;
byte armed, epoch, deaths, frozen;

#define MINE (w * NP + p)
inline flush(w_) { data[w_ * NP] = data[w_ * NP] + buffered[w_ * NP]; buffered[w_ * NP] = 0;
                   data[w_ * NP + 1] = data[w_ * NP + 1] + buffered[w_ * NP + 1]; buffered[w_ * NP + 1] = 0 }
#if DEATHS || FREEZE
#define MAY_DIE if :: atomic { deaths < DEATHS -> deaths++; goto dead } :: atomic { frozen < FREEZE -> frozen++; goto gone } :: true fi
#else
#define MAY_DIE skip
#endif

proctype waker(byte w) {
    byte i, p, state, age; bit is_cold, leaf_set, summary_set;
    do
    :: i < (w == 0 -> K : KB) ->
        if :: p = 0 :: p = 1 fi;
#ifdef BAD_BIT_BEFORE_PUBLISH
        is_cold = cold[p]; MAY_DIE;
#endif
#ifdef PORTABLE
        data[MINE]++;
#else
        buffered[MINE]++;
#endif
        MAY_DIE;
#ifndef BAD_BIT_BEFORE_PUBLISH
        is_cold = cold[p]; MAY_DIE;
#endif
        if
        :: is_cold ->
#ifdef BAD_ARMED_BEFORE_MARK
            d_step { state = armed; age = epoch }; MAY_DIE;
#endif
            leaf_set = 0; summary_set = 0;
#ifndef BAD_SKIP_WITHOUT_FENCE
            d_step { flush(w) };
#endif
#ifdef BAD_SKIP_IF_LEAF
            leaf_set = leaf[p]; summary_set = leaf_set; MAY_DIE;
#elif defined(SKIP_IF_BOTH) || defined(BAD_SKIP_WITHOUT_FENCE)
            leaf_set = leaf[p]; MAY_DIE; summary_set = summary; MAY_DIE;
#endif
            if
            :: leaf_set && summary_set -> skip
            :: else ->
#ifdef BAD_SUMMARY_BEFORE_LEAF
                d_step { flush(w); summary = 1 }; MAY_DIE; leaf[p] = 1; MAY_DIE
#else
                d_step { flush(w); leaf[p] = 1 }; MAY_DIE; summary = 1; MAY_DIE
#endif
            fi;
#ifndef BAD_ARMED_BEFORE_MARK
            d_step { state = armed; age = epoch }; MAY_DIE;
#endif
            if
            :: state == ARMED ->
#if FUTEX && defined(BAD_FUTEX_WAKES_FIRST)
                d_step { if :: asleep -> woken = 1 :: else fi }; MAY_DIE; armed = RUNG
#elif FUTEX && defined(BAD_FUTEX_SETS_FIRST)
                armed = RUNG; MAY_DIE; d_step { if :: asleep -> woken = 1 :: else fi }
#elif FUTEX
                d_step { armed = RUNG; if :: asleep -> woken = 1 :: else fi }
#elif defined(BAD_EXCHANGE_BEFORE_RING)
                d_step { flush(w); if :: armed == ARMED -> armed = RUNG; state = 1 :: else -> state = 0 fi }; MAY_DIE;
                if :: state == 1 -> event = 1 :: else fi
#elif defined(BAD_NO_EPOCH)
                event = 1; MAY_DIE; d_step { if :: armed == ARMED -> armed = RUNG :: else fi }
#else
                event = 1; MAY_DIE; d_step { if :: armed == ARMED && epoch == age -> armed = RUNG :: else fi }
#endif
            :: else
            fi; MAY_DIE
        :: else
        fi;
        sent[MINE]++; i++; state = 0; age = 0; is_cold = 0; leaf_set = 0; summary_set = 0
    :: else -> break
    od; goto gone;
#ifdef BAD_FUTEX_NO_CLOCK
dead: skip; d_step { flush(w) };
#else
dead: skip; d_step { flush(w); notice = 1 };
#endif
gone: skip
}

#ifndef PORTABLE
active proctype store_buffers() {
    end: do :: d_step { (buffered[0] || buffered[1]) -> flush(0) } :: d_step { (buffered[2] || buffered[3]) -> flush(1) } od
}
#endif

inline heavy_fence() {
#ifdef BAD_NO_MEMBARRIER
    skip
#else
    d_step { flush(0) }; d_step { flush(1) }
#endif
}
inline look_again(p_) { d_step { r = (data[p_] != taken[p_]) }; d_step { r = (r || data[NP + p_] != taken[NP + p_]) } }
inline take(p_) { taken[p_] = data[p_] }

inline look_at_cooled() {
#ifdef BAD_NO_FENCE_WHEN_COOLING
    skip;
#else
    if :: cools0 || cools1 -> heavy_fence() :: else fi;
#endif
#ifndef BAD_LOOK_BEFORE_BIT
    if :: cools0 -> look_again(0); d_step { if :: r -> go = 0; cold[0] = 0 :: else -> hot[0] = 0 fi; r = 0 } :: else fi;
    if :: cools1 -> look_again(1); d_step { if :: r -> go = 0; cold[1] = 0 :: else -> hot[1] = 0 fi; r = 0 } :: else fi;
#endif
}

proctype waiter() {
    bit all = 1, s, m0, m1, r, go, cools0, cools1;      /* all: a death notice makes every port hot once */
    do
    ::  /* looking: notices, summary, leaves, then the data */
#ifdef BAD_NOTICE_LATE
        d_step { all = (all || notice) };
#else
        d_step { all = (all || notice); notice = 0 };
#endif
#if defined(BAD_CLEAR_AFTER_LOOK)
        d_step { s = summary; m0 = leaf[0]; m1 = leaf[1] };
#elif defined(BAD_LEAVES_BEFORE_SUMMARY)
        d_step { m0 = leaf[0]; m1 = leaf[1]; leaf[0] = 0; leaf[1] = 0 }; d_step { s = summary; summary = 0 };
#else
        d_step { s = summary; summary = 0 };
        if :: d_step { s || all -> m0 = leaf[0]; m1 = leaf[1]; leaf[0] = 0; leaf[1] = 0 } :: else fi;
#endif
#ifdef BAD_NOTICE_PARTIAL
        if :: d_step { m0 -> hot[0] = 1; cold[0] = 0 } :: else fi;
        if :: d_step { m1 -> hot[1] = 1; cold[1] = 0 } :: else fi;
#else
        /* a marked port is looked at and stays cold, or becomes hot */
        if :: d_step { (m0 && !all) -> take(0) }; take(NP + 0); :: d_step { (m0 || all) -> m0 = 1; hot[0] = 1; cold[0] = 0 } :: else fi;
        if :: d_step { (m1 && !all) -> take(1) }; take(NP + 1); :: d_step { (m1 || all) -> m1 = 1; hot[1] = 1; cold[1] = 0 } :: else fi;
#endif
        if :: d_step { hot[0] -> take(0) }; take(NP + 0) :: else fi;
        if :: d_step { hot[1] -> take(1) }; take(NP + 1) :: else fi;
#ifdef BAD_CLEAR_AFTER_LOOK
        if :: s || m0 || m1 -> summary = 0; d_step { leaf[0] = 0; leaf[1] = 0 } :: else fi;
#endif
#ifdef BAD_NOTICE_LATE
        notice = 0;
#endif
        d_step { all = 0; s = 0; m0 = 0; m1 = 0 };
        if
        :: skip                               /* stays awake, looks again */
        :: d_step { hot[0] -> cold[0] = 1 }; heavy_fence(); look_again(0); d_step { if :: r -> cold[0] = 0 :: else -> hot[0] = 0 fi; r = 0 }
        :: d_step { hot[1] -> cold[1] = 1 }; heavy_fence(); look_again(1); d_step { if :: r -> cold[1] = 0 :: else -> hot[1] = 0 fi; r = 0 }
        :: d_step { go = 1; cools0 = hot[0]; cools1 = hot[1] };         /* sleeping */
#ifdef BAD_LOOK_BEFORE_BIT
            if :: cools0 -> look_again(0); d_step { if :: r -> go = 0 :: else -> cold[0] = 1; hot[0] = 0 fi; r = 0 } :: else fi;
            if :: cools1 -> look_again(1); d_step { if :: r -> go = 0 :: else -> cold[1] = 1; hot[1] = 0 fi; r = 0 } :: else fi;
#endif
#ifdef BAD_READY_BEFORE_ARMED
            d_step { go = (go && !summary && !notice) };
#endif
#if !defined(BAD_LOOK_BEFORE_BIT) && !defined(BAD_ARM_WITHOUT_COOLING)
            if :: d_step { cools0 -> cold[0] = 1 } :: else fi; if :: d_step { cools1 -> cold[1] = 1 } :: else fi;
#endif
#ifdef DATA_BEFORE_ARMED
            look_at_cooled();
#endif
            if
            :: d_step {
                go -> armed = ARMED;
#if !FUTEX && !defined(BAD_EXCHANGE_BEFORE_RING) && !defined(BAD_NO_EPOCH)
                epoch++
#endif
            }
            :: else
            fi;
#ifdef BAD_DRAIN_AFTER_ARM
            event = 0;
#endif
#ifndef DATA_BEFORE_ARMED
            look_at_cooled();
#endif
#ifndef BAD_READY_BEFORE_ARMED
            d_step { go = (go && !summary && !notice); cools0 = 0; cools1 = 0 };
#else
            d_step { cools0 = 0; cools1 = 0 };
#endif
            if
            :: go -> go = 0;
#if FUTEX && defined(BAD_FUTEX_SLEEPS_UNCHECKED)
                d_step { asleep = 1; woken = 0 };
                if :: d_step { asleep && (woken || notice) -> asleep = 0; woken = 0 } fi;
#elif FUTEX
                d_step { if :: armed == ARMED -> asleep = 1; woken = 0 :: else -> asleep = 0 fi };
                if :: d_step { asleep && (woken || notice) -> asleep = 0; woken = 0 } :: !asleep fi;
#elif defined(BAD_DRAIN_AFTER_ARM)
                (event || notice)
#else
                d_step { (event || notice) -> event = 0 }
#endif
            :: else
            fi;
            armed = IDLE
        fi
    od
}

active proctype monitor() {
    (timeout);                                /* nobody can move */
    /* whoever stopped: every send that returned was seen; and after deaths everything that is visible */
    assert(taken[0] >= sent[0] && taken[1] >= sent[1] && taken[2] >= sent[2] && taken[3] >= sent[3]);
    assert(frozen || (taken[0] == data[0] && taken[1] == data[1] && taken[2] == data[2] && taken[3] == data[3]))
}

init { atomic { cold[0] = 1; cold[1] = 1; run waiter(); run waker(0); run waker(1) } }
