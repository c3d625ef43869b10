#!/usr/bin/env python3
"""The examples over io_uring as a user starts them: usage: io_uring_test.py PUBLISHER SERVER GUEST TOGETHER TWO_LOOPS EVERY_LOOP"""
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile

publisher, server, guest, together, two_loops, every_loop = sys.argv[1:]
root = tempfile.mkdtemp(prefix="elkodon-io-uring-")
os.environ["ELKODON_ROOT"] = os.path.join(root, "root")
running = []


def start(*command):
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
    running.append(process)
    return process


def until(process, beginning):
    for line in process.stdout:
        if line.startswith(beginning):
            return line
    raise SystemExit(f"{process.args} ended before it said {beginning!r}")


def says(command, wanted):
    said = subprocess.run([command], stdout=subprocess.PIPE, text=True, timeout=60, check=True).stdout
    assert said == wanted, (command, said)


try:
    signal.alarm(100)
    start(publisher)

    serving = start(server)
    port = int(until(serving, "port ").split()[1])
    for _ in range(2):
        with socket.create_connection(("127.0.0.1", port)) as client:
            for _ in range(2):
                got = client.recv(8, socket.MSG_WAITALL)
                assert struct.unpack("=Q", got)[0] == 1234, got
    serving.send_signal(signal.SIGINT)
    assert serving.wait() == 0

    for command, answer in ((guest, "echo: hello"), (together, "read: 6 bytes")):
        process = start(command)
        until(process, "received: 1234")
        process.stdin.write("hello\n")
        until(process, answer)
        until(process, "received: 1234")
        process.stdin.close()
        assert process.wait() == 0, command

    says(two_loops, "500500 500500\n")
    says(every_loop, "7 7\n")
    print("a server, a guest, all together, two loops, every loop")
finally:
    for process in running:
        process.kill()
        process.wait()
    shutil.rmtree(root, ignore_errors=True)
