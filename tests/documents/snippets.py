#!/usr/bin/env python3
"""Compiles every C++ block of every page, from the page; all together, so that headers are read once.

usage: snippets.py SOURCE PAGE=BLOCKS… -- COMPILER…      PAGE=BLOCKS: that page has at least so many; --self-test: checks this check

A block is the body of a function, or, if it defines functions or types at the left margin, stands in a namespace. Its
`#include` lines go first. What it takes for granted is said in a comment before it, which the rendered page doesn't show:
    <!-- given: elkodon::subscriber<int> subscriber; -->
Blocks after `<!-- file: … -->` are files that the build compiles (scripts/checks/readme-snippets compares them); a block with
`<!-- not compiled: why -->` before it isn't compiled, and counted. Fenced blocks need a language: none passes unseen.
"""
import re
import subprocess
import sys
import tempfile
from pathlib import Path

PAGES = ("*.md", "docs/*.md", "docs/decisions/*.md", "config/*.md", "examples/*.md", "examples/*/*.md", "benchmarks/*.md", "tools/*.md")
FENCE = re.compile(r"^(?P<fence>```+)(?P<language>\S*)[^\n]*\n(?P<text>.*?)^(?P=fence)[ \t]*$", re.M | re.S)
MARK = re.compile(r"<!-- (?P<kind>file|given|not compiled): (?P<text>(?:(?!-->).)*?) -->\s*\Z", re.S)
LANGUAGES = {"cpp", "sh", "cmake", "meson", "make", "toml", "json", "text", "c", "rust", "ini"}
DEFINES = re.compile(r"^(?:asio::awaitable|elkodon::task|int main|void |struct |class |template|namespace |TEST_CASE|inline |constexpr \w+ \w+\()", re.M)


def blocks_of(page, text):
    """(line, code, what is given) of each block to compile; errors; the number of blocks that are files or not compiled."""
    found, errors, others = [], [], 0
    for match in FENCE.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        language, mark = match["language"], MARK.search(text[:match.start()])
        if language not in LANGUAGES:
            errors.append(f"{page}:{line}: a block without a language, or with an unknown one: '{language}'")
        elif language == "cpp" and mark and mark["kind"] != "given":
            others += 1
        elif language == "cpp":
            found.append((line + 1, match["text"], mark["text"] if mark else ""))
    return found, errors, others


def program(pages):
    """One source of all blocks of PAGES, {name: blocks}."""
    includes, bodies, uring = [], [], []
    for page, blocks in pages.items():
        for number, (line, code, given) in enumerate(blocks):
            lines = code.split("\n")
            mine = [each for each in lines if each.startswith("#include")]
            code = "\n".join("" if each.startswith("#include") else each for each in lines)
            place = f'#line {line} "{page}"\n{code}\n'
            name = f"block_{len(bodies) + len(uring)}"
            if DEFINES.search(code):
                code = code.replace("int main", f"int main_{name}")
                body = f'namespace {name} {{\n{given}\n#line {line} "{page}"\n{code}\n}}\n'
            else:
                body = f"inline void {name}() {{\n{given}\n{place}}}\n"
            needs_uring = any("io_uring.hpp" in each for each in mine) or "uring::" in code + given
            (uring if needs_uring else bodies).append(body)
            includes += [] if needs_uring else mine
    prelude = (Path(__file__).parent / "prelude.hpp").read_text()
    text = "\n".join(dict.fromkeys(includes)) + "\n" + prelude + "\n".join(bodies)
    if uring:
        text += "#if __has_include(<liburing.h>)\n#include <elkodon/io_uring.hpp>\n" + "\n".join(uring) + "#endif\n"
    return text


def compile_all(source, compiler, text):
    with tempfile.TemporaryDirectory() as folder:
        unit = Path(folder, "documents.cpp")
        unit.write_text(text)
        return subprocess.run([*compiler, "-std=c++20", "-fsyntax-only", "-w", "-DASIO_STANDALONE", "-DASIO_HAS_CO_AWAIT=1",
                               f"-I{source}/lib", f"-I{source}/async", str(unit)], capture_output=True, text=True)


def self_test():
    page = "<!-- given: at<int> a; -->\n```cpp\na = 1;\n```\n```cpp\nint b;\n```\n<!-- file: x.cpp -->\n```cpp\nc\n```\n```sh\nls\n```\n"
    found, errors, others = blocks_of("p.md", page)
    assert (len(found), errors, others) == (2, [], 1), (found, errors, others)
    assert found[0] == (3, "a = 1;\n", "at<int> a;") and found[1][2] == "", found
    assert blocks_of("p.md", "x\n```\nint b;\n```\n")[1] == ["p.md:2: a block without a language, or with an unknown one: ''"]
    assert "namespace block_0" in program({"p.md": [(1, "void f() {}\n", "")]})
    assert "void block_0()" in program({"p.md": [(1, "int a;\n", "")]})
    print("blocks, givens, files and a block without a language are told apart")


def main(source, wanted, compiler):
    pages, errors, others = {}, [], 0
    for path in sorted({p for pattern in PAGES for p in source.glob(pattern)}):
        name = str(path.relative_to(source))
        found, wrong, left = blocks_of(name, path.read_text(encoding="utf-8"))
        pages[name], errors, others = found, errors + wrong, others + left
    for name, least in wanted.items():
        if len(pages.get(name, [])) < least:
            errors.append(f"{name}: {len(pages.get(name, []))} blocks that compile, at least {least} expected")
    if not errors:
        done = compile_all(source, compiler, program(pages))
        errors += [done.stderr] if done.returncode else []
    count = sum(map(len, pages.values()))
    print("\n".join(errors) or f"{count} blocks compile, {others} are files or not compiled")
    return bool(errors)


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        sys.exit(self_test())
    split = sys.argv.index("--")
    expected = {name: int(count) for name, count in (each.split("=") for each in sys.argv[2:split])}
    sys.exit(main(Path(sys.argv[1]).resolve(), expected, sys.argv[split + 1:]))
