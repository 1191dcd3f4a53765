# SPDX-License-Identifier: LGPL-2.1-or-later
"""schedreport assert: figures as numpy finds them in the columns, verdicts on both sides of them,
and bounds that hold the truth when records are cut out of a trace.

usage: assert_numpy.py SCHEDREPORT TRACES-FOLDER JUNIT.xsd
"""
import collections
import io
import json
import math
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import xml.etree.ElementTree as ET

import numpy as np

from rows import Trace, waits_of

SCHEDREPORT, FOLDER, SCHEMA = sys.argv[1:4]
SCRATCH = tempfile.mkdtemp()
CTX_SWITCH, RUNS, LOST, GAP = 11, 19, 47, 53
count = 0


def ok(true, sentence, *explain):
    global count
    count += 1
    print("ok" if true else "not ok", count, "-", sentence, flush=True)
    for line in explain if not true else ():
        print("#", str(line).replace("\n", "\n# "))


def run(*arguments):
    return subprocess.run([SCHEDREPORT, *arguments], capture_output=True, text=True)


def judge(rules, *files, options=()):
    """The rules' results, and the exit status."""
    p = run("assert", "-q", "-f", "json", *options, "\n".join(rules), *files)
    if not p.stdout:
        raise SystemExit("Bail out! " + p.stderr)
    return json.loads(p.stdout)["rules"], p.returncode


def percentile(values, percent):
    values = np.sort(values)
    return int(values[max(math.ceil(percent * len(values) / 100), 1) - 1])


def truth_of(path):
    """Figure -> value, each from the rows alone."""
    trace = Trace(path)
    rows = list(trace.rows("MIGRATE", "STAT_RUNTIME", "PAGE_FAULT_USER", "CTX_SWITCH"))
    with tarfile.open(path) as tar:
        meta = json.load(tar.extractfile("meta.json"))
    seconds = (max(meta["end_ns"], int(trace.timestamp[-1])) -
               min(meta["begin_ns"], int(trace.timestamp[0]))) / 1e9
    waits = collections.defaultdict(list)
    for (pid, kind), values in waits_of(trace).items():
        waits[kind] += values
    moved = collections.Counter(row[2] for row in rows if row[3] == "MIGRATE")
    charged = collections.Counter()
    for _, _, pid, event, ns, _ in rows:
        if event == "STAT_RUNTIME":
            charged[pid] += ns
    busiest = charged.most_common(1)[0][0]
    truth = {
        "migrations": (sum(moved.values()), ""),
        "migrations/s": (sum(moved.values()) / seconds, "/s"),
        "max(tasks.migrations)": (max(moved.values()), ""),
        "charged": (sum(charged.values()), "ns"),
        f"charged(pid={busiest})": (charged[busiest], "ns"),
        f"charged(pid={busiest})%": (100 * charged[busiest] / 1e9 / seconds, "%"),
        "switches": (sum(1 for row in rows if row[3] == "CTX_SWITCH"), ""),
        "losses": (0, ""),
    }
    faults = collections.Counter(row[2] for row in rows if row[3] == "PAGE_FAULT_USER")
    if faults:
        truth["sum(memory.faults_user)"] = sum(faults.values()), ""
    return truth, waits, seconds


def rules_for(name, value, unit):
    figure = name.removesuffix("/s").removesuffix("%")
    return [f"{figure} {compare} {value!r}{unit}" for compare in ("<=", ">=", "==")] + \
           [f"{figure} {compare} {value!r}{unit}" for compare in ("<", ">", "!=")]


