#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What schedreport compare says of several recordings, worked out anew by numpy from what
schedreport says of each one. Usage: compare_numpy.py SCHEDREPORT EXAMPLES-DIRECTORY"""
import csv
import io
import json
import math
import os
import subprocess
import sys
import tempfile

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from tarballs import make_tarball   # noqa: E402

SCHEDREPORT, EXAMPLES = sys.argv[1:3]
WAKEUP, BLOCK, CTX_SWITCH, MIGRATE = 2, 4, 11, 12
NAMES = ["reader", "writer", "often", "rare"]
REAL = [os.path.join(EXAMPLES, name + ".tar") for name in ("build", "memory", "pingpong")]
tests = []


def test(f):
    tests.append(f)
    return f


def make_recording(path, rng, longer, with_rare):
    """Tasks wake, wait and run on one CPU; pids differ from run to run, names do not."""
    base = int(rng.integers(1000, 30000))
    rows = []
    now = 1_000_000_000
    tasks = [0, 1, 2, 2] + ([3] if with_rare else [])
    for _ in range(60):
        which = int(rng.integers(len(tasks)))
        pid, name = base + which, tasks[which]
        comm = name + 1
        rows.append((now, pid, WAKEUP, 0, 0, 0, comm))
        now += int(rng.exponential(20_000 * longer)) + 1
        rows.append((now, 0, CTX_SWITCH, 0, pid, 0, 0))
        now += int(rng.exponential(300_000)) + 1
        if rng.random() < 0.2:
            rows.append((now, pid, MIGRATE, 0, 0, 1, comm))
        rows.append((now, pid, BLOCK, 0, 0, 0, comm))
        rows.append((now, pid, CTX_SWITCH, 0, 0, 0, comm))
        now += 1000
    make_tarball(path, rows, {name: i + 1 for i, name in enumerate(NAMES)})


def run(*arguments):
    p = subprocess.run([SCHEDREPORT, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert p.returncode == 0, (arguments, p.stderr.decode())
    return p.stdout.decode()


def table_of(path, analysis, table, *arguments):
    """A table of one recording: rows with None where a cell is empty."""
    text = run(analysis, "-q", "-f", "csv", "--table", table, *arguments, path)
    return [{k: v if v != "" else None for k, v in row.items()}
            for row in csv.DictReader(io.StringIO(text))]


def merged(rows, key, column, how):
    """{key: value} of one recording; None is unknown."""
    values = {}
    for row in rows:
        value = None if row[column] is None else float(row[column])
        values.setdefault(tuple(row[k] for k in key), []).append(value)
    return {k: None if None in v else how(v) for k, v in values.items()}


def splitmix64(n, seed):
    """The first n draws, vectorised: the state is a plain counter."""
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.uint64(0x9e3779b97f4a7c15) * np.arange(1, n + 1, dtype=np.uint64)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xbf58476d1ce4e5b9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94d049bb133111eb)
        return z ^ (z >> np.uint64(31))


def bootstrap(a, b, resamples, seed):
    """The 2.5th and 97.5th percentile of the difference of resampled medians."""
    draws = splitmix64(resamples * (len(a) + len(b)), seed).reshape(resamples, len(a) + len(b))
    index = lambda part, n: np.array([[int(d) * n >> 64 for d in row] for row in part])
    medians = [np.median(np.sort(v)[index(part, len(v))], axis=1)
               for v, part in ((a, draws[:, :len(a)]), (b, draws[:, len(a):]))]
    return np.percentile(medians[1] - medians[0], [2.5, 97.5], method="inverted_cdf")


def superiority(a, b):
    """Vargha and Delaney's A by all pairs."""
    return np.mean([(y > x) + 0.5 * (y == x) for x in a for y in b])


def same(ours, expected, tolerance=1e-12):
    if ours is None or expected is None or math.isnan(expected):
        return ours is None and (expected is None or math.isnan(expected))
    return abs(ours - expected) <= tolerance * max(1, abs(expected))


GROUPS = {"old": 6, "new": 5}
MEASURES = {"on_cpu_ns": sum, "wait_wakeup_ns": sum, "switches_voluntary": sum, "migrations": sum}


def compare(*arguments):
    return json.loads(run("compare", "-q", "-f", "json", *arguments))


def groups():
    return [argument for name in GROUPS for argument in ("--group", "%s=%s/%s-*.tar" % (name, DIR,
                                                                                     name))]


