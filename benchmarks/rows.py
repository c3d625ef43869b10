"""The rows of bench.json: who is measured against whom, and what a goal is. run.py measures and prints them."""
import statistics


class Missing(Exception):
    """A peer that isn't installed: its rows say so."""


# A contender is a function of Programs that returns {"p50": …, "p99": …}. The better of several ways is taken in each round.

def lowest(*results):
    return min(results, key=lambda result: result["p50"])


def highest(*results):
    return max(results, key=lambda result: result["p50"])


def program(name, **arguments):
    return lambda programs: programs.run(name, **arguments)


word = program("floor_word", count=50_000, pauses=0)


def latency(size, count=50_000, **more):
    return program("latency_ours", size=size, count=count, warm_up=count // 10, **more)


def throughput(batch):
    return program("throughput_ours", size=64, count=2_000_000, batch=batch)


def ring(payload):
    def measure(programs):
        return highest(*(programs.run("ring_bare", count=2_000_000, kind=kind, payload=payload, pauses=pauses)
                         for kind in ("counters", "slots") for pauses in (16, 64)))
    return measure


def awaited(one_core, size=64):
    return program("await_ours", one_core=one_core, count=1_500, size=size)


def awaited_hot(others=0):
    return program("await_ours", one_core=False, count=50_000, size=64, way="hot", others=others)


def await_throughput(batch):
    return program("await_throughput", count=2_000_000, batch=batch)


def eventfd(one_core):
    def measure(programs):
        return lowest(*(programs.run("await_eventfd", one_core=one_core, count=1_500, way=way)
                        for way in ("wait", "read")))
    return measure


def ringed(**arguments):
    return program("uring_ours", **{"count": 1_500, **arguments})


def event(way, **more):
    return program("event_ours", way=way, count=1_500, **more)


def slept(way):
    return program("floor_sleep", way=way, count=1_500)


class Row:
    """One line of the table and of bench.json. Without a goal it only reports."""

    def __init__(self, name, unit, ours, reference_name, reference, goal, better="lower", rounds=None):
        self.name, self.unit, self.ours, self.goal, self.better = name, unit, ours, goal, better
        self.reference_name, self.reference, self.rounds = reference_name, reference, rounds
        self.results = []  # (ours, reference) of each round
        self.missing = None  # the program that isn't there

    def measure(self, programs):
        """Ours between two runs of the reference: a host that moves our cores shows as two that differ."""
        try:
            self.measure_present(programs)
        except Missing as what:
            self.missing = str(what)

    def measure_present(self, programs):
        if self.reference is None:
            return self.results.append((self.ours(programs), None))
        for _ in range(4):
            before = self.reference(programs)
            ours = self.ours(programs)
            after = self.reference(programs)
            steady = max(before["p50"], after["p50"]) < 1.25 * min(before["p50"], after["p50"])
            if steady or not programs.patient():
                break
        middle = {key: (before[key] + after[key]) / 2 for key in ("p50", "p99")}
        self.results.append((ours, middle))

    def ratios(self):
        return [ours["p50"] / reference["p50"] for ours, reference in self.results if reference]

    def median(self, which, key):
        values = [pair[which].get(key) for pair in self.results if pair[which]]
        values = [value for value in values if value is not None]
        return statistics.median(values) if values else None

    def as_json(self):
        if self.missing:
            return {"name": self.name, "unit": self.unit, "ours": None, "reference_name": self.reference_name,
                    "reference": None, "ratio": None, "goal": self.goal, "holds": False, "missing": self.missing}
        ours = self.median(0, "p50") if self.reference else max(ours["p50"] for ours, _ in self.results)
        reference = self.median(1, "p50")
        ratio = statistics.median(self.ratios()) if self.reference else None
        value = ratio if self.reference else ours
        holds = None if self.goal is None else value <= self.goal if self.better == "lower" else value >= self.goal
        return {"name": self.name, "unit": self.unit, "ours": ours, "reference_name": self.reference_name,
                "reference": reference, "ratio": ratio, "goal": self.goal, "holds": holds}


def word_rows():
    name = "one word bounced, half a round trip"
    goals = {"16": 0.85, "48": 0.85, "64": 1.0, "256": 1.0, "1k": 1.0, "4k": 1.0, "16k": 1.0, "64k": 1.0, "256k": 1.0,
             "1m": 1.0, "4m": 1.0, "16m": 1.0}
    bytes_of = {"k": 1024, "m": 1024 * 1024}
    size = lambda text: int(text.rstrip("km")) * bytes_of.get(text[-1], 1)
    return [Row(f"latency_{text}", "ns", latency(size(text)), name, word, goal) for text, goal in goals.items()]


def peer_rows():
    """Others with the same message. `await_vs_…`: the receiver asleep, ours awaited in Asio."""
    rows = [
        Row("latency_vs_iceoryx2_8k", "ns", latency(8192), "iceoryx2", program("iceoryx2_latency", size=8192), 0.35),
        Row("latency_vs_iceoryx2_64_subscribers", "ns", latency(8192, subscribers=64), "iceoryx2, 64 more subscribers",
            program("iceoryx2_latency", size=8192, subscribers=64), 0.04),
        Row("event_one_core", "ns", event("block", one_core=True), "iceoryx2",
            program("iceoryx2_event", one_core=True, count=1_500), 0.6),
        Row("event_two_cores", "ns", event("block"), "iceoryx2", program("iceoryx2_event", count=1_500), 0.95),
    ]
    for what in ("create", "open"):
        rows.append(Row(f"service_{what}", "ns", program("services_ours", what=what), "iceoryx2",
                        program("iceoryx2_services", what=what), 0.5))
    for peer, name in (("await_socket", "uds"), ("zeromq", "zeromq"), ("nng", "nng")):
        for text, size in (("64", 64), ("64k", 65_536), ("1m", 1_048_576)):
            rows.append(Row(f"await_vs_{name}_{text}", "ns", awaited(False, size), name,
                            program(f"peer_{peer}", size=size, count=1_500), 1.0))
    for text, size in (("64", 64), ("64k", 65_536)):
        for peer in ("iceoryx2_latency", "peer_iceoryx", "peer_message_queue", "peer_unix_socket"):
            name = peer.removeprefix("peer_").removesuffix("_latency")
            rows.append(Row(f"seed_{text}_{name}", "ns", latency(size), name, program(peer, size=size, count=5_000), 1.0))
    return rows


def uring_rows():
    """Awaited over io_uring, in a loop of ours."""
    bell, rows = "liburing, polls of bare eventfds", []
    for name, one_core, goal in (("two_cores", False, 1.1), ("one_core", True, 1.2)):
        for doorbell, suffix in (("eventfd", ""), ("futex", "_futex")):
            rows.append(Row(f"uring_cold_{name}{suffix}", "ns", ringed(one_core=one_core, doorbell=doorbell, strategy="block"),
                            bell, program("uring_eventfd", one_core=one_core, count=1_500), goal))
    return rows + [
        Row("uring_hot", "ns", ringed(strategy="adaptive", count=20_000), "one word bounced, half a round trip", word, 1.4),
        Row("uring_throughput_many", "messages/s", ringed(way="throughput", count=3_000_000), "throughput_64",
            lambda programs: highest(throughput(1)(programs), throughput(64)(programs)), 0.7, better="higher"),
        Row("uring_echo", "requests/s", program("uring_echo", way="ours"), "the same server in callbacks of liburing",
            program("uring_echo", way="plain"), 0.9, better="higher"),
    ]


def all_rows():
    bell = "Asio coroutines on bare eventfds"
    return word_rows() + [
        Row("latency_subscribers_64", "ns", latency(48, subscribers=64), "latency_48", latency(48), 1.1),
        Row("throughput_64", "messages/s", lambda programs: highest(throughput(1)(programs), throughput(64)(programs)),
            "bare ring of indices", ring(0), 0.75, better="higher"),
        Row("await_cold_two_cores", "ns", awaited(False), bell, eventfd(False), 1.1),
        Row("await_cold_one_core", "ns", awaited(True), bell, eventfd(True), 1.2),
        Row("await_hot", "ns", awaited_hot(), "one word bounced, half a round trip", word, 1.5),
        Row("adaptive_hot", "ns", awaited_hot(), "one word bounced, half a round trip", word, 2.0),
        Row("await_10000", "ns", awaited_hot(10_000), "await_hot", awaited_hot(), 1.3, rounds=3),
        Row("await_throughput", "messages/s", await_throughput(1), "throughput_64",
            lambda programs: highest(throughput(1)(programs), throughput(64)(programs)), 0.2, better="higher", rounds=3),
        Row("await_throughput_many", "messages/s", await_throughput(64), "throughput_64",
            lambda programs: highest(throughput(1)(programs), throughput(64)(programs)), 0.7, better="higher", rounds=3),
        Row("blocking_wait", "ns", event("block"), "bare futexes", slept("futex"), 1.1),
        Row("fd_wait", "ns", event("epoll"), "bare eventfds and epoll", slept("epoll"), 1.15),
        Row("notify_awake", "ns", event("poll"), "one word bounced, half a round trip", word, 2.0),
        Row("publish_1024_subscribers", "ns", program("send_ours", subscribers=1024, most=1024), "one subscriber of the same service",
            program("send_ours", subscribers=1, most=1024), 1.1),
        Row("copy_1m", "bytes/s", program("copy", way="ours"), "memcpy through four shared buffers",
            program("copy", way="memcpy"), 0.9, better="higher"),
        Row("discovery_10000", "ns", program("services_ours", what="list"), None, None, None, rounds=1),
        Row("first_contact", "ns", program("services_ours", what="contact"), None, None, None, rounds=3),
        Row("cleanup_1000_dead", "ns", program("services_ours", what="clean_up"), None, None, None, rounds=3),
        Row("allocations_per_sample", "allocations", program("allocations"), None, None, 0, rounds=3),
    ] + waiting_rows() + peer_rows()


def waiting_rows():
    """What many sleepers cost who wakes them, and what waiting costs, by strategy."""
    rows = [
        Row("ring_10000", "ns", program("ring_many", services=100, listeners=100), None, None, 3_000_000, rounds=3),
        Row("publish_to_1000_sleepers", "system calls", program("calls_ours", subscribers=1000), None, None, 1, rounds=1),
    ]
    for name, rate in (("idle", 0), ("1k", 1_000), ("100k", 100_000)):
        for strategy in ("block", "spin", "adaptive", "busy"):
            rows.append(Row(f"cpu_{name}_{strategy}", "% of a core", program("cpu_ours", strategy=strategy, rate=rate),
                            None, None, None, rounds=3))
    return rows


def context_rows():
    """Printed below the table: what the rows above are made of. Not in bench.json."""
    return [
        Row("word, no pause in the poll", "ns", word, None, None, 0, rounds=3),
        Row("word, one pause in the poll", "ns", program("floor_word", count=50_000, pauses=1), None, None, 0, rounds=3),
        Row("ours, receive()", "messages/s", throughput(1), None, None, 0, rounds=3),
        Row("ours, receive_many() of 64", "messages/s", throughput(64), None, None, 0, rounds=3),
        Row("bare ring whose indices name 64 B", "messages/s", ring(64), None, None, 0, rounds=3),
    ]


# The rows of ./scripts/bench --quick: two minutes. The rest comes with the whole run.
quick = ("latency_48", "latency_64", "latency_64k", "latency_4m", "latency_subscribers_64", "throughput_64",
         "await_cold_two_cores", "await_cold_one_core", "allocations_per_sample")
