/* ring.pml: the broadcast ring with the announced next chunk. One publisher, which may be killed between any two steps,
   and NS subscribers that take by the announcement or by the slot. What holds: whoever has taken message n reads message n,
   whole, as long as the borrow word stands; "empty by the header" is exact; taken + lost = position - start; a position
   never passes `tail`; with AGREE, connected subscribers of a dead publisher end on the same message.

   mirrors: send():  [redirect of the announced header], announce, word, tail, slot          (lockfree/ring_writer)
                     then gone into what has left the ring
            take():  borrow store, full fence, re-read of the word by which one came         (lockfree/ring_reader)
            reclaim: full fence, scan of the borrow words                                    (lockfree/chunk_pool)
   Memory is sequentially consistent here: each fence stands for what memory orders have to give (see reclaim.pml).

   NS subscribers   N messages   C chunks   DEATH   AGREE
   RETIRE_BEFORE_SCAN: gone is set before the scan, not when the slot is overwritten. Both hold.
   BAD_…: what must fail.

   scripts/explore-models:
   holds: -DNS=1 -DN=6 -DDEATH
   holds: -DNS=1 -DN=6 -DDEATH -DRETIRE_BEFORE_SCAN
   holds, long: -DNS=2 -DN=3 -DDEATH -DAGREE
   fails: -DNS=1 -DN=6 -DBAD_NO_REREAD
   fails: -DNS=1 -DN=6 -DBAD_NO_SLOT_REREAD
   fails: -DNS=1 -DN=6 -DBAD_NO_RETIRE
   fails: -DNS=1 -DN=6 -DBAD_NO_REDIRECT
   fails: -DNS=1 -DN=6 -DBAD_REDIRECT_LATE
   fails: -DNS=1 -DN=4 -DBAD_POSITION_UP_TO_TAIL
   fails: -DNS=2 -DN=3 -DDEATH -DAGREE -DBAD_NO_LASTLOOK */
#define R 2                                   /* slots in the ring */
#ifndef C
#define C 3
#endif
#ifndef N
#define N 5
#endif
#ifndef NS
#define NS 2
#endif
#define NONE 9

#ifdef BAD_NO_LASTLOOK
#define MAY_USE_ANNOUNCEMENT (next != NONE && !last_look)
#else
#define MAY_USE_ANNOUNCEMENT (next != NONE)
#endif
#ifdef DEATH
#define MAY_DIE if :: goto die :: skip fi
#else
#define MAY_DIE skip
#endif

byte slot_chunk[R], slot_sequence[R];
byte tail = 1;                                /* the next sequence to be sent */
byte word_sequence[C], announced[C]; bit word_gone[C];
byte owner[C]; bit writing[C];                /* the payload: whose message, and is it being written */
byte borrow[2];
byte slotted = 0;                             /* the newest message whose slot is stored */
bit dead = 0;
byte last[2], lost[2], took[2]; bit finished[2];

proctype publisher() {
    byte sequence = 1, chunk, i, next, old, old_sequence, announcement = NONE;
    bit busy[C], retired[C], free[C];
    skip; d_step { chunk = 0; do :: chunk < C -> free[chunk] = 1; chunk++ :: else -> break od };
    do
    :: sequence <= N ->
        skip; d_step { chunk = 0; do :: chunk < C && !free[chunk] -> chunk++ :: else -> break od };
        if
        :: chunk == C ->                      /* reclaim */
#ifdef RETIRE_BEFORE_SCAN
            i = 0;
            do
            :: i < C -> if :: retired[i] -> word_gone[i] = 1; MAY_DIE :: else fi; i++
            :: else -> break
            od;
#endif
            skip; d_step { i = 0; do :: i < C -> busy[i] = 0; i++ :: else -> break od };
            i = 0;
            do
            :: i < NS -> skip; d_step { if :: borrow[i] != NONE -> busy[borrow[i]] = 1 :: else fi }; i++
            :: else -> break
            od;
            skip; d_step {
                i = 0;
                do
                :: i < C -> if :: retired[i] && !busy[i] -> retired[i] = 0; free[i] = 1 :: else fi; i++
                :: else -> break
                od;
                chunk = 0; do :: chunk < C && !free[chunk] -> chunk++ :: else -> break od
            }
        :: else
        fi;
        if
        :: chunk == C -> break
        :: else ->
            /* the loan that is sent need not be the announced one */
            if :: announcement != NONE && free[announcement] -> chunk = announcement :: true fi;
            free[chunk] = 0; writing[chunk] = 1; owner[chunk] = sequence; MAY_DIE; writing[chunk] = 0;
            next = 0; do :: next < C && !free[next] -> next++ :: next < C - 1 && free[next] -> next++ :: else -> break od;
            if :: next == C || !free[next] -> next = NONE :: else fi;
#if !defined(BAD_NO_REDIRECT) && !defined(BAD_REDIRECT_LATE)
            if
            :: announcement != NONE && announcement != chunk ->
                skip; d_step { word_sequence[announcement] = sequence; word_gone[announcement] = 1 }
            :: else
            fi; MAY_DIE;
#endif
            announced[chunk] = next;
            skip; d_step { word_sequence[chunk] = sequence; word_gone[chunk] = 0 }; MAY_DIE;
            tail = sequence + 1; MAY_DIE;
            skip; d_step {
                old = slot_chunk[sequence % R]; old_sequence = slot_sequence[sequence % R];
                slot_chunk[sequence % R] = chunk; slot_sequence[sequence % R] = sequence; slotted = sequence
            }; MAY_DIE;
#ifdef BAD_REDIRECT_LATE
            if
            :: announcement != NONE && announcement != chunk ->
                skip; d_step { word_sequence[announcement] = sequence; word_gone[announcement] = 1 }
            :: else
            fi; MAY_DIE;
#endif
#if !defined(RETIRE_BEFORE_SCAN) && !defined(BAD_NO_RETIRE)
            if :: old_sequence != 0 -> word_gone[old] = 1 :: else fi; MAY_DIE;
#endif
            skip; d_step { if :: old_sequence != 0 -> retired[old] = 1 :: else fi; announcement = next }; sequence++
        fi
    :: else -> break
    od;
die: dead = 1
}