@test
def medians_intervals_and_effect_sizes_of_groups_are_those_of_numpy():
    seed, resamples = 7, 1000
    found = compare("tasks", *groups(), "--seed", str(seed), "--resamples", str(resamples),
                    "--columns", ",".join(MEASURES))
    intervals = 0
    for column, how in MEASURES.items():
        runs = {name: [merged(table_of("%s/%s-%d.tar" % (DIR, name, i), "tasks", "tasks"),
                              ["comm"], column, how) for i in range(n)]
                for name, n in GROUPS.items()}
        rows = found["tasks." + column]["rows"]
        assert {(row["comm"],) for row in rows} == {k for r in runs.values() for v in r for k in v}
        for row in rows:
            # A task that a recording does not have did nothing there.
            a, b = (np.array([v.get((row["comm"],), 0.) for v in runs[name]]) for name in GROUPS)
            assert same(row["old"], np.median(a)) and same(row["new"], np.median(b)), row
            assert same(row["diff_new"], np.median(b) - np.median(a)), row
            low, high = bootstrap(a, b, resamples, seed)
            assert same(row["low_new"], low) and same(row["high_new"], high), (row, low, high)
            assert row["differs_new"] == ("higher" if low > 0 else "lower" if high < 0 else "no")
            assert same(row["a12_new"], superiority(a, b)), row
            assert row["n_old"] == len(a) and row["n_new"] == len(b)
            if np.median(a):
                assert same(row["change_new"], 100 * (np.median(b) / np.median(a) - 1), 1e-9), row
            intervals += low != high
    assert intervals >= 10, intervals


@test
def a_difference_that_was_made_is_found_and_none_where_there_is_none():
    rows = {row["comm"]: row for row in compare("tasks", *groups(), "--columns", "wait_wakeup")
            ["tasks.wait_wakeup_ns"]["rows"]}
    assert rows["often"]["differs_new"] == "higher" and rows["often"]["a12_new"] > 0.9, rows
    half = compare("tasks", "--columns", "on_cpu", "--group", "one=%s/old-?.tar" % DIR,
                   "--group", "two=%s/old-?.tar" % DIR)["tasks.on_cpu_ns"]["rows"]
    assert {row["differs_two"] for row in half} == {"no"} and {row["a12_two"] for row in half} == {0.5}


@test
def totals_are_the_sums_of_the_tables():
    found = compare("tasks", *groups())
    totals = {row["figure"]: row for name in ("totals_time", "totals_counts")
              for row in found[name]["rows"] if row["table"] == "tasks"}
    figures = {row["group"]: row for row in found["figures"]["rows"]}
    for column in MEASURES:
        for name, n in GROUPS.items():
            sums = [sum(float(row[column]) for row in
                        table_of("%s/%s-%d.tar" % (DIR, name, i), "tasks", "tasks"))
                    for i in range(n)]
            assert same(totals[column][name], np.median(sums)), (column, name)
            assert same(figures[name]["tasks." + column], np.median(sums)), (column, name)


@test
def real_recordings_stand_side_by_side_as_each_alone():
    labels = ["build", "memory", "pingpong"]
    for analysis, table, key, column, how in (
            ("tasks", "tasks", ["comm"], "charged_ns", sum),
            ("tasks", "tasks", ["comm"], "cpus", max),
            ("cpus", "cpus", ["cpu"], "busy", lambda v: v[0]),
            ("cpus", "cpus", ["cpu"], "switches", lambda v: v[0]),
            ("migrations", "migration_matrix", ["from", "to"], "migrations", sum),
            ("latency", "latency_kinds", ["kind", "placement"], "p99_ns", lambda v: v[0]),
            ("latency", "latency", ["comm", "kind"], "max_ns", max),
            ("states", "states", ["state"], "certain_ns", sum),
            ("waits", "waits", ["comm"], "wait_preempt_ns", sum),
            ("memory", "memory", ["comm"], "rss_peak_bytes", max),
            ("memory", "memory", ["comm"], "faults_user", sum)):
        # Memory events were recorded in the first two.
        paths = REAL[:2] if analysis == "memory" else REAL
        expected = [merged(table_of(path, analysis, table), key, column, how) for path in paths]
        rows = compare(analysis, *paths, "--table", table, "--columns", column)
        rows = rows["%s.%s" % (table, column)]["rows"]
        assert rows, table
        for row in rows:
            for label, values in zip(labels, expected):
                k = tuple(None if row[c] is None else str(row[c]) for c in key)
                absent = 0. if how is sum else None
                want = values.get(k, absent)
                if want is None and how is max and k in values:
                    continue   # the greatest of those that are known
                assert same(row[label], want), (table, column, row, label, want)


