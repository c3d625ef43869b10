#!/usr/bin/env python3
"""The demo as its user has it: two real processes, HTTP from outside, kill -9 of each, what is left.

usage: demo_test.py PUBLISHER SERVER [DEMO_SCRIPT]
"""
import contextlib
import http.client
import json
import os
import queue
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading

PATIENCE = 60       # seconds until something is taken to hang; nothing here is measured


class Program:
    """A process whose lines are read while it runs, and which doesn't outlive the test."""

    def __init__(self, *command, **environment):
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, start_new_session=True, env=os.environ | environment)
        self.name = os.path.basename(command[0])
        self.lines, self.seen = queue.Queue(), []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))
        self.lines.put(None)

    def line(self, pattern):
        """Waits for a line that matches."""
        while True:
            try:
                line = self.lines.get(timeout=PATIENCE)
            except queue.Empty:
                line = None
            assert line is not None, f"{self.name}: no line like {pattern!r} in {self.seen}"
            self.seen.append(line)
            if found := re.search(pattern, line):
                return found

    def kill(self):
        self.process.kill()
        self.process.wait(PATIENCE)

    def stop(self, sign=signal.SIGTERM, expected=0):
        self.process.send_signal(sign)
        self.ends_with(expected)

    def ends_with(self, expected):
        status = self.process.wait(PATIENCE)
        self.reader.join(PATIENCE)
        while (line := self.lines.get_nowait()) is not None:
            self.seen.append(line)
        assert status == expected, f"{self.name} ended with {status}: {self.seen}"

    def end_in_any_case(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()


class Demo:
    def __init__(self, publisher, server, script, root):
        self.paths = {"publisher": publisher, "server": server}
        self.script, self.root, self.programs = script, root, []

    def run(self, *command, **environment):
        self.programs.append(Program(*command, ELKODON_ROOT=self.root, **environment))
        return self.programs[-1]

    def start_publisher(self):
        return self.run(self.paths["publisher"])

    def start_server(self, *arguments):
        """The server and its port."""
        server = self.run(self.paths["server"], *(arguments or ("--port", "0")))
        return server, int(server.line(r"^http://127\.0\.0\.1:(\d+)/").group(1))

    def listing(self):
        return sorted(os.path.join(path, name).removeprefix(self.root)
                      for path, folders, files in os.walk(self.root) for name in folders + files)

    def shape(self):
        """The listing without what is new with each process: numbers and ids."""
        return sorted(re.sub(r"[0-9a-f]{6,}|(?<=[.-])\d+", "#", name) for name in self.listing())

    def comes_to_be(self, shape, events):
        """While readings come: the listing has that shape again, nothing of the killed is left."""
        for _ in range(100):
            if self.shape() == shape:
                return
            events.readings(1)
        raise AssertionError(f"left by the killed: {self.shape()} instead of {shape}")

    def only_folders(self):
        """And what describes the domain, which stays as long as its folder."""
        return all(files in ([], ["domain.toml"]) for _, _, files in os.walk(self.root))

    def clean_up(self):
        for program in self.programs:
            program.end_in_any_case()


# --- HTTP, seen from outside -------------------------------------------------------------------
def exchange(port, request, half_close=False):
    """Sends these bytes; the status, the fields and the body of what comes back."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as connection:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):    # refused amidst it
            connection.sendall(request)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
        method = request.split(b" ")[0].decode("latin-1")
        response = http.client.HTTPResponse(connection, method=method)
        response.begin()
        return response.status, response.headers, response.read()


def ask(port, path, method="GET", fields=b"", body=b""):
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n".encode()
    return exchange(port, head + fields + b"\r\n" + body)


class Events:
    """The server-sent events of a connection, as (kind, data) in order."""

    def __init__(self, port, after=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        self.connection.request("GET", "/events", headers={"Last-Event-ID": after} if after else {})
        self.response = self.connection.getresponse()
        self.last_id = None

    def close(self):
        self.response.close()
        self.connection.close()

    def __iter__(self):
        kind, data = "message", None
        while line := self.response.readline():
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name == "id":
                self.last_id = value
            elif name == "event":
                kind = value
            elif name == "data":
                data = json.loads(value)
            elif not name and data is not None:
                yield kind, data
                kind, data = "message", None

    def readings(self, count):
        found = []
        for kind, data in self:
            if kind == "message":
                found.append(data)
            if len(found) == count:
                return found
        raise AssertionError(f"the stream ended after {len(found)} readings")

    def first(self, wanted):
        return next(data for kind, data in self if kind == wanted)


@contextlib.contextmanager
def events_of(port, after=None):
    events = Events(port, after)
    try:
        yield events
    finally:
        events.close()


def read(path):
    with open(path, encoding="ascii") as file:
        return file.read()


# --- what must hold ----------------------------------------------------------------------------
def readings_agree_with_proc(port):
    memory_total = int(re.search(r"MemTotal:\s+(\d+) kB", read("/proc/meminfo")).group(1)) * 1024
    cores = len(re.findall(r"^cpu\d+ ", read("/proc/stat"), re.MULTILINE))
    with events_of(port) as events:
        assert events.response.status == 200
        assert events.response.headers["Content-Type"].startswith("text/event-stream")
        readings = events.readings(5)
        numbers = [reading["number"] for reading in readings]
        assert numbers == list(range(numbers[0], numbers[0] + 5)), numbers
        for reading in readings:
            assert reading["memory"]["total"] == memory_total, reading
            assert 0 < reading["memory"]["available"] <= memory_total, reading
            assert len(reading["cpu"]["cores"]) == min(cores, 256), reading
            assert 0 <= reading["cpu"]["busy"] <= 1, reading
            assert all(0 <= busy <= 1 for busy in reading["cpu"]["cores"]), reading
            assert 1 <= reading["tasks"]["runnable"] <= reading["tasks"]["total"], reading
        load_is_that_of_proc(events)
        assert events.first("runnable")["runnable"] >= 1
        statistics = events.first("statistics")
        assert statistics["samples"] >= 5 and statistics["lost"] == 0, statistics


def load_is_that_of_proc(events):
    """The kernel changes it every five seconds: a reading has what was before it came, or after."""
    for _ in range(100):
        before = read("/proc/loadavg")
        load = events.readings(1)[0]["load"]
        after = read("/proc/loadavg")
        if load in ([float(word) for word in text.split()[:3]] for text in (before, after)):
            return
    raise AssertionError(f"{load} is not {before}")


def page_and_values_are_served(port):
    status, fields, body = ask(port, "/")
    assert status == 200 and fields["Content-Type"].startswith("text/html"), (status, fields)
    assert b"<canvas" in body and b"EventSource" in body
    assert not re.search(rb"""(src|href)=["']?(https?:)?//""", body), "the page needs the network"
    assert "default-src 'none'" in fields["Content-Security-Policy"]

    status, fields, body = ask(port, "/metrics.json?x=1")
    assert status == 200 and fields["Content-Type"] == "application/json", (status, fields)
    values = json.loads(body)
    assert values["reading"]["number"] >= 1 and values["statistics"]["samples"] >= 1, values
    assert values["statistics"]["lost"] == 0, values

    for path in ("/", "/metrics.json", "/events"):
        status, _, body = ask(port, path, "HEAD")
        assert (status, body) == (200, b""), (path, status)


def bad_requests_are_answered(port):
    host = b"Host: 127.0.0.1\r\n"
    expected = [
        (404, b"GET /nothing HTTP/1.1\r\n" + host + b"\r\n"),
        (404, b"GET /../etc/passwd HTTP/1.1\r\n" + host + b"\r\n"),
        (404, b"POST //events HTTP/1.1\r\n" + host + b"\r\n"),
        (404, b"OPTIONS * HTTP/1.1\r\n" + host + b"\r\n"),
        (400, b"NONSENSE\r\n\r\n"),
        (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
        (400, b"GET / HTTP/1.1\r\n\r\n"),                          # without a Host
        (400, b"GET / HTTP/1.1\r\n" + host + b"HOST: other\r\n\r\n"),
        (400, b"GET / HTTP/x\r\n" + host + b"\r\n"),
        (400, b"GET / HTTP/1.1\r\n" + host + b"no colon\r\n\r\n"),
        (400, b"GET / HTTP/1.1\r\n" + host + b"Content-Length: -1\r\n\r\n"),
        (400, b"POST / HTTP/1.1\r\n" + host + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"),
        (431, b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n" + host + b"\r\n"),
        (431, b"GET / HTTP/1.1\r\n" + host + b"X: " + b"a" * 9_000 + b"\r\n\r\n"),
        (431, b"GET / HTTP/1.1\r\n" + host + b"X: y\r\n" * 4_000),
        (413, b"POST / HTTP/1.1\r\n" + host + b"Content-Length: 9999999\r\n\r\n" + b"a" * 200_000),
        (413, b"POST / HTTP/1.1\r\n" + host + b"Transfer-Encoding: chunked\r\n\r\n" +
         (b"400\r\n" + b"a" * 1024 + b"\r\n") * 2 + b"0\r\n\r\n"),
        (505, b"GET / HTTP/2.0\r\n" + host + b"\r\n"),
        (200, b"GET http://127.0.0.1/metrics.json HTTP/1.1\r\n" + host + b"\r\n"),
        (200, b"GET / HTTP/1.0\r\n\r\n"),
    ]
    for status, request in expected:
        got, fields, _ = exchange(port, request)
        assert got == status, f"{got} instead of {status} for {request[:80]!r}"
        assert fields["Connection"] == "close", request[:80]
    status, _, _ = exchange(port, b"GET / HTTP/1.1\r\nHost: 127.", half_close=True)
    assert status == 400, status
    for path in ("/", "/events", "/metrics.json"):
        for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
            status, fields, _ = ask(port, path, method)
            assert (status, fields["Allow"]) == (405, "GET, HEAD"), (path, method, status)
    for cut in (b"", b"\r", b"\n", b"GE", b"GET / HT"):     # and then the end, without an answer
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as connection:
            connection.sendall(cut)


def streams_are_bounded(port):
    """At 32 clients the next is refused; it has its place once the server notices that one went."""
    with contextlib.ExitStack() as opened:
        streams = []
        while (stream := opened.enter_context(events_of(port))).response.status == 200:
            streams.append(stream)
        assert stream.response.status == 503, stream.response.status
        assert 1 < len(streams) <= 32, len(streams)
        streams[0].close()
        for _ in streams[1]:
            with events_of(port) as late:
                if late.response.status == 200:
                    late.readings(1)
                    return
    raise AssertionError("the place of a client that went isn't given to the next")


def who_reconnects_gets_what_it_missed(port):
    with events_of(port) as events:
        newest = events.readings(3)[-1]["number"]
        last_id = events.last_id
    with events_of(port, after=last_id) as events:
        assert events.readings(1)[0]["number"] == newest + 1


def listens_on_the_loopback_only(port):
    lines = [line.split() for line in read("/proc/net/tcp").splitlines()[1:]]
    listening = [words[1] for words in lines if words[3] == "0A"]
    listening = [address for address in listening if address.endswith(f":{port:04X}")]
    loopback = "0100007F" if sys.byteorder == "little" else "7F000001"
    assert listening == [f"{loopback}:{port:04X}"], listening
    if os.path.exists("/proc/net/tcp6"):
        assert f":{port:04X} 0000" not in read("/proc/net/tcp6")


def ports_that_are_in_use(demo):
    with socket.socket() as taken:
        with contextlib.suppress(OSError):          # then somebody else has it, which does as well
            taken.bind(("127.0.0.1", 8080))
            taken.listen()
        server = demo.run(demo.paths["server"])
        port = int(server.line(r"^http://127\.0\.0\.1:(\d+)/.*8080 is in use").group(1))
        assert port != 8080
        second = demo.run(demo.paths["server"], "--port", str(port))
        second.line(r"machine_load_server: .*[Aa]ddress already in use")
        second.ends_with(1)
        server.stop()
    for wrong in (["--port"], ["--port", "65536"], ["--port", "8080x"], ["-h"]):
        program = demo.run(demo.paths["server"], *wrong)
        program.line("usage")
        program.ends_with(1)


def an_orderly_run(demo):
    server, port = demo.start_server()
    publisher = demo.start_publisher()
    server.line(r"^samples [1-9]\d*, lost 0, events \d+, latency p50 [\d.]+ µs, p99 [\d.]+ µs$")
    with events_of(port) as events:
        events.readings(1)
        publisher.stop(signal.SIGINT)
        server.stop(signal.SIGINT)
        for _ in events:                            # the stream has an end
            pass
    assert re.match(r"in all: samples [1-9]\d*, lost 0, ", server.seen[-1]), server.seen


def what_http_does(demo):
    publisher = demo.start_publisher()
    server, port = demo.start_server()
    readings_agree_with_proc(port)
    page_and_values_are_served(port)
    listens_on_the_loopback_only(port)
    bad_requests_are_answered(port)
    who_reconnects_gets_what_it_missed(port)
    streams_are_bounded(port)
    server.line("^samples ")
    server.stop()
    publisher.stop()


def a_publisher_is_killed(demo):
    server, port = demo.start_server()
    publisher = demo.start_publisher()
    with events_of(port) as events:
        events.readings(5)
        both_run = demo.shape()
        publisher.kill()
        publisher = demo.start_publisher()
        while events.readings(1)[0]["number"] != 1:     # the new one counts from the beginning
            pass
        demo.comes_to_be(both_run, events)
        events.readings(5)
        events.first("runnable")
        assert events.first("statistics")["lost"] == 0
    publisher.stop()
    server.stop()


def a_server_is_killed(demo):
    server, port = demo.start_server()
    publisher = demo.start_publisher()
    with events_of(port) as events:
        events.readings(5)
        both_run = demo.shape()
        server.kill()
    server, port = demo.start_server()
    with events_of(port) as events:
        numbers = [reading["number"] for reading in events.readings(10)]
        assert numbers == list(range(numbers[0], numbers[0] + 10)), numbers
        events.first("runnable")
        demo.comes_to_be(both_run, events)
    publisher.stop()
    server.stop()


def both_are_killed(demo):
    server, port = demo.start_server()
    publisher = demo.start_publisher()
    with events_of(port) as events:
        events.readings(5)
        both_run = demo.shape()
        server.process.kill()
        publisher.process.kill()
    server.kill()
    publisher.kill()
    publisher = demo.start_publisher()
    server, port = demo.start_server()
    with events_of(port) as events:
        events.readings(5)
        events.first("runnable")
        demo.comes_to_be(both_run, events)
    server.stop()
    publisher.stop()


def run_script(demo, *options):
    build = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(demo.paths["server"]))))
    return demo.run(demo.script, "--no-build", *options, "--", "--port", "0", BUILD_DIR=build)


def the_script_ends_by_itself(demo):
    script = run_script(demo)
    script.line(r"^in all: ")
    script.ends_with(0)


def the_script_ends_with_ctrl_c(demo):
    script = run_script(demo, "--keep")
    port = int(script.line(r"^http://127\.0\.0\.1:(\d+)/").group(1))
    with events_of(port) as events:
        events.readings(5)
        os.killpg(script.process.pid, signal.SIGINT)        # as a terminal does it
        script.ends_with(0)
    assert any(line.startswith("in all: ") for line in script.seen), script.seen


def the_script_is_killed(demo):
    """Its two programs are told to end all the same."""
    script = run_script(demo, "--keep")
    port = int(script.line(r"^http://127\.0\.0\.1:(\d+)/").group(1))
    with events_of(port) as events:
        events.readings(5)
        script.kill()
        for _ in events:
            pass
    script.reader.join(PATIENCE)                            # until nobody has its output any more
    assert not script.reader.is_alive(), "a program outlives the script"


def main(publisher, server, script=None):
    root = tempfile.mkdtemp(prefix="elkodon-demo-test-", dir="/dev/shm")
    demo = Demo(publisher, server, script, root)
    try:
        checks = [what_http_does, ports_that_are_in_use, a_publisher_is_killed, a_server_is_killed,
                  both_are_killed]
        if script:
            checks += [the_script_ends_by_itself, the_script_ends_with_ctrl_c, the_script_is_killed]
        an_orderly_run(demo)
        assert demo.only_folders(), f"an orderly end leaves {demo.listing()}"
        orderly = demo.listing()
        for check in checks:
            check(demo)
            left = demo.listing()
            assert left == orderly, f"{check.__name__} leaves {sorted(set(left) ^ set(orderly))}"
            print(f"ok: {check.__name__}", flush=True)
    finally:
        demo.clean_up()
        shutil.rmtree(root)


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    main(*sys.argv[1:])