proctype subscriber(byte me) {
    byte due = 1, chunk, sequence, t, next = NONE, looks = 0; bit gone, last_look = 0;
    do
    :: looks < 6 -> looks++;
        if :: looks == 6 -> (dead); last_look = 1 :: else fi;   /* after the death notice: until both are empty */
again:
        if
        :: MAY_USE_ANNOUNCEMENT ->
            skip; d_step {
                sequence = word_sequence[next]; gone = word_gone[next];
                assert(!(sequence < due && slotted >= due))      /* empty by the header: the due message isn't in the ring */
            };
            if
            :: sequence == due && !gone ->
                borrow[me] = next;
#ifndef BAD_NO_REREAD
                skip; d_step { sequence = word_sequence[next]; gone = word_gone[next] };
#endif
                if
                :: sequence == due && !gone ->
                    assert(owner[next] == due && !writing[next]); chunk = next; next = announced[chunk];
                    assert(owner[chunk] == due && !writing[chunk]);
                    last[me] = due; due++; took[me]++; borrow[me] = NONE;
                    if :: last_look -> goto again :: else fi
                :: else -> borrow[me] = NONE; goto slot
                fi;
            :: else -> if :: sequence < due && !last_look -> skip :: else -> goto slot fi
            fi
        :: else ->
slot:       skip; d_step { chunk = slot_chunk[due % R]; sequence = slot_sequence[due % R] };
            if
            :: sequence == due ->
                borrow[me] = chunk;
#ifndef BAD_NO_SLOT_REREAD
                skip; d_step { if :: slot_chunk[due % R] == chunk && slot_sequence[due % R] == due -> skip :: else -> sequence = 0 fi };
#endif
                if :: sequence == due -> assert(word_sequence[chunk] == due) :: else fi;
                if
                :: sequence == due ->
                    assert(owner[chunk] == due && !writing[chunk]); next = announced[chunk];
                    assert(owner[chunk] == due && !writing[chunk]);
                    last[me] = due; due++; took[me]++; borrow[me] = NONE;
                    if :: last_look -> goto again :: else fi
                :: else -> borrow[me] = NONE; goto lap
                fi
            :: sequence > due ->
lap:            t = tail;
                if :: t > due + R -> sequence = t - R :: else -> sequence = due + 1 fi;
                assert(sequence <= t);                           /* never past what was sent */
                lost[me] = lost[me] + (sequence - due); due = sequence; next = NONE;
                if :: last_look -> goto again :: else fi
            :: else ->                                           /* empty by the slot */
                t = tail;
#ifdef BAD_POSITION_UP_TO_TAIL
                assert(due <= t)
#else
                assert(due <= t + 1)                             /* by the header one is ahead of tail by one */
#endif
            fi
        fi
    :: else -> break
    od;
    skip; d_step {
        finished[me] = 1; assert(took[me] + lost[me] == due - 1);
        if
        :: finished[0] && finished[1] && NS == 2 ->
#ifdef AGREE
            assert(last[0] == last[1])
#else
            skip
#endif
        :: else
        fi
    }
}

init { atomic {
    borrow[0] = NONE; borrow[1] = NONE;
    run publisher(); run subscriber(0); if :: NS == 2 -> run subscriber(1) :: else fi
} }