@test
def means_are_weighted():
    rows = compare("latency", *REAL, "--table", "latency", "--columns", "mean")
    rows = {(row["comm"], row["kind"]): row for row in rows["latency.mean_ns"]["rows"]}
    alone = table_of(REAL[0], "latency", "latency")
    for key in {(row["comm"], row["kind"]) for row in alone}:
        parts = [(float(row["mean_ns"]), int(row["count"])) for row in alone
                 if (row["comm"], row["kind"]) == key and row["mean_ns"] is not None]
        if parts:
            mean = sum(m * n for m, n in parts) / sum(n for m, n in parts)
            assert same(rows[key]["build"], mean, 1e-9), key


@test
def histograms_of_a_group_are_added_up_bin_by_bin():
    found = compare("latency", "--group", "two=%s,%s" % (REAL[0], REAL[1]), REAL[2])
    rows = found["latency_histogram.wakeup"]["rows"]
    bins = {}
    for path, group in zip(REAL, ("two", "two", "pingpong")):
        for row in table_of(path, "latency", "latency_histogram"):
            key = int(row["from_ns"]), int(row["below_ns"]), group
            bins[key] = bins.get(key, 0) + int(row["wakeup"])
    assert sum(row["two"] for row in rows) == sum(v for k, v in bins.items() if k[2] == "two") > 100
    assert [row["from_ns"] for row in rows] == sorted(row["from_ns"] for row in rows)
    for row in rows:
        for group in ("two", "pingpong"):
            assert row[group] == bins.get((row["from_ns"], row["below_ns"], group), 0), row
    total = sum(row["pingpong"] for row in rows)
    shares = np.array([row["share_pingpong"] for row in rows])
    assert np.allclose(shares, [100 * row["pingpong"] / total for row in rows])
    assert np.allclose(np.cumsum(shares), [row["upto_pingpong"] for row in rows])


@test
def filters_choose_tasks_before_they_are_added_up():
    rows = compare("tasks", *REAL, "--command", "--columns", "on_cpu")["tasks.on_cpu_ns"]["rows"]
    for path, label in zip(REAL, ("build", "memory", "pingpong")):
        expected = merged(table_of(path, "tasks", "tasks", "--command"), ["comm"], "on_cpu_ns", sum)
        assert {row["comm"]: row[label] for row in rows if row[label]} == \
            {k[0]: v for k, v in expected.items() if v}
    rows = compare("tasks", *REAL, "--comm", "cc*", "--columns", "on_cpu")["tasks.on_cpu_ns"]["rows"]
    assert {row["comm"] for row in rows} == {"cc", "cc1"}


@test
def another_key_matches_rows_by_other_columns():
    rows = compare("latency", *REAL, "--table", "latency", "--columns", "total", "--key", "kind")
    rows = {row["kind"]: row for row in rows["latency.total_ns"]["rows"]}
    for path, label in zip(REAL, ("build", "memory", "pingpong")):
        expected = merged(table_of(path, "latency", "latency"), ["kind"], "total_ns", sum)
        for (kind,), value in expected.items():
            assert same(rows[kind][label], value), (kind, label)


