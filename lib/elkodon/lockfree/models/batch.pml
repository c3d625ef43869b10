/* receive_many of 2 with one fence and two re-reads, by slots; two borrow slots, released in either order, held while the
   publisher goes on; cursor gating when LOSSLESS.  Mutants: ASCENDING (re-reads from the oldest), CURSOR_EARLY (cursor stored
   before the re-reads), SMALL_POOL.  P = pool

   mirrors: take_many(), keep_unchanged()  (lockfree/ring_reader); the cursor: go_on()  (port/subscriber_port)

   holds:
   holds: -DLOSSLESS
   fails: -DASCENDING
   fails: -DCURSOR_EARLY -DLOSSLESS */
#define R 2
#ifndef N
#define N 7
#endif
#ifndef C
#define C 5
#endif
#define NONE 9
byte sc_[R], ss[R], tail=1, cursor=1;
byte owner[C]; bit writing[C]; byte b[2]; bit starved;
proctype pub() { byte seq=1,c,i,old,oseq; bit busy[C],isret[C],isfree[C];
  c=0; do :: c<C -> isfree[c]=1; c++ :: else -> break od; skip;
  do :: seq<=N ->
#ifdef LOSSLESS
    (seq - cursor < R);
#endif
    skip; d_step { c=0; do :: c<C && !isfree[c] -> c++ :: else -> break od };
    if :: c==C ->
       skip; d_step { i=0; do :: i<C -> busy[i]=0; i++ :: else -> break od };
       skip; d_step { if :: b[0]!=NONE -> busy[b[0]]=1 :: else fi }; 
       skip; d_step { if :: b[1]!=NONE -> busy[b[1]]=1 :: else fi };
       skip; d_step { i=0; do :: i<C -> if :: isret[i] && !busy[i] -> isret[i]=0; isfree[i]=1 :: else fi; i++ :: else -> break od; c=0; do :: c<C && !isfree[c] -> c++ :: else -> break od }
    :: else fi;
    assert(c<C);                                  /* pool formula: a loan never fails */
    isfree[c]=0; writing[c]=1; owner[c]=seq; writing[c]=0; tail=seq+1;
    skip; d_step { old=sc_[seq%R]; oseq=ss[seq%R]; sc_[seq%R]=c; ss[seq%R]=seq; if :: oseq!=0 -> isret[old]=1 :: else fi; seq++ }
  :: else -> break od }
proctype sub() { byte cur=1, c0,c1,s0,s1,k=0; bit ok0,ok1;
  do :: k<4 -> k++;
    skip; d_step { c0=sc_[cur%R]; s0=ss[cur%R] }; skip; d_step { c1=sc_[(cur+1)%R]; s1=ss[(cur+1)%R] };
    if :: s0==cur && s1==cur+1 ->
       b[0]=c0; b[1]=c1;                           /* one fence */
#ifdef CURSOR_EARLY
       cursor=cur+2;
#endif
#ifdef ASCENDING
       skip; d_step { ok0=(sc_[cur%R]==c0 && ss[cur%R]==cur) }; skip; d_step { ok1=(sc_[(cur+1)%R]==c1 && ss[(cur+1)%R]==cur+1) };
#else
       skip; d_step { ok1=(sc_[(cur+1)%R]==c1 && ss[(cur+1)%R]==cur+1) }; skip; d_step { ok0=(sc_[cur%R]==c0 && ss[cur%R]==cur) };
#endif
       assert(!(ok0 && !ok1));                     /* what is lost is a prefix */
#ifdef LOSSLESS
       assert(ok0 && ok1);
#endif
       if :: !ok0 -> b[0]=NONE :: else fi; if :: !ok1 -> b[1]=NONE :: else fi;
       cur=cur+2; cursor=cur;
       if :: ok0 -> assert(owner[c0]==cur-2 && !writing[c0]) :: else fi; if :: ok1 -> assert(owner[c1]==cur-1 && !writing[c1]) :: else fi;
       if :: if :: ok1 -> assert(owner[c1]==cur-1 && !writing[c1]) :: else fi; b[1]=NONE; if :: ok0 -> assert(owner[c0]==cur-2 && !writing[c0]) :: else fi; b[0]=NONE
          :: b[0]=NONE; if :: ok1 -> assert(owner[c1]==cur-1 && !writing[c1]) :: else fi; b[1]=NONE fi
    :: else -> if :: cur<N && s0!=cur-R && s0>cur -> cur=s0; cursor=cur :: else fi fi
  :: else -> break od; cursor=N+1 }
init { atomic { b[0]=NONE; b[1]=NONE; run pub(); run sub() } }
