#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Figures have the rows, sums and counts per pixel that pandas and numpy find.
Usage: figure-pandas.py FIGURE-COUNTS INSTRUCTIONS-DIRECTORY TRACE.tar... [SCHEDCONV IDLE.dat.xz]"""
import io
import json
import lzma
import os
import random
import string
import subprocess
import sys
import tarfile
import tempfile
import warnings

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from tap import claim, done, skip   # noqa: E402

try:
    import numpy as np
    import pandas
except ImportError:
    skip("figures have the rows that pandas finds", "python3-pandas is not installed")
    done()

warnings.simplefilter("ignore")
COUNTS, INSTRUCTIONS = sys.argv[1:3]
TRACES = [a for a in sys.argv[3:] if a.endswith(".tar")]
CONVERT = [a for a in sys.argv[3:] if not a.endswith(".tar")]
PAIRS = [("BLOCK", "WAKEUP"), ("IDL_BLN_FAIR_BEG", "IDL_BLN_FAIR_END"),
         ("PER_BLN_FAIR_BEG", "PER_BLN_FAIR_END")]
SEED = int(os.environ.get("SEED", random.randrange(10**6)))
print(f"# SEED={SEED}")
chance = random.Random(SEED)

# Each construct of the language, which our own files do not all have.
ALL = {
    "input": ["timestamp", "pid", "event", "cpu", "arg0", "arg1",
              *[f"nxt_{key}_of_same_evt_on_same_{where}" for key in ("timestamp", "arg0", "arg1")
                for where in ("cpu", "pid")],
              *[f"nxt_{key}_of_({a}|{b})_on_same_{where}" for a, b in PAIRS[:2]
                for key in ("timestamp", "arg0", "arg1") for where in ("cpu", "pid")],
              "nxt_blk_wkp_of_same_pid", "prv_frq_on_same_cpu", "wakeup_latency"],
    "output": ["x0", "y0", "x1", "y1", "c", "v", "w"],
    "c": [],
}


def construct(v, w, condition="event == $CTX_SWITCH | event == $WAKEUP", *more):
    steps = [["query", condition], *more, ["=", "v", v], ["=", "w", w], ["=", "x0", "timestamp"],
             ["=", "x1", "nxt_timestamp_of_same_evt_on_same_cpu"], ["=", "y0", "cpu"],
             ["=", "y1", ["+", "cpu", ["/", "pid", 10000]]]]
    ALL["c"].append({"label": "$$", "color": "#123", "concatenate": [steps]})


for name in ALL["input"]:
    if name != "prv_frq_on_same_cpu":
        construct(name, 0)
construct("cpu", 1, "event == $WAKEUP", ["query", "cpu == 1"], ["query", "pid > 3000"])
construct(["+", "cpu", "pid", 7], ["+", 1, 2.5, "cpu"])
construct(["-", "arg0", "pid", 7], ["-", 1.5, "cpu"])
construct(["-", 10, ["+", "cpu", ["-", "pid", "cpu"]], 1], ["/", "pid", 4])
construct(["/", 7, "pid", 2], ["/", "pid"], "event == $BLOCK and pid > 0")
construct(["/", "pid", "cpu"], ["+", "cpu"], "event == $BLOCK and cpu > 0")
construct(["rolling", 3, "sum", "arg0"], ["rolling", 5, "mean", "arg0"])
construct(["rolling", 4, "median", "arg0"], ["rolling", 7, "median", "pid"])
construct(["rolling", 100, "mean", "u"], ["rolling", 2, "sum", "wakeup_latency"],
          "event == $WAKEUP", ["=", "u", ["/", "pid", 3]])
construct(["rolling", 9, "median", "wakeup_latency"], 0, "event == $WAKEUP")
construct(["rolling", 9, "sum", "u"], 0, "event == $TICK", ["=", "u", "cpu"])
construct(["argsort", "arg0"], ["argsort", "pid"])
construct(["argsort", "u"], ["argsort", "wakeup_latency"], "event != 5", ["=", "u", ["/", "pid", 7]])
construct(["rolling", 3, "sum", "prv_frq_on_same_cpu"], ["argsort", "prv_frq_on_same_cpu"],
          "event == $RQ_SIZE")
construct("pid", "v", "event == ${FORK} & timestamp > 1000", ["=", "pid", ["+", "pid", 1]],
          ["=", "timestamp", ["+", "timestamp", 1]])
construct("cpu", 1, "event in [1, $WAKEUP] or 0 < pid < 100 and not event == $BLOCK")
construct(0, 0, "event == $EXEC")
ALL["c"][-1]["concatenate"] += [ALL["c"][0]["concatenate"][0], ALL["c"][1]["concatenate"][0]]


def load(path):
    """The frame of a tarball, and its events' numbers."""
    columns, events = {}, {}
    with tarfile.open(path) as tar:
        for member in tar:
            name = os.path.basename(member.name)
            if name.endswith(".start"):
                for line in tar.extractfile(member).read().decode().splitlines():
                    if line:
                        number, event = line.split(" ")
                        events[event] = int(number)
            elif name.endswith(".npz"):
                with tempfile.TemporaryFile() as f:
                    f.write(tar.extractfile(member).read())
                    f.seek(0)
                    loaded = np.load(f)
                    columns.update({k: loaded[k] for k in loaded.files})
    return columns, events


