#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A file of two buffers by the recorder's writer, read by trace-cmd: two-buffers.py PROGRAM"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

PROGRAM = os.path.abspath(sys.argv[1])
# (buffer, CPU, ns, x) as the program says that it writes them
TOP = [("", 0, 1000000, 1), ("", 0, 1001000, 2), ("", 1, 3000000, 11), ("", 1, 3001000, 12),
       ("", 0, 5000000, 3), ("", 0, 5001000, 4)]
MORE = [("more", 0, 2000000, 101), ("more", 0, 2001000, 102), ("more", 1, 4000000, 111),
        ("more", 1, 4001000, 112)]
CASES = {"working": sorted(TOP + MORE, key=lambda r: r[2]),
         "compact": sorted(TOP + MORE, key=lambda r: r[2]),
         "copied": sorted(TOP + MORE, key=lambda r: r[2]),
         "one": MORE[2:]}
SENTENCES = {"working": "while it is recorded, trace-cmd reads both buffers",
             "compact": "finished, it holds both buffers without holes",
             "copied": "finished in another file, it holds both buffers",
             "one": "a buffer of which one CPU alone has pages is read"}

if not shutil.which("trace-cmd"):
    print("1..0 # SKIP trace-cmd is not there")
    sys.exit(0)
os.environ["ASAN_OPTIONS"] = "detect_leaks=0"
failed = 0
with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
    os.chdir(folder)
    for n, (mode, expected) in enumerate(CASES.items(), 1):
        r = subprocess.run([PROGRAM, mode, "t.dat"], capture_output=True, text=True)
        if r.returncode == 77:
            print(f"ok {n} - {SENTENCES[mode]} # SKIP {r.stderr.strip()}")
            continue
        text = subprocess.run(["trace-cmd", "report", "-t", "t.dat"], capture_output=True,
                              text=True)
        got = [(m[1] or "", int(m[2]), int(m[3]) * 10**9 + int(m[4]), int(m[5])) for m in re.finditer(
            r"^\s*(?:(\w+):)?\s*one-41\s+\[(\d+)\]\s+(\d+)\.(\d{9}):\s+tick:\s+x=(\d+)$", text.stdout,
            re.M)]
        size = os.stat("t.dat").st_size
        ok = (r.returncode == 0 and text.returncode == 0 and got == expected and
              (mode == "working" or size < 64 << 10))
        print(f"{'ok' if ok else 'not ok'} {n} - {SENTENCES[mode]}")
        if not ok:
            failed += 1
            print("\n".join(f"# {line}" for line in (f"{r.stderr} {size} {got}\n{text.stdout}\n"
                                                     f"{text.stderr}").splitlines()))
print(f"1..{len(CASES)}")
sys.exit(1 if failed else 0)
