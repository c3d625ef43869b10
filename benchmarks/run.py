#!/usr/bin/env python3
"""Measures floor, ours and references interleaved; prints a table, writes bench.json and, of a whole run, its chart.

usage: run.py --build-dir DIR [--quick] [--rounds N] [--only ROW]... [--output FILE] [--check]

Every program runs in a process group of its own, under a root of ours in /dev/shm. Both go when this ends, however it
ends; what a SIGKILL of this script leaves is ended by the programs' own alarm and removed by the next run.
"""
import argparse
import contextlib
import ctypes
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

import chart
from rows import Missing, all_rows, context_rows, quick

SHM = pathlib.Path("/dev/shm")
PREFIX = "elkodon-benchmark-"


def adopt_orphans():
    """Makes this process the one that reaps what its programs leave (PR_SET_CHILD_SUBREAPER)."""
    ctypes.CDLL(None, use_errno=True).prctl(36, 1, 0, 0, 0)


class Failure(Exception):
    pass


class Stopped(Exception):
    """By a signal."""


def end(program):
    """Kills a program of ours and the processes that it made: it leads a group. Its id is its own until we reap it."""
    if program.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(program.pid, signal.SIGKILL)


class Programs:
    """Runs the programs of one build directory, one at a time."""

    def __init__(self, directory, root, cores, quick):
        self.directories = [directory, directory / "peers", directory / "peers/iceoryx2/release"]
        self.root, self.cores = root, cores
        # Few are enough for a p50; under load they take longer, and the time limit ends them.
        self.scale, self.milliseconds = (1, 250) if quick else (4, 2000)
        self.patience = time.monotonic() + (60 if quick else 900)
        self.running, self.stopping = None, False

    def patient(self):
        """Whether there is time for long runs, and for measuring something again."""
        return time.monotonic() < self.patience

    def find(self, name):
        for directory in self.directories:
            if (directory / name).exists():
                return str(directory / name)
        raise Missing(name)

    def run(self, name, one_core=False, **arguments):
        first, second = self.cores[0], self.cores[0] if one_core else self.cores[1]
        milliseconds = self.milliseconds if self.patient() else self.milliseconds // 4
        command = [self.find(name), f"cores={first},{second}", f"milliseconds={milliseconds}"]
        if "count" in arguments:
            arguments["count"] *= self.scale
        command += [f"{key}={value}" for key, value in arguments.items()]
        environment = dict(os.environ, ELKODON_ROOT=str(self.root))
        environment.pop("ELKODON_CONFIG", None)
        try:
            self.running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                            env=environment, start_new_session=True)
        except OSError as error:
            raise Failure(f"{command[0]}: {error.strerror}: built with benchmarks and async_asio?") from None
        try:
            if self.stopping:  # a signal came while it was being started
                raise Stopped
            output, errors = self.running.communicate(timeout=70)
            if self.stopping:
                raise Stopped
        except subprocess.TimeoutExpired:
            raise Failure(f"{' '.join(command)}: took too long") from None
        finally:
            code = self.stop()
        if code != 0:
            raise Failure(f"{' '.join(command)}: exit {code}: {errors.strip()}")
        return json.loads(output)

    def stop(self):
        """Ends the program that runs, if one does; returns how it ended."""
        program, self.running = self.running, None
        if program is None:
            return 0
        end(program)
        program.wait()
        with contextlib.suppress(ChildProcessError):  # the processes that it made are ours by now
            while True:
                os.waitpid(-program.pid, 0)
        return program.returncode

    def on_signal(self, *_):
        """Raises nothing, since it may come between the start of a program and our knowing of it."""
        self.stopping = True
        if self.running is not None:
            end(self.running)


def number(value, unit=""):
    if value is None:
        return "–"
    if unit == "bytes/s":
        return f"{value / 2**30:.1f} G"
    if unit == "messages/s":
        return f"{value / 1e6:.1f} M"
    return f"{value:.0f}" if value >= 1000 or value == int(value) else f"{value:.3g}" if value < 1 else f"{value:.1f}"


def print_aligned(lines):
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    for line in lines:
        cells = [cell.ljust(width) if column == 0 else cell.rjust(width)
                 for column, (cell, width) in enumerate(zip(line, widths))]
        print("  ".join(cells).rstrip())