def write(path, columns, events):
    with tarfile.open(path, "w") as tar:
        members = {"sched_log_traced_events.start":
                   "".join(f"{number} {name}\n" for name, number in events.items()).encode()}
        for name, values in columns.items():
            packed = io.BytesIO()
            np.savez_compressed(packed, **{name: values})
            members[name + ".npz"] = packed.getvalue()
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))


def with_schedlog_rows(columns, events):
    """The recording as a kernel with SchedLog writes it: frequencies at ticks and after them,
    attempts of balancing around idle; and two columns of a user's own."""
    rows, idle = [], chance.randrange(2, 5)
    names = ["timestamp", "pid", "event", "cpu", "arg0", "arg1"]
    for i, row in enumerate(zip(*(columns[n].tolist() for n in names))):
        rows.append(row)
        t, pid, event, cpu, arg0, _ = row
        if event == events["CTX_SWITCH"] and arg0 == 0 and i % idle:
            rows.append((t + 200, pid, events["IDL_BLN_FAIR_BEG"], cpu, 0, 0))
            rows.append((t + chance.randrange(300, 9000), pid, events["IDL_BLN_FAIR_END"], cpu, 0, 0))
        if event == events["RQ_SIZE"] and i % 7 == 0:
            rows.append((t + 50, pid, events["TICK"], cpu, 0, chance.randrange(0, 4400000)))
            rows.append((t + 60, pid, events["PER_BLN_FAIR_BEG"], cpu, 0, 0))
            rows.append((t + 900, pid, events["PER_BLN_FAIR_END"], cpu, 0, 0))
    rows.sort(key=lambda row: row[0])
    out = {n: np.array([row[k] for row in rows], columns[n].dtype) for k, n in enumerate(names)}
    load = np.cumsum(np.array([chance.uniform(-1, 1) for _ in rows], "<f4"))
    load[::5] = np.nan
    out["load"] = load.astype("<f4")
    out["weight"] = np.array([chance.randrange(-20, 20) for _ in rows], ">i2")
    out["my_timestamp"] = out["timestamp"] + 5
    return out


OWN = {"input": ["my_timestamp", "event", "load", "weight", "no_such"], "output": ["x", "y", "c", "w"],
       "c": [{"label": "load", "color": "red", "concatenate": [
           [["query", "event == $CTX_SWITCH and load == load"], ["=", "x", "my_timestamp"],
            ["=", "y", ["+", "load", "weight"]], ["=", "w", "weight"]]]}]}


def following(values, groups, chosen):
    """Each chosen row's value of the next chosen one with the same group."""
    out = values.copy()
    for group in np.unique(groups[chosen]):
        rows = np.flatnonzero(chosen & (groups == group))
        out[rows[:-1]] = values[rows[1:]]
    return out


def wakeup_latency(d, events):
    out, woken = np.full(len(d["pid"]), np.nan), {}
    for i, event in enumerate(d["event"]):
        if event == events["WAKEUP"]:
            woken[d["pid"][i]] = i
        elif event == events["CTX_SWITCH"] and d["arg0"][i] in woken:
            at = woken.pop(d["arg0"][i])
            out[at] = d["timestamp"][i] - d["timestamp"][at]
    return out


