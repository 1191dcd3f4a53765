#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What schedview draws, prints and refuses. Usage: schedview.py SCHEDVIEW SOURCE PICTURES(0|1)"""
import json
import os
import re
import struct
import io
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from tap import claim, done   # noqa: E402

VIEW, SOURCE, PICTURES = os.path.abspath(sys.argv[1]), sys.argv[2], sys.argv[3] == "1"
OWN = SOURCE + "/view/instructions/"
TRACE = SOURCE + "/examples/traces/build.tar"


def run(*args):
    return subprocess.run([VIEW, *args], capture_output=True, text=True)


def write(name, categories, output=("x", "y")):
    with open(name, "w", encoding="utf-8") as f:
        json.dump({"input": ["timestamp", "event", "cpu", "arg0", "pid"], "output": output,
                   "c": [{"label": label, "color": color, "concatenate": [steps]}
                         for label, color, steps in categories]}, f)
    return name


def with_column(tar, name, dtype, values, cut=0):
    """A copy of the trace with a column of a user's own; @cut bytes of the values are missing."""
    shutil.copy(TRACE, tar)
    header = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': ({len(values)},), }}"
    header += " " * (117 - len(header)) + "\n"
    size = struct.calcsize("<" + dtype[1])
    npy = b"\x93NUMPY\1\0" + struct.pack("<H", 118) + header.encode()
    npy += struct.pack(f"<{len(values)}{dtype[1]}", *values)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr(name + ".npy", npy[:len(npy) - cut * size])
    with tarfile.open(tar, "a") as t:
        member = tarfile.TarInfo(name + ".npz")
        member.size = len(packed.getvalue())
        t.addfile(member, io.BytesIO(packed.getvalue()))
    return tar


