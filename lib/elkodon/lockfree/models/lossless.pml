/* lossless.pml: a gating subscriber joins a publisher that caches the smallest cursor.  After the join nothing may be lost.
   JOIN 1: cursor lowest, gen bump, then read head, start there (proposed)     2: read head, store cursor, then gen bump (mutant)
   JOIN 3: cursor unset (gates nothing), gen bump, read head, store it (mutant)  4: as 3, then read head once more and start there
   JOIN 5: as 1, but starts at head-1 (history)

   mirrors: gate::look(), look_at_gate()  (port/gate, port/publisher_port); joining: claim, fence, begin_cursor()  (port/subscriber_port)

   holds: -DJOIN=1
   holds: -DJOIN=4
   fails: -DJOIN=2
   fails: -DJOIN=3
   fails: -DJOIN=5
   fails: -DJOIN=1 -DBAD_NO_GEN */
#ifndef JOIN
#define JOIN 1
#endif
#define R 2
#define N 7
#define UNSET 200
byte slot[R], head, gen, cursor[2], started; bit vis[2];
proctype pub() { byte q=1, lim, pg, g, m; bit known[2];
 do :: q>N -> break
    :: q<=N && q<=lim+R -> slot[q%R]=q; head=q; q++
    :: q<=N && q>lim+R -> g=gen;
#ifdef BAD_NO_GEN
       g=pg;
#endif
       if :: g!=pg -> pg=g; known[0]=vis[0]; known[1]=vis[1] :: else fi;
       m=q-1; if :: known[0] -> d_step{ if :: cursor[0]<m -> m=cursor[0] :: else fi } :: else fi;
       if :: known[1] -> d_step{ if :: cursor[1]<m -> m=cursor[1] :: else fi } :: else fi;
       lim=m; m=0; g=0
 od }
proctype sub(byte me) { byte cur, v, n;
#if JOIN==1 || JOIN==5
 cursor[me]=0; vis[me]=1; gen++; cur=head;
#if JOIN==5
 if :: cur>0 -> cur-- :: else fi;
#endif
 cursor[me]=cur;
#elif JOIN==2
 cur=head; cursor[me]=cur; vis[me]=1; gen++;
#else
 cursor[me]=UNSET; vis[me]=1; gen++; cur=head; cursor[me]=cur;
#if JOIN==4
 cur=head;
#endif
#endif
 do :: cur<N -> v=slot[(cur+1)%R]; assert(v<=cur+1);   /* newer: overtaken, a loss */
       if :: v==cur+1 -> cur++; cursor[me]=cur :: else fi
    :: else -> break od }
init { atomic{ run pub(); run sub(0); run sub(1) } }