def compute(name, d, events):
    event = d["event"]
    for key in ("timestamp", "arg0", "arg1"):
        for where in ("cpu", "pid"):
            if name == f"nxt_{key}_of_same_evt_on_same_{where}":
                return following(d[key], event.astype(np.int64) * 2**32 + d[where],
                                 np.ones(len(event), bool))
            for a, b in PAIRS:
                if name == f"nxt_{key}_of_({a}|{b})_on_same_{where}":
                    return following(d[key], d[where],
                                     np.isin(event, [events[a], events[b]]))
    if name == "nxt_blk_wkp_of_same_pid":
        out, after = d["timestamp"].copy(), {}
        for i in range(len(event) - 1, -1, -1):
            out[i] = after.get(d["pid"][i], out[i])
            if event[i] in (events["BLOCK"], events["WAKEUP"]):
                after[d["pid"][i]] = d["timestamp"][i]
        return out
    if name == "prv_frq_on_same_cpu":
        out, latest = np.full(len(event), np.nan), {}
        for i in range(len(event)):
            if event[i] == events["TICK"]:
                latest[d["cpu"][i]] = d["arg1"][i]
            out[i] = latest.get(d["cpu"][i], np.nan)
        return out
    return wakeup_latency(d, events)


def evaluate(frame, value):
    if isinstance(value, str):
        return frame[value]
    if not isinstance(value, list):
        return pandas.Series(value, index=frame.index)
    op, *rest = value
    if op == "rolling":
        return getattr(frame[rest[2]].rolling(rest[0]), rest[1])()
    if op == "argsort":
        return frame[rest[0]].argsort(kind="stable")
    out, *others = [evaluate(frame, v) for v in rest]
    for other in others:
        out = out + other if op == "+" else out - other if op == "-" else out / other
    return out.astype(float) if op == "/" else out


def rows_of(frame, steps, number, output):
    for op, *rest in steps:
        if op == "query":
            frame = frame.query(rest[0], engine="python")
        else:
            frame = frame.assign(**{rest[0]: evaluate(frame, rest[1])})
    return frame.assign(c=number)[output].dropna()


def pixels(values, begin, end, n):
    at = np.floor((values - begin) * n / (end - begin))
    return np.clip(at, 0, n - 1).astype(int)


def count_points(frame, window, width, height):
    x0, x1, y0, y1 = window
    counts, _, _ = np.histogram2d(frame.y, frame.x, (height, width), ((y0, y1), (x0, x1)))
    return counts.astype(int)


def count_lines(frame, window, width, height):
    """A line at a time, from the definition."""
    x0, x1, y0, y1 = window
    counts = np.zeros((height, width), int)
    for ax, ay, bx, by in zip(*(frame[k].to_numpy(float) for k in ("x0", "y0", "x1", "y1"))):
        steep = abs(by - ay) * height / (y1 - y0) > abs(bx - ax) * width / (x1 - x0)
        if steep:
            begin, end, n, a, b, o, p, m = y0, y1, height, ay, by, ax, bx, width
            other = (x0, x1)
        else:
            begin, end, n, a, b, o, p, m = x0, x1, width, ax, bx, ay, by, height
            other = (y0, y1)
        if a > b:
            a, b, o, p = b, a, p, o
        if b < begin or a > end:
            continue
        along = np.arange(pixels(max(a, begin), begin, end, n), pixels(min(b, end), begin, end, n) + 1)
        at = np.clip(begin + (along + 0.5) * (end - begin) / n, a, b)
        across = o + (p - o) * (at - a) / (b - a) if b > a else np.full(len(at), o)
        inside = (across >= other[0]) & (across <= other[1])
        along, across = along[inside], pixels(across[inside], *other, m)
        np.add.at(counts, (along, across) if steep else (across, along), 1)
    return counts


