#!/usr/bin/env python3
"""A stranger's project, outside the source tree, built against an installed copy of the library, and run.

usage: run.py headers|make|cmake|meson BUILD SOURCE COMPILER…
"""
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent


def run(*command, **options):
    print("$", *command, flush=True)
    return subprocess.run([str(c) for c in command], check=True, text=True, **options)


def installed_copy(build, into):
    """Installs BUILD below INTO and returns the environment in which pkg-config and CMake find it there."""
    run("meson", "install", "-C", build, "--no-rebuild", "--quiet", "--destdir", into)
    pc = next(into.rglob("elkodon.pc"))
    paths = {"PKG_CONFIG_PATH": pc.parent, "CMAKE_PREFIX_PATH": next(into.rglob("elkodon.hpp")).parents[2],
             "LD_LIBRARY_PATH": pc.parents[1]}
    return os.environ | {name: str(path) for name, path in paths.items()}


def project(kind, folder):
    """The consumer's sources, copied to where nothing of ours is beside them."""
    for source in [HERE / "main.cpp", HERE / "awaits.cpp", *(HERE / kind).iterdir()]:
        shutil.copy(source, folder)


def with_make(folder, environment, source, compiler):
    run("make", "-C", folder, f"CXX={' '.join(compiler)}", env=environment)
    return folder


def with_cmake(folder, environment, source, compiler):
    launcher = [f"-DCMAKE_CXX_COMPILER_LAUNCHER={compiler[0]}"] if len(compiler) > 1 else []
    run("cmake", "-S", folder, "-B", folder / "build", f"-DCMAKE_CXX_COMPILER={compiler[-1]}", *launcher, env=environment)
    run("cmake", "--build", folder / "build", env=environment)
    refused = folder / "refused"
    refused.mkdir()
    (refused / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.21)\nproject(refused LANGUAGES NONE)\n"
        "find_package(elkodon 99 QUIET)\nif(elkodon_FOUND)\nmessage(FATAL_ERROR \"0.1 is no 99\")\nendif()\n"
        "find_package(elkodon QUIET COMPONENTS nothing)\nif(elkodon_FOUND)\nmessage(FATAL_ERROR \"there is no nothing\")\nendif()\n")
    run("cmake", "-S", refused, "-B", refused / "build", env=environment)
    return folder / "build"


def with_meson(folder, environment, source, compiler):
    target = folder / "subprojects" / "elkodon"
    shutil.copytree(source, target, ignore=lambda where, names:
                    [n for n in names if n.startswith((".git", "build")) or (Path(where) == source and n in ("tests", "docs"))])
    run("meson", "setup", "--wrap-mode=nofallback", "--force-fallback-for=elkodon,elkodon-asio",
        "-Dbuildtype=plain", folder / "build", folder, env=environment | {"CXX": " ".join(compiler)})
    run("ninja", "-C", folder / "build", env=environment)
    return folder / "build"


def check_headers(folder, environment, source, compiler):
    """Installed are the headers that the public ones lead to, and no others; together they compile without our sources."""
    root = Path(environment["CMAKE_PREFIX_PATH"]) / "include"
    there = {str(h.relative_to(root)) for h in root.rglob("*.hpp")}
    public = sorted(name for name in there if name.count("/") == 1)
    outside = [Path(name).name for name in public if (source / "async" / name).is_file()]
    wanted = set()
    for part in ("lib", "async"):
        wanted |= set(run(source / "scripts/installed-headers", part, *outside, stdout=subprocess.PIPE).stdout.split())
    assert there == wanted, f"differ: {sorted(there ^ wanted)} (a new header? configure the build again: meson setup --reconfigure)"
    hidden = {str(h.relative_to(source / "lib")) for h in (source / "lib").rglob("*.hpp")} - there
    assert "elkodon/service/names.hpp" in hidden, "a header that only our sources include is installed"
    print(f"{len(public)} public headers, {len(there) - len(public)} that they include, {len(hidden)} stay at home")


if __name__ == "__main__":
    kind, build, source, *compiler = sys.argv[1:]
    os.environ.pop("MAKEFLAGS", None)
    with tempfile.TemporaryDirectory(prefix="elkodon-consumer-") as name, \
            tempfile.TemporaryDirectory(prefix="elkodon-consumer-", dir="/dev/shm") as shared:
        folder = Path(name)
        environment = installed_copy(build, folder / "installed") | {"ELKODON_ROOT": shared}
        if kind == "headers":
            check_headers(folder, environment, Path(source), compiler)
            sys.exit()
        project(kind, folder)
        built = globals()["with_" + kind](folder, environment, Path(source), compiler)
        for program in ("main", "awaits"):
            said = run(built / program, env=environment, stdout=subprocess.PIPE, timeout=60).stdout
            assert said == "received: 1234\n", said
        print(f"{kind}: built and run")
