#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the page's server says of lanes, against what schedreport says of the same time, and what it
refuses. Usage: page-lanes.py SCHEDVIEW SCHEDREPORT SOURCE"""
import atexit
import json
import os
import random
import struct
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from tap import claim, done   # noqa: E402
from tarballs import make_tarball   # noqa: E402

VIEW, REPORT, SOURCE = (os.path.abspath(a) for a in sys.argv[1:4])
TRACE = SOURCE + "/examples/traces/build.tar"
PATIENCE = 120   # seconds: only for what hangs
WINDOWS = 12
UNKNOWN = 2 ** 32 - 1
IDLE = UNKNOWN - 1
FIRST_SPECIAL = UNKNOWN - 15


class Server:
    """A schedview that shows one recording."""

    def __init__(self, path):
        self.process = subprocess.Popen([VIEW, path], stdout=subprocess.PIPE, text=True)
        atexit.register(self.process.kill)   # whatever becomes of the test
        self.origin, _, self.token = self.process.stdout.readline().strip().partition("/#token=")

    def ask(self, path, **arguments):
        """Status and body."""
        address = f"{self.origin}/api/{path}?" + urllib.parse.urlencode({"recording": 1, **arguments})
        request = urllib.request.Request(address, headers={"Authorization": "Bearer " + self.token})
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as e:
            return e.code, e.read()

    def json(self, path, **arguments):
        status, body = self.ask(path, **arguments)
        return json.loads(body) if status == 200 else {"status": status, **json.loads(body)}

    def shares(self, lanes, begin, end, columns=1):
        """{lane: [(first column, columns, what, ns)]}."""
        status, body = self.ask("lanes/shares", lanes=",".join(lanes), x0=begin, x1=end,
                                columns=columns)
        assert status == 200, body
        length, = struct.unpack_from("<I", body, 4)
        head, at = json.loads(body[8:8 + length]), 8 + length
        n, columns_of = head["n"], []
        for kind, size in (("d", 8), ("I", 4), ("H", 2), ("H", 2)):
            columns_of.append(struct.unpack_from(f"<{n}{kind}", body, at))
            at += size * n
        assert body[:4] == b"STL1" and at == len(body)
        ns, what, first, many = columns_of
        return {lane: [(first[i], many[i], what[i], ns[i]) for i in range(begin, begin + count)]
                for lane, begin, count in head["lanes"]}

    def end(self):
        self.process.terminate()
        return self.process.wait(PATIENCE)


def table(path, analysis, name, begin, end):
    r = subprocess.run([REPORT, "-f", "json", "--window", f"@{begin}:@{end}", analysis, path],
                       capture_output=True, text=True, timeout=PATIENCE, check=False)
    if r.returncode:
        raise AssertionError(r.stderr)
    return json.loads(r.stdout)[name]["rows"]


server = Server(TRACE)
told = server.json("lanes")
t0, length, tasks = int(told["begin_ns"]), told["length_ns"], told["tasks"]
n_tasks, cpus = len(tasks["pid"]), told["cpus"]["cpu"]
claim(cpus == [0, 1] and told["cpus"]["queue"] == [True, True] and told["switches"] and
      told["rows"] == 31086 and "cc1" in tasks["name"] and len(set(map(len, tasks.values()))) == 1 and
      told["states"][0] == "running", "the lanes that there are are told", told)
whole = {r["pid"]: r for r in table(TRACE, "tasks", "tasks", t0, t0 + length)}
claim({p: ran for p, ran in zip(tasks["pid"], tasks["ran"]) if ran} ==
      {p: r["on_cpu_ns"] for p, r in whole.items() if r["on_cpu_ns"]},
      "how long each task ran is what schedreport tasks says")

# Windows.
chosen, wrong = random.Random(13), []
STATES = {"wait_wakeup_ns": 1, "wait_preempt_ns": 2, "sleep_ns": 5, "blocked_ns": 7}
for _ in range(WINDOWS):
    begin = chosen.randrange(length)
    end = begin + chosen.randrange(1, length - begin + 1)
    columns = chosen.choice([1, 7, 1000])
    by_task, by_cpu = {}, {}
    for lane, entries in server.shares([f"t{i}" for i in range(n_tasks)], begin, end, columns).items():
        for _, _, what, ns in entries:
            key = tasks["pid"][int(lane[1:])], what
            by_task[key] = by_task.get(key, 0) + ns
    for r in table(TRACE, "tasks", "tasks", t0 + begin, t0 + end):
        wrong += [(begin, end, r["pid"], name) for name, state in
                  (("on_cpu_ns", 0), *((k, v) for k, v in STATES.items() if k in r))
                  if r["pid"] and (r[name] or 0) != by_task.get((r["pid"], state), 0)]
    for lane, entries in server.shares([f"c{c}" for c in cpus], begin, end, columns).items():
        for _, _, what, ns in entries:
            kind = "busy" if what < n_tasks else "idle" if what == IDLE else "rest"
            by_cpu[int(lane[1:]), kind] = by_cpu.get((int(lane[1:]), kind), 0) + ns
    for r in table(TRACE, "cpus", "cpus", t0 + begin, t0 + end):
        wrong += [(begin, end, "CPU", r["cpu"], k, r) for k in ("busy", "idle")
                  if r[k + "_ns"] != by_cpu.get((r["cpu"], k), 0)]
        covered = sum(by_cpu.get((r["cpu"], k), 0) for k in ("busy", "idle", "rest"))
        wrong += [(begin, end, "covered", covered)] if covered != end - begin else []
claim(not wrong, f"shares of {WINDOWS} random windows add up to the times of schedreport's tables",
      *wrong[:5])

entries = server.shares(["a"], 0, length, 50)["a"]
sums = {kind: sum(e[3] for e in entries if e[2] == kind) for kind in (0, IDLE, UNKNOWN)}
claim(sum(sums.values()) == 2 * length and sums[0] == sum(r["on_cpu_ns"] for p, r in whole.items() if p),
      "the lane of all CPUs together has their sum", sums)
entries = server.shares(["c0"], -100, 100, 4)["c0"]
claim([e[0] for e in entries] and all(e[0] >= 2 for e in entries),
      "before the first row there is nothing", entries)
entries = server.shares(["c1"], 0, length, 1000)["c1"]
claim(all(a[0] + a[1] <= b[0] or (a[0] == b[0] and a[1] == b[1] == 1)
          for a, b in zip(entries, entries[1:])) and max(e[1] for e in entries) > 5,
      "columns of one thing are one entry, and come in their order", entries[:5])

# Spans.
def span_at(lane, time):
    return server.json("lanes/span", lane=lane, at=time)


at, seen, wrong = 0, 0, []
while at < length:
    found = span_at("c0", at)
    if not found["span"]["begin"] <= at < found["span"]["end"]:
        wrong.append((at, found))
    what, of_task = found["span"]["what"], found["of_task"]
    if what < n_tasks and (of_task["task"] != what or of_task["span"]["what"] != 0 or
                           [of_task["span"][k] for k in ("begin", "end")] !=
                           [found["span"][k] for k in ("begin", "end")]):
        wrong.append(found)
    at, seen = found["span"]["end"], seen + 1
claim(seen > 50 and not wrong, "the spans of a CPU follow one another, each that of its task too",
      seen, *wrong[:2])

log = [dict(zip(("timestamp", "pid", "arg0"), v)) for v in zip(*(
    server.json("rows", query="event == 18", count=500)[k] for k in ("timestamp", "pid", "arg0")))]
woken = {}
for wake in log:
    task = max((i for i, p in enumerate(tasks["pid"]) if p == wake["pid"] and
                tasks["begin"][i] <= wake["timestamp"]), default=None)
    found = task is not None and span_at(f"t{task}", wake["timestamp"] + 20000)
    waker = found and found["of_task"] and found["of_task"]["waker"]
    if waker and waker["at"] == wake["timestamp"]:
        woken[wake["timestamp"]] = (wake["arg0"], waker["task"] is not None and
                                    tasks["pid"][waker["task"]])
claim(len(woken) > 25 and all((pid or False) == waker for pid, waker in woken.values()),
      "a span says whom its task was woken by, and when", len(log), len(woken),
      [w for w in woken.items() if w[1][0] != w[1][1]][:5])
runs = server.json("lanes/runs", lane=f"t{tasks['name'].index('cc1')}", x0=0, x1=length)
claim(runs["whole"] and sum(e - b for b, e in zip(runs["begin"], runs["end"])) ==
      tasks["ran"][tasks["name"].index("cc1")], "where a task ran adds up", runs)

# Rows.
rows = server.json("rows", at=length // 2, count=5)
before = server.json("rows", row=rows["row"][0], before=1, count=5)
claim(rows["row"] == list(range(rows["row"][0], rows["row"][0] + 5)) and
      before["row"] == [rows["row"][0] - 1 - k for k in range(5)] and
      rows["timestamp"][0] >= length // 2 > before["timestamp"][0],
      "rows are found by time, and those before a row", rows, before)
rows = server.json("rows", query="event == 11 and comm == 'cc1' and cpu == 1", count=500)
claim(len(rows["row"]) > 3 and set(rows["event"]) == {"CTX_SWITCH"} and set(rows["comm"]) == {"cc1"},
      "and by a condition", rows)

# What is refused.
bad = [("lanes/shares", {"lanes": "c9"}), ("lanes/shares", {"lanes": "c0x"}),
       ("lanes/shares", {"lanes": "t99999999999999999999"}), ("lanes/shares", {"lanes": "c0", "x1": -5}),
       ("lanes/shares", {"lanes": "c0", "columns": 0}), ("lanes/shares", {"lanes": "c0", "columns": 9000}),
       ("lanes/shares", {"lanes": "c0", "x0": "9" * 30}), ("lanes/shares", {"lanes": "c0," * 600}),
       ("lanes/span", {"lane": "a", "at": 0}), ("lanes/span", {"lane": "c0"}), ("lanes/span", {"at": 1}),
       ("lanes/runs", {"lane": "c0"}), ("rows", {"count": 501}), ("rows", {"row": -1}),
       ("lanes", {"coarse": 1}), ("lanes/shares", {"lanes": "c0", "coarse": 1}), ("rows", {"coarse": 1}),
       ("rows", {"row": "x"}), ("rows", {"query": "cpu ="}), ("rows", {"query": "nothing == 1"})]
answers = [server.ask(path, **{"x0": 0, "x1": 1000, "columns": 10, **words}) for path, words in bad]
claim([a[0] for a in answers] == [400] * len(bad) and all(json.loads(a[1])["error"] for a in answers),
      "what does not name lanes, times or columns is refused", answers)
claim(server.ask("lanes", recording=7)[0] == 404, "and a recording that is not there")
claim(server.end() == 0, "the server ends")

# Recordings with little in them.
with tempfile.TemporaryDirectory() as folder:
    for rows, claimed in (([], "no rows"), ([(100, 7, 11, 0, 8, 0)], "one row"),
                          ([(100, 7, 11, 0, 8, 0)] * 3, "rows of one moment"),
                          ([(100, 0, 10, 0, 0, 5), (200, 0, 10, 3, 0, 6)], "no switches")):
        make_tarball(folder + "/little.tar", rows, {})
        server = Server(folder + "/little.tar")
        told = server.json("lanes")
        entries = server.shares([f"c{c}" for c in told["cpus"]["cpu"]] + ["a"], 0,
                                max(1, told["length_ns"]), 10)
        claim(told["rows"] == len(rows) and told["switches"] == any(r[2] == 11 for r in rows) and
              all(e[2] >= FIRST_SPECIAL for v in entries.values() for e in v),
              f"a recording with {claimed} has lanes in which nobody is said to have run", told, entries)
        server.end()
done()
