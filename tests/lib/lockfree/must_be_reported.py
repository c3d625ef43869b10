#!/usr/bin/env python3
"""Runs two programs under ThreadSanitizer: of the first it must report nothing, of the second a data race.

usage: must_be_reported.py CORRECT WEAKENED
"""
import os
import subprocess
import sys

REPORT = "WARNING: ThreadSanitizer: data race"


def run(program):
    environment = {**os.environ, "TSAN_OPTIONS": "halt_on_error=1 exitcode=66"}
    done = subprocess.run([program], env=environment, capture_output=True, text=True, timeout=100, check=False)
    return done.returncode, done.stderr


code, said = run(sys.argv[1])
if code != 0 or REPORT in said:
    sys.exit(f"the correct program ended with {code}:\n{said}")
code, said = run(sys.argv[2])
if code != 66 or REPORT not in said:
    sys.exit(f"the weakened program was not reported: it ended with {code}:\n{said}")
print(said.split("\n\n")[0])
