#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every record's CPU, time, event and pid are those that trace-cmd report says, of the same file
as version 6 and as version 7 plain and with zstd. Usage: tracedat-records.py PROGRAM FILE..."""
import lzma
import os
import re
import shutil
import subprocess
import sys
import tempfile

LINE = re.compile(r"-(\d+)\s+(?:\[[^\]]*\]\s+)?\[(\d+)\]\s+\S*?(\d+)\.(\d{9}):\s+([^\s:]+):")


def theirs(path):
    text = subprocess.run(["trace-cmd", "report", "-t", "-R", path], capture_output=True,
                          errors="replace", check=False).stdout
    found = []
    for line in text.splitlines():
        m = LINE.search(line)
        if m:
            pid, cpu, seconds, ns, event = m.groups()
            found.append(f"{int(cpu)} {int(seconds + ns)} {event} {pid}")
    return found


def ours(program, path, *options):
    text = subprocess.run([program, path, *options], capture_output=True, errors="replace",
                          check=False).stdout
    return [line for line in text.splitlines() if " lost " not in line]


def main():
    program, files = sys.argv[1], sys.argv[2:]
    if not shutil.which("trace-cmd"):
        print("1..0 # SKIP no trace-cmd")
        return
    number = 0

    def claim(good, sentence, why=""):
        nonlocal number
        number += 1
        print(f"{'ok' if good else 'not ok'} {number} - {sentence}")
        if not good:
            print(f"# {why}")

    with tempfile.TemporaryDirectory() as folder:
        for path in files:
            name = os.path.basename(path)
            if path.endswith(".xz"):
                plain = os.path.join(folder, name[:-3])
                with lzma.open(path) as packed, open(plain, "wb") as out:
                    shutil.copyfileobj(packed, out)
                path = plain
            expected = theirs(path)
            claim(len(expected) > 0, f"trace-cmd reports records of {name}")
            variants = [(path, "as it is")]
            for what in (["6"], ["7", "--compression", "none"], ["7", "--compression", "zstd"]):
                other = os.path.join(folder, f"{name}.{what[0]}{what[-1]}")
                made = subprocess.run(["trace-cmd", "convert", "-i", path, "-o", other,
                                       "--file-version", *what], capture_output=True, check=False)
                claim(made.returncode == 0 and os.path.exists(other),
                      f"trace-cmd makes version {' '.join(what)} of {name}", made.stderr)
                variants.append((other, f"as version {' '.join(what)}"))
            for file, what in variants:
                for threads in "1", "3":
                    got = ours(program, file, "--threads", threads)
                    bad = next((i for i, (a, b) in enumerate(zip(expected, got)) if a != b),
                               min(len(expected), len(got)))
                    claim(expected == got,
                          f"{name} {what}: all {len(expected)} records with {threads} thread(s) "
                          "are trace-cmd's",
                          f"record {bad} differs: {expected[bad:bad + 1]} {got[bad:bad + 1]}, "
                          f"{len(expected)} and {len(got)} records")
    print(f"1..{number}")


main()