@test
def recordings_have_a_row_each_with_figures_and_values_of_members():
    paths = []
    for i in range(3):
        path = "%s/value-%d.tar" % (DIR, i)
        with open("%s/old-%d.tar" % (DIR, i), "rb") as f, open(path, "wb") as g:
            g.write(f.read())
        with open(DIR + "/bench.txt", "w") as f:
            f.write("warm-up took 3 s\n\0rate: %d.25 MB/s\n" % (100 + i))
        with open(DIR + "/fio.json", "w") as f:
            json.dump({"jobs": [{"a/b": {"iops": 10.5 * i}, "governor": "powersave"}]}, f)
        subprocess.run(["tar", "--append", "-f", path, "-C", DIR, "bench.txt", "fio.json"],
                       check=True)
        paths.append(path)
    text = run("recordings", "-q", "-f", "json", "tasks",
               "--value", "rate[MB/s]=bench.txt:^rate: ([0-9.]+)",
               "--value", "iops=fio.json:/jobs/0/a~1b/iops",
               "--value", "governor[text]=fio.json:/jobs/0/governor",
               "--value", "first=bench.txt", *paths)
    rows = [json.loads(line) for line in text.splitlines()]
    assert [row["file"] for row in rows] == paths
    assert [row["rate"] for row in rows] == [100.25, 101.25, 102.25]
    assert [row["iops"] for row in rows] == [0, 10.5, 21]
    assert {row["governor"] for row in rows} == {"powersave"}
    # "warm-up": the hyphen is no sign of a number.
    assert {row["first"] for row in rows} == {3}
    for row in rows:
        total = sum(int(r["on_cpu_ns"]) for r in table_of(row["file"], "tasks", "tasks"))
        assert row["tasks.on_cpu_ns"] == total
    found = compare("cpus", "--group", "a=" + paths[0], "--group", "b=" + ",".join(paths[1:]),
                    "--value", "rate[MB/s]=bench.txt:rate: ([0-9.]+)")
    row = [row for row in found["totals_MB/s"]["rows"] if row["figure"] == "rate"][0]
    assert row["a"] == 100.25 and row["b"] == 101.75 and row["diff_b"] == 1.5, row


@test
def wrong_usage_and_recordings_that_cannot_be_compared_are_told_in_one_sentence():
    empty = os.path.join(DIR, "old-0.tar")
    for arguments, status, words in (
            (("compare", "taks", *REAL), 2, "did you mean tasks"),
            (("compare", *REAL), 2, "no ANALYSIS"),
            (("compare", "tasks", REAL[0]), 2, "nothing to compare"),
            (("compare", "tasks"), 2, "no FILE"),
            (("compare", "tasks", *REAL, "--group-by", "colour"), 2, "--group-by"),
            (("compare", "tasks", *REAL, "--key", "nonsense"), 2, "--key"),
            (("compare", "tasks", *REAL, "--columns", "comm"), 2, "--columns"),
            (("compare", "latency", *REAL, "--table", "latency_worst"), 2, "another recording"),
            (("compare", "tasks", *REAL, "--table", "cpus"), 2, "no table cpus"),
            (("compare", "tasks", *REAL, "--pid", "1"), 2, "--pid is not for"),
            (("compare", "tasks", *REAL, "--log", "states"), 2, "log"),
            (("compare", "tasks", *REAL, "--resamples", "3"), 2, "--resamples"),
            (("compare", "tasks", *REAL, "--value", "x"), 2, "NAME[UNIT]=MEMBER"),
            (("compare", "tasks", *REAL, "--value", "x=a:b"), 2, "parentheses"),
            (("compare", "memory", empty, *REAL), 3, "old-0.tar: memory cannot be compared"),
            (("compare", "stacks", *REAL), 3, "stacks cannot be compared"),
            (("compare", "tasks", REAL[0], DIR + "/absent.tar"), 1, "absent.tar"),
            (("recordings", "-q", *REAL, "--value", "x=absent:(1)"), 3, "no recording has it"),
            (("recordings", *REAL, "--sort", "rows"), 2, "--sort"),
            (("tasks", REAL[0], "--key", "comm"), 2, "compare")):
        p = subprocess.run([SCHEDREPORT, *arguments], stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE)
        assert p.returncode == status, (arguments, p)
        assert words in p.stderr.decode(), (arguments, p.stderr)
        assert p.stderr.count(b"\n") == 1, (arguments, p.stderr)


with tempfile.TemporaryDirectory() as DIR:
    generator = np.random.default_rng(5)
    for group, count in GROUPS.items():
        for number in range(count):
            make_recording("%s/%s-%d.tar" % (DIR, group, number), generator,
                           1 if group == "old" else 3, number % 2)
    print("1..%d" % len(tests))
    failed = 0
    for number, f in enumerate(tests, 1):
        name = f.__name__.replace("_", " ")
        try:
            f()
            print("ok %d - %s" % (number, name))
        except Exception as e:   # an assertion, or output of another shape
            failed = 1
            print("not ok %d - %s\n# %s: %s" % (number, name, type(e).__name__,
                                                str(e).replace("\n", "\n# ")))
sys.exit(failed)
