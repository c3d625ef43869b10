//! As iceoryx2's own event benchmark does it: two pinned threads, an event service each way, both sides in blocking_wait.
use elkodon_benchmark_iceoryx2::{argument, cores, pin, Rounds};
use iceoryx2::prelude::*;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Barrier;

fn main() {
    set_log_level(LogLevel::Error);
    let (count, milliseconds) = (argument("count", 100_000), argument("milliseconds", 0));
    let (first, second) = cores();
    let node = NodeBuilder::new().create::<ipc::Service>().unwrap();
    let open = |way: &str| {
        let name = format!("elkodon-benchmark/{}/{way}", std::process::id());
        node.service_builder(&name.as_str().try_into().unwrap()).event()
            .max_notifiers(1).max_listeners(1).event_id_max_value(128).create().unwrap()
    };
    let (ping, pong) = (open("ping"), open("pong"));
    let ready = Barrier::new(2);
    let over = AtomicBool::new(false);
    std::thread::scope(|threads| {
        threads.spawn(|| {
            pin(second);
            let notifier = pong.notifier_builder().create().unwrap();
            let listener = ping.listener_builder().create().unwrap();
            ready.wait();
            loop {
                while listener.blocking_wait(|_| {}).unwrap() == 0 {}
                if over.load(Ordering::Acquire) { break; }
                notifier.notify().unwrap();
            }
        });
        pin(first);
        let notifier = ping.notifier_builder().create().unwrap();
        let listener = pong.listener_builder().create().unwrap();
        ready.wait();
        let mut rounds = Rounds::new(count, milliseconds);
        loop {
            notifier.notify().unwrap();
            while listener.blocking_wait(|_| {}).unwrap() == 0 {}
            if !rounds.done() { break; }
        }
        over.store(true, Ordering::Release);
        notifier.notify().unwrap();
        rounds.print();
    });
}
