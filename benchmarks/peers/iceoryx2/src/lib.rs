//! What both programs share: `name=value` arguments, pinning, ticks, and the line of JSON.
use std::time::{Duration, Instant};

pub fn argument(name: &str, otherwise: usize) -> usize {
    std::env::args()
        .filter_map(|each| {
            each.strip_prefix(&format!("{name}="))
                .map(|value| value.parse().expect("a number"))
        })
        .next()
        .unwrap_or(otherwise)
}

pub fn cores() -> (usize, usize) {
    let text = std::env::args()
        .find_map(|each| each.strip_prefix("cores=").map(str::to_owned))
        .unwrap_or("0,1".into());
    let mut parts = text.split(',').map(|each| each.parse().expect("a core"));
    let first = parts.next().unwrap();
    (first, parts.next().unwrap_or(first))
}

pub fn pin(core: usize) {
    unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(core, &mut set);
        assert_eq!(libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &set), 0);
    }
}

/// Round trips after a tenth of warm-up, in blocks of 16 as our own programs measure them.
pub struct Rounds {
    blocks: Vec<f64>,
    left: usize,
    warm_up: usize,
    in_block: usize,
    since: Instant,
    end: Instant,
}

impl Rounds {
    pub fn new(count: usize, milliseconds: usize) -> Self {
        let allowed = if milliseconds == 0 { 60_000 } else { milliseconds as u64 };
        let now = Instant::now();
        Self { blocks: Vec::with_capacity(count / 16 + 1), left: count + count / 10, warm_up: count / 10,
               in_block: 0, since: now, end: now + Duration::from_millis(allowed) }
    }

    /// After each round trip; false when there have been enough.
    pub fn done(&mut self) -> bool {
        self.left -= 1;
        self.in_block += 1;
        if self.in_block < 16 { return self.left > 0; }
        let now = Instant::now();
        self.in_block = 0;
        if self.warm_up >= 16 { self.warm_up -= 16; }
        else { self.blocks.push((now - self.since).as_nanos() as f64 / 32.0); }
        self.since = now;
        self.left > 0 && (now < self.end || self.blocks.len() < 16)
    }

    pub fn print(mut self) {
        self.blocks.sort_by(f64::total_cmp);
        let at = |p: f64| self.blocks[(p * (self.blocks.len() - 1) as f64) as usize];
        println!("{{\"unit\": \"ns\", \"p50\": {:.2}, \"p99\": {:.2}, \"count\": {}}}", at(0.5), at(0.99), self.blocks.len() * 16);
    }
}