def png(path):
    """Width and rows of (r, g, b) of an 8-bit picture."""
    with open(path, "rb") as f:
        data = f.read()
    at, packed = 8, b""
    while at < len(data):
        n, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + n]
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", body[:10])
            assert depth == 8 and colour in (2, 6)
        packed += body if kind == b"IDAT" else b""
        at += 12 + n
    size = 3 if colour == 2 else 4
    raw, rows, before = zlib.decompress(packed), [], bytes(width * size)
    for y in range(height):
        line = bytearray(raw[y * (width * size + 1) + 1:(y + 1) * (width * size + 1)])
        kind = raw[y * (width * size + 1)]
        for i in range(len(line)):
            a = line[i - size] if i >= size else 0
            b, c = before[i], before[i - size] if i >= size else 0
            p = a + b - c
            paeth = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
            line[i] = line[i] + (0, a, b, (a + b) // 2, paeth)[kind] & 255
        rows.append([tuple(line[i:i + 3]) for i in range(0, len(line), size)])
        before = line
    return width, rows


with tempfile.TemporaryDirectory() as directory:
    os.chdir(directory)
    p = run("stats", "-f", "json", "-i", OWN + "events-per-cpu.json", TRACE)
    stats = json.loads(p.stdout)
    rows = {c["label"]: c["rows"] for c in stats["categories"]}
    p = run("vars", "-f", "json", TRACE)
    events = {v["name"]: v["rows"] for v in json.loads(p.stdout)}
    claim(rows and all(events[k] == v for k, v in rows.items()),
          "stats count the rows of an event that vars count", rows, events)
    switches = next(c for c in stats["categories"] if c["label"] == "CTX_SWITCH")["columns"]
    claim(isinstance(switches["x0"]["sum"], int) and switches["x0"]["count"] == rows["CTX_SWITCH"] and
          abs(switches["x0"]["mean"] * rows["CTX_SWITCH"] - switches["x0"]["sum"]) < 1,
          "a sum of whole numbers is whole, and the mean is that by the count", switches)
    p = run("stats", "-f", "csv", "-i", OWN + "events-per-cpu.json", TRACE)
    claim(f"CTX_SWITCH,x0,{switches['x0']['mean']!r}"[:30] in p.stdout and
          f",{switches['x0']['sum']},{rows['CTX_SWITCH']}\n" in p.stdout,
          "CSV has the same figures", p.stdout)
    p = run("stats", "-f", "json", "-i", OWN + "who-ran.json", "--query", "cpu == 0", TRACE)
    zero = sum(c["rows"] for c in json.loads(p.stdout)["categories"])
    p = run("stats", "-f", "json", "-i", OWN + "who-ran.json", "--query", "not cpu == 0", TRACE)
    other = sum(c["rows"] for c in json.loads(p.stdout)["categories"])
    p = run("stats", "-f", "json", "-i", OWN + "who-ran.json", TRACE)
    every = sum(c["rows"] for c in json.loads(p.stdout)["categories"])
    claim(zero and other and zero + other == every, "--query chooses rows", zero, other, every)
    p = run("stats", "-f", "json", "-i", OWN + "events-per-cpu.json", "--query", "comm =~ 'cc*'", TRACE)
    claim(0 < json.loads(p.stdout)["categories"][0]["rows"] < rows["CTX_SWITCH"],
          "--query knows tasks by name", p.stderr)

    steps = [["=", "x", "timestamp"], ["=", "y", "cpu"]]
    write("some.json", [("good", "red", steps), ("bad", "red", [["query", "event == $WAKEPU"]]),
                        ("worse", "red", [["query", "cpuu == 1"], *steps])])
    p = run("stats", "-f", "json", "-i", "some.json", TRACE)
    failed = json.loads(p.stdout)["failed"]
    claim(p.returncode == 0 and [(f["label"], f["op"]) for f in failed] ==
          [("bad", "$.c[1].concatenate[0][0][1]"), ("worse", "$.c[2].concatenate[0][0]")] and
          "did you mean WAKEUP?" in failed[0]["message"] and "did you mean cpu?" in failed[1]["message"] and
          p.stderr.count("is left out") == 2, "a category that cannot be drawn is left out, and said",
          p.stdout, p.stderr)

    REFUSED = [
        (["stats", "-i", write("q.json", [("a", "red", [["query", "cpu ="], *steps])]), TRACE], 3,
         r'q.json: \$.c\[0\].concatenate\[0\]\[0\]: query "cpu =", column 5: '),
        (["stats", TRACE], 2, "name an instruction file with -i"),
        (["stats", "-i", "who-rna", TRACE], 2, "no instruction file who-rna; did you mean who-ran?"),
        (["stats", "-i", "./none.json", TRACE], 2, "none.json: No such file"),
        (["stats", "-i", TRACE, TRACE], 3, "build.tar: "),
        (["stats", "-i", "some.json", "--query", "cpuu == 1", TRACE], 2, "--query: .*did you mean cpu"),
        (["stats", "-i", "some.json", "-f", "xml", TRACE], 2, "none of text, csv and json"),
        (["stats", "-i", "some.json", "-o", "some.json", TRACE], 2, "some.json is read too"),
        (["vars", "--size", "1x1", TRACE], 2, "--size is not for schedview vars"),
        (["draw", TRACE], 2, "no command draw, nor a file: there are figure, timeline, stats, vars, live and requests"),
        (["vars"], 2, "vars takes one recording"),
        ([], 2, "nothing to show"),
        (["figure", "-i", "some.json", "-o", "a.png", "--size", "10x10", TRACE], 2, "--size: 10x10 is no"),
        (["figure", "-i", "some.json", "-o", "a.png", "--size", "32767x32767", TRACE], 3, "million pixels"),
        (["figure", "-i", "some.json", "-o", "a.png", "--spread", "x", TRACE], 2, "--spread: x is no"),
    ]
    if PICTURES:
        REFUSED += [
            (["figure", "-i", "some.json", TRACE], 2, "name one with -o"),
            (["figure", "-i", "some.json", "-o", "a.gif", TRACE], 2, "--output: a.gif does not end"),
            (["figure", "-i", "some.json", "-o", "a.png", "-w", "5:6", TRACE], 2, "none of the figure"),
            (["figure", "-i", "some.json", "-o", "a.png", "--size", "300x100", TRACE], 2,
             r"--size: this picture needs a height of \d+ pixels"),
            (["figure", "-i", OWN + "wakeup-latency.json", "-o", "a.png", "-w", "0:1", TRACE], 2,
             "no time along the x axis")]
    for args, status, sentence in REFUSED:
        p = run(*args)
        claim(p.returncode == status and re.search(sentence, p.stderr) and not p.stdout,
              f"refused: {sentence}", p.returncode, p.stderr)
    claim(not os.path.exists("a.png"), "what is refused leaves no file")

    n = sum(events.values())
    with open("own.json", "w", encoding="utf-8") as f:
        json.dump({"input": ["own"], "output": ["x", "y"], "c": [{"label": "a", "color": "red",
                   "concatenate": [[["query", "own > 0"], ["=", "x", "own"], ["=", "y", "own"]]]}]}, f)
    p = run("stats", "-i", "own.json", "-f", "json", with_column("own.tar", "own", "<i4", range(-1, n - 1)))
    claim(not p.returncode and json.loads(p.stdout)["categories"][0]["rows"] == n - 2,
          "a column of one's own in the tarball is one of the recording's", p.stderr)
    p = run("stats", "-i", "own.json", TRACE)
    claim("the recording has no column own" in p.stderr and not p.returncode, "where it is not, that is said",
          p.stderr)
    for tar, sentence in ((with_column("short.tar", "own", "<i4", range(n - 1)), f"{n - 1} values for {n} rows"),
                          (with_column("cut.tar", "own", "<i4", range(n), cut=2), f"{n} values for {n} rows|cut"),
                          (with_column("text.tar", "own", "<e4", []), "dtype|damaged")):
        p = run("stats", "-i", "own.json", tar)
        claim(p.returncode == 3 and re.search(r"own\.npz: .*(" + sentence + ")", p.stderr),
              f"a damaged one is refused: {sentence}", p.returncode, p.stderr)

    names = sorted(n[:-5] for n in os.listdir(OWN))
    help_text = " ".join(run("--help").stdout.split())
    installed = help_text.partition("Installed instruction files: ")[2].partition(".")[0].split(", ")
    claim(sorted(installed) == names, "--help names all instruction files that are installed",
          installed, names)
    offered = run("--completion=bash").stdout
    claim(all(n in offered for n in names), "so does completion")

    if PICTURES:
        bad = []
        for n in names:
            for e in ("png", "svg", "pdf"):
                p = run("figure", "-i", f"{OWN}{n}.json", "--size", "900x550", "-o", f"{n}.{e}", TRACE)
                if p.returncode or os.path.getsize(f"{n}.{e}") < 2000:
                    bad += [n, e, p.returncode, p.stderr]
        claim(not bad, "every installed instruction file is drawn as PNG, SVG and PDF", *bad)
        # Two points in opposite corners, and two rows of different colours on one pixel.
        first = ["query", "timestamp == 0 and event == event"]
        corner = [first, ["=", "y", ["-", "cpu", "cpu"]], ["=", "x", "y"]]
        far = [first, ["=", "y", ["+", ["-", "cpu", "cpu"], 10]], ["=", "x", "y"]]
        write("corners.json", [("a", "#ff0000", corner), ("b", "#0000ff", corner), ("c", "#00ff00", far)])
        p = run("figure", "-i", "corners.json", "-o", "c.png", "--size", "401x350", "--spread", "0", TRACE)
        width, dots = png("c.png")
        claim(width == 401 and len(dots) == 350, "a PNG is as large as --size says", width, len(dots))
        purple = [(x, y) for y, row in enumerate(dots) for x, d in enumerate(row) if d == (128, 0, 128)]
        green = [(x, y) for y, row in enumerate(dots) for x, d in enumerate(row) if d == (0, 255, 0)]
        # The legend has boxes of both colours, high up; the corners of the plot are behind them.
        purple, last = [d for d in purple if d[1] > 175], max(green)
        claim(len(purple) == 1 and last[0] > 340 and last[1] < purple[0][1] and
              sum(g[0] == last[0] for g in green) == 1,
              "a pixel has the mean of its rows' colours, and the last one is that at the upper end",
              purple, green[-5:], p.stderr)
        p = run("figure", "-i", "corners.json", "-o", "c.png", "--size", "401x350", "--spread", "1", TRACE)
        _, dots = png("c.png")
        spread = [d for row in dots for d in row if d == (128, 0, 128)]
        claim(len(spread) == 4, "--spread colours the pixels beside it that are in the plot", len(spread))
done()