def check_figures(trace):
    name = os.path.basename(trace)
    truth, waits, seconds = truth_of(trace)
    for figure, (value, unit) in truth.items():
        results, _ = judge(rules_for(figure, value, unit), trace)
        whole = all(r["figure"] == r["figure_hi"] for r in results)
        near = all(math.isclose(r["figure"], value, rel_tol=1e-9) for r in results)
        exact = [r["verdict"] for r in results]
        expected = ["ok"] * 3 + ["failed"] * 3
        if figure == "switches":    # broken chains: at least
            ok(all(r["figure"] == value and r["figure_hi"] is None for r in results) and
               exact[1] == "ok" and exact[3] == "failed" and exact[0] == "uncertain",
               f"{name}: {figure} is at least numpy's, as switches are missing", results)
        elif unit in ("/s", "%"):
            ok(whole and near, f"{name}: {figure} is numpy's", value, results)
        else:
            ok(whole and near and exact == expected,
               f"{name}: {figure} is numpy's, and decided on both sides", value, results)
    # Waits whose begin and end show: doubtful ones are there too, with both bounds.
    for kind, measure in (("preempt", "preempt_latency"), ("wakeup", "wakeup_latency"),
                          ("waking", "waking_latency")):
        values, (row,) = waits[kind], judge([f"max({measure}) > 0"], trace)[0]
        p = run("-q", "-f", "json", "--log", "latency", trace)
        log = [json.loads(line) for line in p.stdout.splitlines()]
        doubtful = [r for r in log if r["kind"] == kind and r["latency_ns"] != r["latency_hi_ns"]]
        ok(row["rows"] == len(values) + len(doubtful) and len(values) >= 5,
           f"{name}: {measure} is of numpy's waits and the doubtful ones", row, len(values))
        low = np.array(values + [r["latency_ns"] for r in doubtful])
        high = np.array(values + [r["latency_hi_ns"] or 2**60 for r in doubtful])
        for function, of in (("max", np.max), ("min", np.min), ("sum", np.sum), ("mean", np.mean),
                             *((f"p{p}", lambda v, p=p: percentile(v, p))
                               for p in (10, 50, 90, 99, 99.9)),
                             ("median", lambda v: percentile(v, 50))):
            least, most = of(low), of(high)
            limit = f"{int(least)} ns"
            r = judge([f"{function}({measure}) {c} {limit}" for c in ("<=", "<", ">=", ">")],
                      trace)[0]
            if least == most and least == int(least):
                good = [x["verdict"] for x in r] == ["ok", "failed", "ok", "failed"]
            else:
                good = r[2]["verdict"] == "ok" and r[0]["verdict"] != "ok" or least != int(least)
            far = 1 / 16 if function[0] == "p" or function == "median" else 1e-9
            good &= all(abs(x["figure"] - least) <= far * least + 16 for x in r)
            good &= all(most > 2**59 or abs((x["figure_hi"] or 2**60) - most) <= far * most + 16
                        for x in r)
            ok(good, f"{name}: {function}({measure}) is numpy's", least, most, r)
    (row,), _ = judge(["count(latency_log, kind=preempt) > 10/s"], trace)
    ok(row["rows"] / seconds == row["figure"] or
       math.isclose(row["rows"] / seconds, row["figure"], rel_tol=1e-9),
       f"{name}: a count is divided by the recorded time", row)


