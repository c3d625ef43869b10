//! As iceoryx2's own publish-subscribe benchmark does it: two pinned threads, a service each way, both sides poll receive().
//! `size=8192`, `subscribers=64` more of them on each service.
use core::sync::atomic::{AtomicBool, Ordering};
use elkodon_benchmark_iceoryx2::{argument, cores, pin, Rounds};
use iceoryx2::prelude::*;
use std::sync::Barrier;

type Sent = iceoryx2::port::publisher::Publisher<ipc::Service, [u8], ()>;
type Heard = iceoryx2::port::subscriber::Subscriber<ipc::Service, [u8], ()>;

fn send(publisher: &Sent, size: usize, number: u8) {
    let mut sample = unsafe { publisher.loan_slice_uninit(size).unwrap().assume_init() };
    let payload = sample.payload_mut();
    payload[..8].fill(number);
    payload[size - 8..].fill(number);
    sample.send().unwrap();
}

fn receive(subscriber: &Heard, number: u8, over: &AtomicBool) -> bool {
    loop {
        if let Some(sample) = subscriber.receive().unwrap() {
            let payload = sample.payload();
            assert_eq!((payload[0], payload[payload.len() - 1]), (number, number));
            return true;
        }
        if over.load(Ordering::Relaxed) { return false; }
    }
}

fn main() {
    set_log_level(LogLevel::Error);
    let (size, more) = (argument("size", 8192), argument("subscribers", 0));
    let (count, milliseconds) = (argument("count", 100_000), argument("milliseconds", 0));
    let (first, second) = cores();
    let node = NodeBuilder::new().create::<ipc::Service>().unwrap();
    let open = |way: &str| {
        let name = format!("elkodon-benchmark/{}/{way}", std::process::id());
        node.service_builder(&name.as_str().try_into().unwrap()).publish_subscribe::<[u8]>()
            .max_publishers(1).max_subscribers(1 + more).history_size(0)
            .subscriber_max_buffer_size(1).enable_safe_overflow(true).create().unwrap()
    };
    let (ping, pong) = (open("ping"), open("pong"));
    let _idle: Vec<_> = (0..more).flat_map(|_| [&ping, &pong].map(|each| each.subscriber_builder().create().unwrap())).collect();
    let ready = Barrier::new(2);
    let over = AtomicBool::new(false);
    std::thread::scope(|threads| {
        threads.spawn(|| {
            pin(second);
            let publisher = pong.publisher_builder().initial_max_slice_len(size).create().unwrap();
            let subscriber = ping.subscriber_builder().create().unwrap();
            ready.wait();
            let mut number = 0u8;
            while receive(&subscriber, number, &over) {
                send(&publisher, size, number);
                number = number.wrapping_add(1);
            }
        });
        pin(first);
        let publisher = ping.publisher_builder().initial_max_slice_len(size).create().unwrap();
        let subscriber = pong.subscriber_builder().create().unwrap();
        ready.wait();
        let mut rounds = Rounds::new(count, milliseconds);
        let (mut number, never) = (0u8, AtomicBool::new(false));
        loop {
            send(&publisher, size, number);
            receive(&subscriber, number, &never);
            number = number.wrapping_add(1);
            if !rounds.done() { break; }
        }
        over.store(true, Ordering::Relaxed);
        rounds.print();
    });
}