def print_table(rows, context):
    missing = [row for row in rows if row.missing]
    rows = [row for row in rows if not row.missing]
    lines = [("row", "unit", "p50", "p99", "reference p50", "p99", "ratio", "of rounds", "goal", "holds")]
    for row in rows:
        result, ratios = row.as_json(), row.ratios()
        spread = f"{min(ratios):.2f} … {max(ratios):.2f}" if ratios else "–"
        goal = "–" if row.goal is None else f"{'≤' if row.better == 'lower' else '≥'} {row.goal:g}"
        lines.append((row.name, row.unit, number(result["ours"], row.unit), number(row.median(0, "p99"), row.unit),
                      number(result["reference"], row.unit), number(row.median(1, "p99"), row.unit),
                      f"{result['ratio']:.2f}" if ratios else "–", spread, goal,
                      {True: "yes", False: "NO", None: "–"}[result["holds"]]))
    print_aligned(lines)
    for row in missing:
        print(f"{row.name}: {row.missing} is missing: not measured")
    print()
    if context:
        print_aligned([("for context", "unit", "p50", "p99")] +
                      [(row.name, row.unit, number(row.median(0, "p50"), row.unit), number(row.median(0, "p99"), row.unit))
                       for row in context])


def compiler(build):
    """The first line of what the build directory's C++ compiler says of itself."""
    try:
        targets = json.loads((build / "meson-info" / "intro-targets.json").read_text())
        command = next(source["compiler"] for target in targets for source in target["target_sources"]
                       if source.get("language") == "cpp")
        output = subprocess.run(command + ["--version"], capture_output=True, text=True, check=True).stdout
        return output.splitlines()[0]
    except (OSError, ValueError, KeyError, StopIteration, IndexError, subprocess.SubprocessError):
        return "unknown compiler"


def machine(build, cores):
    match = re.search(r"model name\s*:\s*(.*)", pathlib.Path("/proc/cpuinfo").read_text())
    return (f"{match.group(1).strip() if match else os.uname().machine}, {os.cpu_count()} CPUs | "
            f"Linux {os.uname().release} | {compiler(build)} | pinned to CPUs {cores[0]} and {cores[1]} | "
            f"load before {os.getloadavg()[0]:.1f}")


def remove_left_behind():
    for path in SHM.glob(PREFIX + "*"):
        owner = path.name[len(PREFIX):]
        if owner.isdigit() and not pathlib.Path("/proc", owner).exists() and path.stat().st_uid == os.getuid():
            shutil.rmtree(path, ignore_errors=True)


def measure_all(programs, rows, context, rounds):
    for this in range(rounds):
        if sys.stderr.isatty():
            print(f"\rround {this + 1} of {rounds} ", end="", file=sys.stderr, flush=True)
        for row in rows + context:
            if row.rounds is None or this < row.rounds:
                row.measure(programs)
    if sys.stderr.isatty():
        print("\r" + " " * 20 + "\r", end="", file=sys.stderr, flush=True)


def arguments():
    parser = argparse.ArgumentParser(description="Measures Elkodon against floors and references.")
    parser.add_argument("--build-dir", type=pathlib.Path, required=True)
    parser.add_argument("--quick", action="store_true", help="shorter runs: two minutes in all")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--only", action="append", metavar="ROW", choices=[row.name for row in all_rows()],
                        help="only this row; can be repeated")
    parser.add_argument("--output", type=pathlib.Path, default=pathlib.Path("bench.json"))
    parser.add_argument("--check", action="store_true", help="exit 1 when a goal isn't held")
    return parser.parse_args()


def main():
    options = arguments()
    cores = sorted(os.sched_getaffinity(0))[:2]
    if len(cores) < 2:
        raise Failure("two CPUs are needed")
    every = all_rows()
    chosen = options.only or (quick if options.quick else [row.name for row in every])
    rows = [row for row in every if row.name in chosen]
    context = [] if options.only else context_rows()
    line = machine(options.build_dir, cores)

    adopt_orphans()
    remove_left_behind()
    root = SHM / f"{PREFIX}{os.getpid()}"
    programs = Programs(options.build_dir / "benchmarks", root, cores, options.quick)
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, programs.on_signal)
    try:
        root.mkdir(mode=0o700)
        measure_all(programs, rows, context, options.rounds)
    finally:
        programs.stop()
        shutil.rmtree(root, ignore_errors=True)

    results = [row.as_json() for row in rows]
    options.output.write_text(json.dumps(results, indent=2) + "\n")
    chart.write(results, line, options.output)
    print_table(rows, context)
    print(line)
    return 1 if options.check and any(result["holds"] is False for result in results) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        sys.exit(f"run.py: {failure}")
    except Stopped:
        sys.exit(130)
