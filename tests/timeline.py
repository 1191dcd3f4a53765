#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The pictures that schedview timeline draws, and what it refuses. Usage: timeline.py SCHEDVIEW
SOURCE"""
import os
import re
import shlex
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from tap import claim, done   # noqa: E402
from tarballs import make_tarball   # noqa: E402

VIEW, SOURCE = os.path.abspath(sys.argv[1]), sys.argv[2]
TRACE = SOURCE + "/examples/traces/build.tar"
TICK, SWITCH = 10, 11


def run(*args):
    return subprocess.run([VIEW, "timeline", *args], capture_output=True, text=True, timeout=120)


def tarball(path, rows):
    make_tarball(path, rows, {})
    return path


def size_of(png):
    with open(png, "rb") as f:
        return struct.unpack(">II", f.read(24)[16:])


def refused(sentence, status, claimed, *args):
    p = run(*args)
    claim(p.returncode == status and sentence in p.stderr and not os.path.exists("no.png"), claimed,
          p.returncode, p.stderr)


with tempfile.TemporaryDirectory() as directory:
    os.chdir(directory)
    p = run("-o", "whole.png", TRACE)
    claim(p.returncode == 0 and p.stderr == "" and size_of("whole.png")[0] == 2400,
          "a recording is drawn in the usual width", p.stderr)
    p = run("--size", "1000x800", "--window", "0.01:0.02", "--task", "cc1", "--cpus", "0", "-o",
            "part.png", TRACE)
    claim(p.returncode == 0 and size_of("part.png") == (1000, 800),
          "a part of the time, of the CPUs and of the tasks in the size that is asked for", p.stderr)
    before = size_of("whole.png")[1]
    run("--cpus", "1", "-o", "one.png", TRACE)
    claim(size_of("one.png")[1] < before, "without a size, lanes are as high as they can be read",
          before, size_of("one.png"))
    kinds = {"a.svg": b"<?xml", "a.pdf": b"%PDF"}
    for name in kinds:
        run("-o", name, TRACE)
    claim(all(open(name, "rb").read(5).startswith(kind) for name, kind in kinds.items()),
          "the ending says what kind of picture it is")

    with open(SOURCE + "/docs/view.md", encoding="utf-8") as f:
        command = shlex.split(re.search(r"^\$ schedview timeline (.*)$", f.read(), re.M)[1])
    p = run(*(SOURCE + "/" + word if word.startswith("examples/") else word for word in command))
    claim(p.returncode == 0 and p.stderr == "" and size_of("timeline.png") ==
          size_of(SOURCE + "/docs/pictures/timeline.png"),
          "the picture of docs/view.md is drawn by the command above it", p.stderr)

    refused("no file to draw to", 2, "without --output nothing is drawn", TRACE)
    refused("does not end in .png", 2, "other kinds of files are refused", "-o", "a.gif", TRACE)
    refused("has no colon", 2, "so is a window that is none", "--window", "3", "-o", "no.png", TRACE)
    refused("ends before it begins", 2, "an empty one", "--window", "2:2", "-o", "no.png", TRACE)
    refused("begins after the recording", 2, "one behind the end", "--window", "99:", "-o",
            "no.png", TRACE)
    refused("no list of CPUs", 2, "a list of CPUs that is none", "--cpus", "0-", "-o", "no.png", TRACE)
    refused("CPU 7 is not in the recording", 2, "a CPU that is not there", "--cpus", "0,7", "-o",
            "no.png", TRACE)
    refused("did you mean make?", 2, "a task that is not there, with the nearest name", "--task",
            "maek", "-o", "no.png", TRACE)
    refused("needs a height of", 2, "and lanes that would be too low to be read", "--task", "*",
            "--size", "1000x200", "-o", "no.png", TRACE)
    refused("no.tar", 1, "a file that is not there is an I/O error", "-o", "no.png", "no.tar")
    os.symlink(TRACE, "link.png")
    p = run("-o", "link.png", "link.png")
    claim(p.returncode == 2 and os.path.getsize(TRACE) > 1000, "an output is no input", p.stderr)

    for rows, sentence, claimed in (
            ([], "there are no rows", "a recording without rows is drawn, and said to be empty"),
            ([(100, 7, SWITCH, 0, 8, 0)], "there is one row", "so is one with one row"),
            ([(100, 7, SWITCH, 0, 8, 0)] * 2, "all rows are of one moment", "one of a moment"),
            ([(100, 0, TICK, 0, 0, 5), (200, 0, TICK, 0, 0, 6)], "no switches were recorded",
             "and one without switches")):
        p = run("-o", "little.png", tarball("little.tar", rows))
        claim(p.returncode == 0 and sentence in p.stderr and size_of("little.png")[0] == 2400,
              claimed, p.returncode, p.stderr)
    p = run("-q", "-o", "little.png", "little.tar")
    claim(p.returncode == 0 and p.stderr == "", "--quiet leaves the sentence out", p.stderr)
    p = run("-o", "many.png", tarball("many.tar", [(t * 1000, 7, SWITCH, t % 300, 0, 0)
                                                   for t in range(900)]))
    claim(p.returncode == 0 and size_of("many.png")[1] < 32768,
          "hundreds of CPUs make no picture that cannot be drawn", p.stderr)
done()