def cut(source, target, seed):
    """A copy that lacks the rows of one CPU in some stretches, with LOST rows where they resume."""
    generator = np.random.default_rng(seed)
    names = ("timestamp", "pid", "event", "cpu", "arg0", "arg1", "comm")
    with tarfile.open(source) as tar, tarfile.open(target, "w") as out:
        columns = {}
        for n in names:
            with np.load(io.BytesIO(tar.extractfile(n + ".npz").read())) as arrays:
                columns[n] = arrays[arrays.files[0]]
        rows = len(columns["cpu"])
        keep, lost_rows = np.ones(rows, bool), []
        for _ in range(generator.integers(1, 4)):
            cpu, begin = generator.integers(0, 2), generator.integers(rows // 10, rows * 9 // 10)
            mine = np.flatnonzero(columns["cpu"] == cpu)
            stamps = columns["timestamp"][mine]
            first = np.searchsorted(mine, begin)
            # Rows of one stamp are of one record; records resume with a switch, and the converter
            # says who was found running there.
            first = np.searchsorted(stamps, stamps[first], side="left")
            last = min(first + generator.integers(1, 300), len(mine) - 1)
            while last < len(mine) and columns["event"][mine[last]] != CTX_SWITCH:
                last += 1
            if first == 0 or last >= len(mine):
                continue
            runs = int(columns["pid"][mine[last]])
            last = np.searchsorted(stamps, stamps[last], side="left")
            gone = mine[first:last]
            if len(gone) == 0 or not keep[mine[first - 1:last + 1]].all():
                continue
            keep[gone] = False
            lost_rows.append((int(mine[last]), int(cpu), len(gone), int(stamps[first - 1]), runs,
                              int(mine[first - 1])))
        data = {k: list(v[keep]) for k, v in columns.items()}
        before = np.cumsum(keep) - keep
        rows = []
        for at, cpu, lost, began, runs, last in lost_rows:
            now = int(columns["timestamp"][at])
            rows += [(int(before[last]) + 1, (began, 0, GAP, cpu, 0, 0, 0)),
                     (int(before[at]), (now, 0, LOST, cpu, lost, began, 0)),
                     (int(before[at]), (now, runs, RUNS, cpu, -1, 0, 0))]
        for at, row in sorted(rows, key=lambda r: (r[0], r[1][0]))[::-1]:
            for k, v in zip(names, row):
                data[k].insert(at, v)
        for member in tar.getmembers():
            name = os.path.basename(member.name)
            content = tar.extractfile(member).read()
            if name == "index.json":
                continue
            if name.endswith(".npz") and name[:-4] in names:
                f = io.BytesIO()
                np.savez_compressed(f, **{name[:-4]: np.array(data[name[:-4]],
                                                              columns[name[:-4]].dtype)})
                content = f.getvalue()
            if name == "meta.json":
                meta = json.loads(content)
                for entry in meta["cpu"]:
                    entry["lost"] = int(sum(e[2] for e in lost_rows if e[1] == entry["cpu"]))
                content = json.dumps(meta).encode()
            info = tarfile.TarInfo(member.name)
            info.size = len(content)
            out.addfile(info, io.BytesIO(content))
    return len(lost_rows)


BOUNDED = ["migrations > 0", "migrations > 0/s", "on_cpu(comm={comm}) > 0", "charged > 0",
           "switches > 0", "switches_voluntary(comm={comm}) > 0", "idle_while_waiting > 0",
           "busy > 0", "idle > 0", "sum(tasks.wait_wakeup, comm={comm}) > 0",
           "sum(tasks.wait_preempt, comm={comm}) > 0", "max(tasks.on_cpu) > 0",
           "count(tasks, comm={comm}) > 0", "count(latency_log, kind=preempt) > 0"] + \
          [f"{f}({m}_latency{{filter}}) > 0" for m in ("wakeup", "waking", "preempt", "fork")
           for f in ("max", "min", "median", "p90", "p99", "mean", "sum")
           for filter in ("",)]


def check_bounds(trace, comm):
    name = os.path.basename(trace)
    rules = [rule.format(comm=comm, filter="") for rule in BOUNDED]
    whole, _ = judge(rules, trace)
    narrow, outside, cuts, decided = 0, [], 0, 0
    for seed in range(40):
        target = os.path.join(SCRATCH, f"cut{seed}.tar")
        if not cut(trace, target, seed):
            continue
        cuts += 1
        for before, after in zip(whole, judge(rules, target)[0]):
            if before["figure"] is None or after["figure"] is None and after["why"]:
                continue
            low, high = before["figure"], before["figure_hi"]
            # Shown percentiles are up to 1/32 off.
            slack = (low or 0) / 16 + 16 if before["rule"][0] in "mp" else 0
            least = after["figure"] if after["figure"] is not None else -math.inf
            most = after["figure_hi"] if after["figure_hi"] is not None else math.inf
            narrow += most < math.inf
            if least > (math.inf if high is None else high) + slack or most < low - slack:
                outside.append((seed, before, after))
        os.unlink(target)
    ok(cuts > 20 and narrow > 100, f"{name}: records were cut out {cuts} times, and "
       "many figures keep both bounds", narrow)
    ok(not outside, f"{name}: the true figures stay within the bounds where records are lost",
       *outside[:4])


def check_program():
    trace = os.path.join(FOLDER, "pingpong.tar")
    rules = os.path.join(SCRATCH, "rules")
    with open(rules, "w") as f:
        f.write("# for tests\nlosses == 0\ncount(tasks) > 1 ; gaps == 0\n")
    p = run("assert", "-q", rules, trace)
    ok(p.returncode == 0 and p.stdout.endswith("all 3 rules hold\n"),
       "rules of a file that hold give status 0", p)
    p = run("assert", "-q", "count(tasks) < 1", trace)
    ok(p.returncode == 5 and p.stdout.startswith("FAILED     count(tasks) < 1: 89\n"),
       "a rule that fails gives status 5", p)
    undecided = "max(wakeup_latency, comm=nobody) < 1 s"
    ok(run("assert", "-q", undecided, trace).returncode == 5,
       "a rule that nothing matches gives status 5")
    ok(run("assert", "-q", "--lenient", undecided, trace).returncode == 0,
       "with --lenient it gives status 0")
    p = run("assert", "-q", "count(tasks) < 95", trace, os.path.join(FOLDER, "build.tar"))
    ok(p.returncode == 5 and "pingpong.tar:\nok" in p.stdout and "build.tar:\nFAILED" in p.stdout,
       "several recordings are judged one by one", p)
    for arguments, status, words in (
            (["assert"], 2, "no RULES"), (["assert", "losses == 0"], 2, "no FILE"),
            (["assert", "losses = 0", trace], 2, "rule:1:8: = chooses rows"),
            (["assert", "/nonexistent", trace], 2, "/nonexistent: no rule, and as a file"),
            (["assert", "--comm", "x", "losses == 0", trace], 2, "--comm is not for schedreport assert"),
            (["assert", "-f", "csv", "losses == 0", trace], 2, "text or json"),
            (["--junit", "x.xml", trace], 2, "--junit is not for schedreport, but for schedreport assert"),
            (["assert", "losses == 0", rules], 3, "rules"),
            (["assert", "--window", "5:4", "losses == 0", trace], 2, "--window")):
        p = run(*arguments)
        ok(p.returncode == status and words in p.stderr and not p.stdout.strip(),
           f"schedreport {' '.join(map(os.path.basename, arguments[:3]))} … is refused", p)
    one, two = (judge(["count(latency_log) > 0"], trace, options=o)[0][0]["rows"]
                for o in ((), ("--window", "0.01:0.02")))
    ok(0 < two < one, "a window chooses what is counted", one, two)
    dat = judge(["max(preempt_latency) > 0", "migrations > 0"],
                os.path.join(FOLDER, "pingpong.dat"))[0]
    tar = judge(["max(preempt_latency) > 0", "migrations > 0"], trace)[0]
    ok([r["figure"] for r in dat] == [r["figure"] for r in tar],
       "a trace.dat gives the tarball's figures")


def check_junit():
    hostile = os.path.join(SCRATCH, "<hostile>&\"'\x1b\u2028.tar")
    shutil.copy(os.path.join(FOLDER, "pingpong.tar"), hostile)
    rules = ["losses == 0", "count(tasks, comm='<&\"\x1b[31m\uffff') > 1",
             "max(wakeup_latency, comm=\"nobody'\") < 1 s"]
    out = os.path.join(SCRATCH, "junit.xml")
    for options, expected in ((), ("3", "2", "0")), (("--lenient",), ("3", "1", "1")):
        judge(rules, hostile, os.path.join(FOLDER, "build.tar"),
              options=("--junit", out, *options))
        root = ET.parse(out).getroot()
        suite = root[0]
        ok(root.tag == "testsuites" and len(root) == 2 and
           tuple(suite.get(k) for k in ("tests", "failures", "skipped")) == expected and
           len(suite.findall("testcase")) == 3 and
           len(suite.findall("testcase/failure")) == int(expected[1]) and
           len(suite.findall("testcase/skipped")) == int(expected[2]),
           f"JUnit's XML counts failures and skipped cases {' '.join(options)}".rstrip(),
           open(out).read())
        if shutil.which("xmllint"):
            p = subprocess.run(["xmllint", "--noout", "--schema", SCHEMA, out],
                               capture_output=True, text=True)
            ok(p.returncode == 0, "it is valid by JUnit's schema "
               f"{' '.join(options)}".rstrip(), p.stderr)
        else:
            ok(True, "it is valid by JUnit's schema # SKIP xmllint is not installed")
    names = [case.get("name") for case in suite.findall("testcase")]
    broken = os.path.join(SCRATCH, "broken.tar")
    with open(broken, "wb") as f:
        f.write(b"no recording")
    for path, status in ((broken, 3), (os.path.join(SCRATCH, "none.tar"), 1)):
        os.unlink(out)
        p = run("assert", "-q", "--junit", out, "losses == 0; gaps == 0",
                path, os.path.join(FOLDER, "pingpong.tar"))
        root = ET.parse(out).getroot()
        errors = root[0].findall("testcase/error")
        ok(p.returncode == status and len(errors) == 1 and
           errors[0].get("message") in p.stderr and
           tuple(root[0].get(k) for k in ("tests", "failures", "errors")) == ("1", "0", "1") and
           tuple(root[1].get(k) for k in ("tests", "failures", "errors")) == ("2", "0", "0"),
           f"{os.path.basename(path)} that cannot be read is an error of JUnit's, and "
           f"the status {status}", p, open(out).read())
        if shutil.which("xmllint"):
            p = subprocess.run(["xmllint", "--noout", "--schema", SCHEMA, out],
                               capture_output=True, text=True)
            ok(p.returncode == 0, "and valid by JUnit's schema", p.stderr)
    ok(names[1] == "count(tasks, comm='<&\"\\x1b[31m\\xef\\xbf\\xbf') > 1" and
       suite.get("name").endswith("<hostile>&\"'\\x1b\\xe2\\x80\\xa8.tar"),
       "hostile bytes of rules and files are escaped", names, suite.get("name"))
    os.unlink(out)
    run("assert", "-q", "-o", out, "losses == 0", os.path.join(FOLDER, "pingpong.tar"))
    before = open(out).read()
    p = run("assert", "-q", "-o", out, "losses == 0", "/nonexistent.tar")
    ok(p.returncode != 0 and open(out).read() == before and
       before and
       not [n for n in os.listdir(SCRATCH) if n.startswith(".junit")],
       "a failure leaves the outcome of before and no working file", os.listdir(SCRATCH))


try:
    for trace in ("build", "pingpong", "memory"):
        check_figures(os.path.join(FOLDER, trace + ".tar"))
    check_bounds(os.path.join(FOLDER, "pingpong.tar"), "pingpong")
    check_bounds(os.path.join(FOLDER, "build.tar"), "cc1")
    check_program()
    check_junit()
finally:
    shutil.rmtree(SCRATCH)
print(f"1..{count}")