def ask(path, trace, width, height, window=()):
    p = subprocess.run([COUNTS, path, trace, str(width), str(height), *map(repr, window)],
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert p.returncode == 0, p.stderr
    categories = []
    for line in p.stdout.splitlines():
        word, *rest = line.split(" ")
        if word == "failed":
            categories.append((line, None))
        elif word == "rows":
            categories.append(([float(r) if "." in r or "n" in r or "e" in r else int(r)
                                for r in rest], np.zeros((height, width), int)))
        else:
            categories[-1][1][int(rest[0]), int(word)] = int(rest[1])
    return categories


def same_sums(found, frame):
    """Whole numbers exactly, fractions as sums of fractions are."""
    if found[0] != len(frame):
        return False
    for value, name in zip(found[1:], frame.columns):
        column = frame[name]
        if not len(column):
            ok = value == 0
        elif column.dtype.kind == "i":
            ok = value == sum(map(int, column))
        else:
            ok = np.isclose(value, column.sum(), rtol=1e-9, atol=1e-6 * abs(column).max(),
                            equal_nan=True) or not np.isfinite(column.sum())
        if not ok:
            return False
    return True


def random_window(ends):
    out = []
    for low, high in ends:
        a, b = sorted(chance.uniform(low, high) for _ in range(2))
        whole = chance.random() < 0.5 # edges on values
        a, b = (float(int(a)), float(int(b))) if whole else (a, b)
        out += [a, b] if b > a else [low - 1, high + 1]
    return [float(v) for v in out]


def check(path, trace, frame, events, needed=False):
    with open(path, encoding="utf-8") as f:
        text = string.Template(f.read()).substitute(events)
    figure = json.loads(text)
    lines = "x0" in figure["output"]
    own = pandas.DataFrame({k: frame(k) for k in figure["input"] if k != "no_such"})
    expected = [pandas.concat([rows_of(own, steps, i, figure["output"]) for steps in c["concatenate"]])
                for i, c in enumerate(figure["c"])]
    wrong = [f"{c['label']}: {f[0]} {len(e)} {[e[k].sum() for k in e]}" for c, f, e in
             zip(figure["c"], ask(path, trace, 1, 1), expected) if not same_sums(f[0], e)]
    name = f"{os.path.basename(path)[:-5]} of {os.path.basename(trace)}"
    claim(not wrong, f"{name} has the rows and sums that pandas finds", *wrong)
    every = pandas.concat(expected)
    if needed:
        claim(len(every) > 20, f"{name}: there are rows", len(every))
    finite = every[np.isfinite(every[["x0", "x1", "y0", "y1"] if lines else ["x", "y"]]).all(axis=1)]
    if not len(finite):
        return
    ends = [(finite[k].min().min(), finite[k].max().max())
            for k in ((["x0", "x1"], ["y0", "y1"]) if lines else (["x"], ["y"]))]
    wrong = []
    width, height = chance.choice([(1, 1), (chance.randrange(2, 400), chance.randrange(2, 200)),
                                   (2400, 37)])
    window = random_window(ends)
    answers = list(zip(figure["c"], ask(path, trace, width, height, window), expected))
    for c, (_, counts), rows in chance.sample(answers, min(3, len(answers))):
        found = (count_lines if lines else count_points)(rows, window, width, height)
        if not np.array_equal(counts, found):
            wrong.append(f"{c['label']} {width}x{height} {window}: {counts.sum()} {found.sum()}")
    claim(not wrong, f"{name} has numpy's counts on a random window", *wrong)


def frame_of(raw, events):
    t0, made = raw["timestamp"][0], {}

    def column(name):
        if name not in made:
            made[name] = raw[name] if name in raw else compute(name, raw, events)
            made[name] = made[name].astype("f8" if made[name].dtype.kind == "f" else
                                           made[name].dtype.newbyteorder("="))
            if "timestamp" in name or name == "nxt_blk_wkp_of_same_pid":
                made[name] = made[name] - t0
        return made[name]
    return column


def installed(name):
    return os.path.join(INSTRUCTIONS, name + ".json")


with tempfile.TemporaryDirectory() as directory:
    for file, content in (("every-construct", ALL), ("own-columns", OWN)):
        with open(f"{directory}/{file}.json", "w", encoding="utf-8") as f:
            json.dump(content, f)
    for trace in TRACES:
        raw, events = load(trace)
        for path in sorted([directory + "/every-construct.json"] +
                           [os.path.join(INSTRUCTIONS, n) for n in os.listdir(INSTRUCTIONS)]):
            check(path, trace, frame_of(raw, events), events)
    # The last one, pairs of tasks that wake each other, once more with what other kernels log.
    raw = with_schedlog_rows(raw, events)
    write(directory + "/schedlog.tar", raw, events)
    for path in (installed("frequency-bands"), installed("frequency-while-running"),
                 installed("load-balancing"), directory + "/own-columns.json"):
        check(path, directory + "/schedlog.tar", frame_of(raw, events), events, needed=True)
    if CONVERT:
        with lzma.open(CONVERT[1]) as packed, open(directory + "/idle.dat", "wb") as f:
            f.write(packed.read())
        subprocess.run([CONVERT[0], "-q", directory + "/idle.dat", directory + "/idle.tar"], check=True)
        raw, events = load(directory + "/idle.tar")
        check(installed("idle-states"), directory + "/idle.tar", frame_of(raw, events), events,
              needed=True)
done()
