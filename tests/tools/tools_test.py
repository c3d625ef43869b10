#!/usr/bin/env python3
"""The command line as its user has it: beside real programs, after a kill -9, with bad input.

usage: tools_test.py ELKODON PUBLISHER
"""
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PATIENCE = 60       # seconds until something is taken to hang


def elkodon(*arguments, status=0):
    """What the tool prints, both streams; it must end with STATUS."""
    done = subprocess.run([TOOL, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=PATIENCE)
    assert done.returncode == status, f"elkodon {arguments}: {done.returncode}: {done.stdout}"
    return done.stdout


def running_publisher():
    """The example that publishes 1234 every second; its first line says that the service is there."""
    publisher = subprocess.Popen([PUBLISHER], stdout=subprocess.PIPE, text=True)
    assert publisher.stdout.readline() == "sent: 1234\n"
    return publisher


def tap_prints_each_message():
    publisher = running_publisher()
    try:
        lines = elkodon("tap", "My/Funk/ServiceName", "--count", "2").splitlines()
        short = elkodon("tap", "My/Funk/ServiceName", "--count", "1", "--bytes", "2").splitlines()
    finally:
        publisher.kill()
        publisher.wait()
    assert lines[0] == "My/Funk/ServiceName: u64, 8 bytes, alignment 8", lines
    sequences = [int(line.split()[1].rstrip(":")) for line in lines[1:]]
    assert all(line.endswith(": d2 04 00 00 00 00 00 00") for line in lines[1:]), lines
    assert sequences[1] == sequences[0] + 1, lines
    assert short[1].endswith(": d2 04 …"), short


def clean_removes_what_the_killed_left():
    publisher = running_publisher()
    busy = elkodon("clean")
    assert busy.startswith("0 names removed, "), busy
    publisher.kill()
    publisher.wait()
    said = elkodon("clean")
    assert said.split()[0] != "0" and said.split()[3] != "0", said
    assert not list(Path(ROOT, "default", "services").iterdir())
    assert elkodon("clean").startswith("0 names removed"), "the second one found more"


def list_prints_services_and_nodes():
    assert elkodon("list") == ""
    publisher = running_publisher()
    try:
        lines = elkodon("list").splitlines()
    finally:
        publisher.kill()
        publisher.wait()
    assert lines[0] == "service publish-subscribe My/Funk/ServiceName u64", lines
    assert lines[1].startswith(f"node alive {publisher.pid} "), lines
    assert "node dead" in elkodon("list")


def watch_tells_what_dies():
    watching = subprocess.Popen([TOOL, "watch"], stdout=subprocess.PIPE, text=True)
    publisher = running_publisher()
    seen = []
    try:
        while "appeared service My/Funk/ServiceName" not in seen:
            seen.append(watching.stdout.readline().strip())
            assert seen[-1] != "" or watching.poll() is None, seen
        publisher.kill()
        while "died service My/Funk/ServiceName" not in seen:
            seen.append(watching.stdout.readline().strip())
            assert seen[-1] != "" or watching.poll() is None, seen
        watching.terminate()
        assert watching.wait(PATIENCE) == 0
    finally:
        for each in (publisher, watching):
            each.kill()
            each.wait()


def bad_input_is_told():
    assert '"nobody"' in elkodon("tap", "nobody", status=1)
    assert "invalid" in elkodon("tap", "", status=1)
    elkodon("tap", "x", "--count", "many", status=104)      # CLI11's number for a value that is none
    elkodon(status=106)                                     # and for a missing command
    assert "/dev/null" in elkodon("--root", "/dev/null", "clean", status=1)


def a_domain_of_its_own_is_looked_at():
    publisher = running_publisher()
    try:
        elkodon("--domain", "elsewhere", "tap", "My/Funk/ServiceName", status=1)
    finally:
        publisher.kill()
        publisher.wait()


if __name__ == "__main__":
    TOOL, PUBLISHER = sys.argv[1:]
    for case in (tap_prints_each_message, clean_removes_what_the_killed_left,
                 list_prints_services_and_nodes, watch_tells_what_dies, bad_input_is_told,
                 a_domain_of_its_own_is_looked_at):
        ROOT = os.environ["ELKODON_ROOT"] = tempfile.mkdtemp(prefix="elkodon-tools-", dir="/dev/shm")
        try:
            case()
        finally:
            shutil.rmtree(ROOT)
        print(f"ok: {case.__name__.replace('_', ' ')}")
