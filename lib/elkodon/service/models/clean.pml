/* clean.pml: two cleaners remove the name of dead A while B claims the freed name. What holds: a cleaner never unlinks
   the name of a living port.

   mirrors: cleaning under a try-lock, with the inode compared before the unlink           (service/clean_up)
   BAD_NO_LOCK: without the two the second cleaner unlinks its successor.

   scripts/explore-models:
   holds:
   fails: -DBAD_NO_LOCK */
#define NOBODY 0
#define A 1
#define B 2
byte name = A; bit locked, unlinked_the_living;

proctype cleaner() {
    byte found;
#ifndef BAD_NO_LOCK
    d_step { locked == 0 -> locked = 1 };
#endif
    found = name;                             /* opened, and its owner found dead */
    if
    :: found == A ->
#ifndef BAD_NO_LOCK
        if :: name == A ->                    /* the same inode still; only a cleaner removes it, and we have the lock */
            d_step { if :: name == B -> unlinked_the_living = 1 :: else fi; name = NOBODY }
        :: else fi
#else
        d_step { if :: name == B -> unlinked_the_living = 1 :: else fi; name = NOBODY }
#endif
    :: else
    fi;
    locked = 0
}

proctype successor() { d_step { name == NOBODY -> name = B } }

active proctype monitor() { timeout; assert(!unlinked_the_living) }

init { atomic { run cleaner(); run cleaner(); run successor() } }
