# SPDX-License-Identifier: LGPL-2.1-or-later
"""perf as a witness of its own two views: the logs timehist and map of a load that perf and
schedrec recorded at the same time.

usage: perf_views.py SCHEDREPORT FOLDER-OF-DATA
"""
import json
import re
import subprocess
import sys

report, data = sys.argv[1:]
count = 0
good = True


def ok(true, sentence, *explain):
    global count, good
    count += 1
    good = good and bool(true)
    print("ok" if true else "not ok", count, "-", sentence, flush=True)
    for line in explain if not true else ():
        print("#", line)


def log(name):
    r = subprocess.run([report, "--log", name, "-f", "json", data + "/load.tar"],
                       capture_output=True, text=True, check=True)
    return [json.loads(line) for line in r.stdout.splitlines()]


def stamp(seconds, micros):
    return int(seconds) * 10 ** 9 + int(micros) * 1000


def perf_timehist():
    rows = []
    for line in open(data + "/timehist.txt"):
        m = re.match(r"\s*(\d+)\.(\d{6}) \[(\d+)\]\s+(.*?)\s+([\d.]+)\s+([\d.]+)\s+([\d.]+)\s+"
                     r"(\S)\s*$", line)
        if not m:
            continue
        tid = re.search(r"\[(-?\d+)(?:/-?\d+)?\]$", m[4])
        rows.append({"time": stamp(m[1], m[2]), "cpu": int(m[3]), "pid": int(tid[1]) if tid else 0,
                     "wait_ns": float(m[5]) * 1e6, "delay_ns": float(m[6]) * 1e6,
                     "run_ns": float(m[7]) * 1e6, "state": m[8]})
    return rows


def nearest(rows, time, limit=6000):
    best = min(rows, key=lambda row: abs(row["time"] - time), default=None)
    return best if best and abs(best["time"] - time) < limit else None


def check_timehist():
    ours, perf = log("timehist"), perf_timehist()
    of = {}
    for row in perf:
        of.setdefault((row["cpu"], row["pid"]), []).append(row)
    inner = [row for row in ours if perf[0]["time"] <= row["time_ns"] <= perf[-1]["time"]]
    pairs = [(row, nearest(of.get((row["cpu"], row["pid"]), []), row["time_ns"])) for row in inner]
    missing = [row for row, p in pairs if not p]
    ok(len(inner) > 500, "there are hundreds of switches to compare")
    ok(len(missing) < len(inner) / 40, "perf has the switches of the log timehist",
       f"{len(missing)} of {len(inner)} missing, first {missing[:1]}")
    # perf prints whole microseconds; both read the clock at another moment, hence 2 us.
    for column in ("run_ns", "wait_ns"):
        seen = [(row, p) for row, p in pairs if p and row["whole"] and row[column] is not None]
        far = [(row, p) for row, p in seen if abs(row[column] - p[column]) > 2000]
        ok(len(seen) > 400 and len(far) <= len(seen) / 50 and
           all(abs(row[column] - p[column]) < 20000 for row, p in far),
           f"{column[:-3]} time is perf's, to its printed precision",
           f"{len(far)} of {len(seen)} differ, first {far[:1]}")
    # perf 6.1 forgets the delay of a task that left runnable; later versions count it, as we do.
    before = {}
    seen, after_preemption = [], []
    for row, p in pairs:
        last = before.get(row["pid"])
        before[row["pid"]] = row["state"]
        if p and row["whole"] and last and last.startswith("R"):
            after_preemption.append((row, p))
        elif p and row["whole"] and last:
            seen.append((row, p))
    far = [(row, p) for row, p in seen if abs(row["delay_ns"] - p["delay_ns"]) > 2000]
    ok(len(seen) > 300 and len(far) <= len(seen) / 50,
       "sch delay after a sleep is perf's, to its printed precision",
       f"{len(far)} of {len(seen)} differ, first {far[:1]}")
    far = [(row, p) for row, p in after_preemption
           if row["delay_ns"] != row["wait_ns"] or p["delay_ns"]]
    ok(len(after_preemption) > 100 and not far,
       "sch delay after a preemption is the whole wait, where this perf prints none",
       f"first {far[:1]}")
    # perf 6.1 prints R+ as W, I as K and Z as X: it has the letters of older kernels.
    named = {"R+": "W", "I": "K", "Z": "X"}
    far = [(row, p) for row, p in pairs if p and p["state"] != named.get(row["state"],
                                                                         row["state"])]
    ok(not far, "states are perf's, but for the letters that it does not know", f"{far[:1]}")


def perf_map():
    """Time, CPU that switches, and the pid on each CPU by perf's letters."""
    rows, pid_of = [], {}
    for line in open(data + "/map.txt"):
        m = re.match(r"  (.*?)\s+(\d+)\.(\d{6}) secs ?(?:(\S\S?) +=> .*:(\d+))?\s*$", line)
        if not m:
            continue
        if m[4]:
            pid_of[m[4]] = int(m[5])
        line = line[2:]
        cells = [line[4 * cpu:4 * cpu + 4] for cpu in range(2)]
        cpu = next(i for i, cell in enumerate(cells) if cell[0] == "*")
        pids = [0 if cell[1] == "." else pid_of.get(cell[1:3].strip()) for cell in cells]
        rows.append({"time": stamp(m[2], m[3]), "cpu": cpu, "pids": pids, "pid": pids[cpu]})
    return rows


def letters():
    digit = 0
    while True:
        for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ":
            yield letter + str(digit)
        digit = (digit + 1) % 10


def check_map():
    ours, perf = log("map"), perf_map()
    pid_of, agree, differ, compared = {}, True, [], 0
    for row in ours:
        if row["new"]:
            letter, _, rest = row["new"].partition(" => ")
            pid_of[letter] = int(rest.rpartition(":")[2])
        cells = [row["cpus"][4 * cpu:4 * cpu + 4] for cpu in range(2)]
        pids = [0 if cell[1] == "." else pid_of.get(cell[1:3].strip()) for cell in cells]
        agree = agree and cells[row["cpu"]][0] == "*" and pids[row["cpu"]] == row["pid"]
        p = nearest([p for p in perf if p["cpu"] == row["cpu"] and p["pid"] == row["pid"]],
                    row["time_ns"])
        if not p:
            continue
        compared += 1
        if None not in pids and pids != p["pids"]:
            differ.append((row, p))
    ok(agree, "the letter after the mark is the task that the CPU switches to")
    ok(compared > 500, "perf has the switches of the log map", f"{compared} of {len(ours)}")
    # Switches of both CPUs within a microsecond may come in either order.
    ok(len(differ) < compared / 50, "both show the same tasks on all CPUs",
       f"{len(differ)} of {compared} differ, first {differ[:1]}")
    expected, first = letters(), {}
    for row in ours:
        if row["pid"] and row["pid"] not in first:
            first[row["pid"]] = next(expected)
    given = {}
    for row in ours:
        if row["new"]:
            letter, _, rest = row["new"].partition(" => ")
            given.setdefault(int(rest.rpartition(":")[2]), letter)
    ok(len(given) > 26 and given == first, "letters are given in the order of first switches in",
       f"{sorted(set(given.items()) ^ set(first.items()))[:4]}")


check_timehist()
check_map()
print(f"1..{count}")
sys.exit(not good)
