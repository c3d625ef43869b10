//! What set-up costs with iceoryx2: `what=create` or `what=open`, as services_ours does it.
use elkodon_benchmark_iceoryx2::{argument, cores, pin};
use iceoryx2::prelude::*;
use std::time::Instant;

fn main() {
    set_log_level(LogLevel::Error);
    pin(cores().0);
    let count = argument("count", 300);
    let opens = std::env::args().any(|each| each == "what=open");
    let node = NodeBuilder::new().create::<ipc::Service>().unwrap();
    let name = |number: usize| -> ServiceName {
        format!("elkodon-benchmark/{}/{number}", std::process::id()).as_str().try_into().unwrap()
    };
    let _first = opens.then(|| node.service_builder(&name(0)).publish_subscribe::<u64>().create().unwrap());
    let mut kept = Vec::with_capacity(count);
    let mut times: Vec<f64> = (0..count).map(|i| {
        let before = Instant::now();
        let builder = node.service_builder(&name(if opens { 0 } else { i })).publish_subscribe::<u64>();
        if opens { drop(builder.open().unwrap()); } else { kept.push(builder.create().unwrap()); }
        before.elapsed().as_nanos() as f64
    }).collect();
    times.sort_by(f64::total_cmp);
    let at = |p: f64| times[(p * (times.len() - 1) as f64) as usize];
    println!("{{\"unit\": \"ns\", \"p50\": {:.0}, \"p99\": {:.0}}}", at(0.5), at(0.99));
}
