#!/usr/bin/env python3
"""Wrong programs don't compile, and the compiler's first error is a sentence that a user understands.

usage: wrong_programs.py ROOT COMPILER…
"""
import os
import subprocess
import sys
import tempfile
from pathlib import Path

TYPES = """
#include <elkodon/elkodon.hpp>
#include <string>
#include <vector>
struct plain { int x; };
struct virtual_frame { virtual void f(); int x; };
struct with_text { std::string text; };
struct copied { copied(const copied&); int x; };
struct destroyed { ~destroyed(); int x; };
struct opted_in { opted_in(); opted_in(const opted_in&); ~opted_in(); int x; };
template <> struct elkodon::is_shareable<opted_in> : std::true_type {};
struct alignas(8192) far { int x; };
elkodon::service_name name();
"""
USE = "void use() {{ auto service = name().publish_subscribe<{}>().create(); service.publisher().create(); }}"

COPYABLE = "must be trivially copyable"
REFERS = "and refer to nothing"
WRONG = {
    "int*": "a pointer can't be a payload, since it means something in one process only",
    "plain*": "send what it points to, or an index",
    "int plain::*": "a pointer can't be a payload",
    "void (*)()": "a pointer can't be a payload",
    "int&": "a reference can't be a payload, since it means something in one process only",
    "const int": "a payload can't be const or volatile",
    "volatile int": "a payload can't be const or volatile",
    "void": "neither void nor a function",
    "int[4]": "use std::array, or T[] for slices",
    "virtual_frame": "a type with virtual functions can't be a payload",
    "std::string": COPYABLE,
    "std::vector<int>": "no std::string, no std::vector",
    "with_text": COPYABLE,
    "copied": "opt in by specialising elkodon::is_shareable",
    "destroyed": COPYABLE,
    "std::string_view": REFERS,
    "std::span<int>": REFERS,
    "std::reference_wrapper<int>": REFERS,
    "std::nullptr_t": REFERS,
    "std::array<int*, 3>": REFERS,
    "std::array<std::string_view, 3>": REFERS,
    "far": "can't be aligned to more than a page",
    # The same of the elements of slices, and of user headers.
    "std::string[]": COPYABLE,
    "int*[]": "a pointer can't be a payload",
    "int, std::string": COPYABLE,
    "int, int*": "a pointer can't be a payload",
    "int[], virtual_frame": "a type with virtual functions can't be a payload",
}
RIGHT = ["int", "plain", "plain[]", "int, plain", "plain[], plain", "opted_in", "opted_in[], opted_in", "std::array<plain, 3>", "elkodon::untyped"]


class Compiler:
    """Compiles texts behind TYPES, which it has compiled once."""

    def __init__(self, command, root, folder):
        self.command = [*command, "-std=c++20", f"-I{root / 'lib'}"]
        self.header = Path(folder, "types.hpp")
        self.header.write_text(TYPES)
        self.run("-x", "c++-header", str(self.header), "-o", f"{self.header}.gch").check_returncode()

    def run(self, *arguments, text=""):
        return subprocess.run([*self.command, *arguments], input=text, capture_output=True, text=True,
                              env={**os.environ, "LC_ALL": "C"})

    def __call__(self, text):
        done = self.run("-fsyntax-only", "-include", str(self.header), "-x", "c++", "-", text=text)
        return done.returncode == 0, done.stderr


def check(compile_text):
    problems = []
    compiles, said = compile_text("\n".join(
        USE.format(types).replace("use()", f"use_{i}()") for i, types in enumerate(RIGHT)))
    if not compiles:
        problems.append(f"right programs don't compile:\n{said}")
    for types, sentence in WRONG.items():
        compiles, said = compile_text(USE.format(types))
        first = next((line for line in said.splitlines() if "error:" in line), "")
        if compiles:
            problems.append(f"<{types}> compiles")
        elif "elkodon: " not in first or sentence not in first:
            problems.append(f"<{types}> should begin with \"{sentence}\", not with\n    {first}")
    return problems


def main():
    command = [part for part in sys.argv[2:] if Path(part).name != "ccache"]
    with tempfile.TemporaryDirectory() as folder:
        problems = check(Compiler(command, Path(sys.argv[1]), folder))
    print("\n".join(problems) or f"{len(WRONG)} wrong programs are told why, {len(RIGHT)} right ones compile")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
