#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Thread intervals, antagonists and utilisation by SchedViz's rules, computed from the rows, against
schedreport's tables.

usage: schedviz_rules.py SCHEDREPORT SCHEDCONV TRACE...

In SchedViz each record states on which CPU and in which state (running, waiting, sleeping) a thread
was before it and is after it, as far as the record tells; what it does not tell is inferred from
the thread's records before and after. sched_wakeup records that contradict their neighbours are
dropped. Threads begin with the trace and last one ns longer than it. Where a figure is another than
ours, the difference is computed as docs/analyses.md names it, so that the sums must agree to the
nanosecond. Only traces without missing switches are compared as a whole: SchedViz cannot load others
by its default rules.
"""
import collections
import sys

from rows import DOUBTFUL, Row, Switch, Tap, by_pid, tables, traces

report, schedconv, *paths = sys.argv[1:]
tap = Tap()
RUNNING, WAITING, SLEEPING = "running", "waiting", "sleeping"
Span = collections.namedtuple("Span", "pid state cpu begin end last")


class Transition:
    def __init__(self, t, before=None, after=None, cpu=None, to=None, soft=False):
        self.t, self.before, self.after = t, before, after
        self.cpu, self.to = cpu, cpu if to is None else to
        self.soft, self.dropped = soft, False     # soft: dropped when it contradicts


def transitions_of(trace, kernel_preemption_waits):
    threads = collections.defaultdict(list)
    for r in trace.records("WAKEUP", "WAKEUP_NEW", "MIGRATE"):
        if isinstance(r, Switch):
            runnable = r.state == "R" or (r.state == "R+" and kernel_preemption_waits)
            threads[r.next].append(Transition(r.t, None, RUNNING, r.cpu))
            threads[r.prev].append(Transition(r.t, RUNNING, WAITING if runnable else SLEEPING,
                                              r.cpu))
        elif r.event == "MIGRATE":
            threads[r.pid].append(Transition(r.t, cpu=r.arg0, to=r.arg1))
        else:
            threads[r.pid].append(Transition(r.t, None, WAITING, r.cpu, soft=True))
    threads.pop(0, None)
    return threads


def drop_contradictions(thread):
    """Until no record contradicts the one before it, as far as each tells; counts hard ones."""
    hard = 0
    while True:
        cpu = state = cpu_from = state_from = None
        for tr in (tr for tr in thread if not tr.dropped):
            for known, told, by in ((cpu, tr.cpu, cpu_from), (state, tr.before, state_from)):
                if None not in (known, told) and known != told:
                    if by.soft or tr.soft:
                        by.dropped, tr.dropped = by.soft, tr.soft
                    else:
                        hard += 1
                    break
            if tr.dropped or (by and by.dropped):
                break
            if tr.to is not None:
                cpu, cpu_from = tr.to, tr
            if tr.after is not None:
                state, state_from = tr.after, tr
            elif tr.before is not None and state is None:
                state, state_from = tr.before, tr
        else:
            return hard


def spans_of(trace, threads):
    spans, contradictions = [], {}
    for pid, thread in threads.items():
        contradictions[pid] = drop_contradictions(thread)
        kept = [tr for tr in thread if not tr.dropped]
        state = cpu = None
        begin = trace.begin
        states = []
        for i, tr in enumerate(kept + [Transition(trace.end + 1)]):
            last = i == len(kept)
            states.append([tr.before or state, tr.cpu if tr.cpu is not None else cpu, begin, tr.t,
                           last])
            state, begin = tr.after or tr.before or state, tr.t
            cpu = tr.to if tr.to is not None else cpu
        for i in range(len(states) - 2, -1, -1):    # what a later record tells of the time before
            if states[i][1] is None:
                states[i][1] = states[i + 1][1]
        spans += [Span(pid, *s) for s in states if s[3] > s[2]]
    return spans, contradictions


def utilisation(trace, spans):
    """WallTime, PerCPUTime, PerThreadTime, idle time of all CPUs, and of that, before a CPU's first
    row and after the last row: idle for SchedViz, unknown here; time of CPUs where somebody waits
    and nobody runs."""
    changes = collections.defaultdict(list)
    for s in spans:
        if s.state in (RUNNING, WAITING):
            changes[s.begin].append((s.cpu, s.state, 1))
            changes[s.end].append((s.cpu, s.state, -1))
    cpus = {s.cpu for s in spans if s.cpu is not None}
    counts = {(cpu, state): 0 for cpu in cpus for state in (RUNNING, WAITING)}
    first = {}
    for r in trace.rows("RUNS", "CTX_SWITCH", "WAKEUP", "WAKEUP_NEW", "CPU_IDLE"):
        first.setdefault(r.cpu, r.t)
    wall = per_cpu = per_thread = idle_time = unknown = only_wait = 0
    times = sorted(set(changes) | set(first.values()) | {trace.begin, trace.end, trace.end + 1})
    for t, following in zip(times, times[1:]):
        for cpu, state, n in changes[t]:
            counts[cpu, state] += n
        ns = following - t
        resting = [c for c in cpus if not counts[c, RUNNING] and not counts[c, WAITING]]
        idle = len(resting)
        unknown += ns * sum(t < first[c] or t >= trace.end for c in resting)
        busy = [c for c in cpus if counts[c, RUNNING] and counts[c, WAITING]]
        waiting = sum(counts[c, WAITING] for c in busy)
        only_wait += ns * sum(counts[c, WAITING] > 0 and not counts[c, RUNNING] for c in cpus)
        idle_time += idle * ns
        if idle and busy:
            wall += ns
            per_cpu += min(idle, len(busy)) * ns
            per_thread += min(idle, waiting) * ns
    return wall, per_cpu, per_thread, idle_time, unknown, only_wait


def antagonists(spans):
    """{(victim, other): ns that the other ran on the CPU where the victim waited}"""
    running = collections.defaultdict(list)
    for s in spans:
        if s.state == RUNNING:
            running[s.cpu].append(s)
    ns = collections.Counter()
    for s in spans:
        if s.state == WAITING:
            for other in running[s.cpu]:
                both = min(s.end, other.end) - max(s.begin, other.begin)
                if other.pid != s.pid and both > 0:
                    ns[s.pid, other.pid] += both
    return ns


def thread_sums(trace, spans):
    """{figure: {pid: theirs}}, and {figure: {pid: what ours has beyond it}}"""
    figures = collections.defaultdict(collections.Counter)
    beyond = collections.defaultdict(collections.Counter)
    found = trace.found_at_start()
    dead = {}
    for r in trace.records():
        if r.state in ("X", "Z"):
            dead.setdefault(r.prev, []).append(r.t)
    previous = {}
    for s in spans:
        ns = s.end - s.begin
        figures[s.state][s.pid] += ns
        if s.pid in previous and previous[s.pid].cpu != s.cpu:
            figures["migrations"][s.pid] += 1
        previous[s.pid] = s
        if s.last:                                  # what lasts at the end is possible only
            beyond[s.state][s.pid] -= ns
        elif s.state == RUNNING and s.begin == trace.begin:
            # It may run since the begin; here it is certain from the first record on that shows it.
            beyond[s.state][s.pid] -= found.get(s.pid, (s.begin,))[0] - s.begin
        elif s.state == SLEEPING and s.begin in dead.get(s.pid, ()):
            beyond[s.state][s.pid] -= ns            # SchedViz has the dead sleep
    first = {}                                      # the first record about each task but moves
    for r in trace.records("WAKEUP", "WAKEUP_NEW"):
        for pid in (r.prev, r.next) if isinstance(r, Switch) else (r.pid,):
            first.setdefault(pid, r)
    listed = max((task.get("state_ns", 0) for task in trace.tasks), default=0)
    for task in trace.tasks:                        # asleep in the list made at the begin
        r = first.get(task["pid"])
        if task.get("state") in ("S", "D", "I", "T", "t", "P") and not task.get("start_ns") and \
                isinstance(r, Row) and r.event == "WAKEUP" and r.t > listed:
            beyond[SLEEPING][r.pid] += r.t - trace.begin
    return figures, beyond


def compare(name, trace):
    found = tables(report, trace.path, "tasks", "waits", "runqueue", "-t",
                   "tasks,antagonists,work_conservation")
    ours = {RUNNING: by_pid(found["tasks"], "on_cpu_ns"),
            WAITING: by_pid(found["tasks"], "wait_wakeup_ns", "wait_preempt_ns", "wait_new_ns"),
            SLEEPING: by_pid(found["tasks"], "sleep_ns", "blocked_ns", "idle_ns", "stopped_ns"),
            "migrations": by_pid(found["tasks"], "migrations")}
    doubtful = trace.doubtful_pids()
    spans, contradictions = spans_of(trace, transitions_of(trace, True))
    by_their_rule, _ = spans_of(trace, transitions_of(trace, False))
    hard = [pid for pid, n in contradictions.items() if n and pid not in doubtful]
    tap.ok(not hard, f"{name}: no thread with whole switches contradicts itself", f"{hard}")
    figures, beyond = thread_sums(trace, spans)
    for figure, sentence in ((RUNNING, "SchedViz's run time of every thread"),
                             (WAITING, "SchedViz's wait time of every thread, R+ as waiting,"),
                             (SLEEPING, "SchedViz's sleep time of every thread, R+ as waiting,"),
                             ("migrations", "SchedViz's migration count of every thread")):
        keys = (set(figures[figure]) | set(ours[figure])) - doubtful
        far = [(k, ours[figure][k], figures[figure][k], beyond[figure][k]) for k in keys
               if ours[figure][k] != figures[figure][k] + beyond[figure][k]]
        explained = sum(1 for k in keys if beyond[figure][k])
        tap.ok(len(keys) >= 5 and len(far) <= DOUBTFUL * len(keys), f"{name}: {sentence} is ours, with the differences "
               f"named ({len(keys)} compared, {explained} differ so)", f"{len(far)}: {far[:3]}")
    if doubtful:
        return
    true = antagonists(spans)
    waits_on = {s.pid for s in spans if s.last and s.state == WAITING}   # possible only, here
    named = {(r["pid"], r["by_pid"]): r["ran_ns"] for r in found["antagonists"]
             if r["pid"] not in waits_on}
    crowded = {pid for pid, by in named if by is None}     # more than the 16 that are remembered
    far = [(k, ns, true[k]) for k, ns in named.items()
           if k[1] is not None and (ns > true[k] if k[0] in crowded else ns != true[k])]
    theirs, sums = collections.Counter(), collections.Counter()
    for (pid, _), ns in true.items():
        theirs[pid] += ns if pid not in waits_on else 0
    for (pid, _), ns in named.items():
        sums[pid] += ns
    far += [(pid, theirs[pid], sums[pid]) for pid in set(theirs) | set(sums)
            if theirs[pid] != sums[pid]]
    tap.ok(len(named) > 20 and len(far) <= DOUBTFUL * len(named), f"{name}: SchedViz's antagonist time of every pair is ours "
           f"({len(named)} pairs)", f"{len(far)}: {far[:3]}")
    work = found["work_conservation"][0]
    *true, idle, unknown, only_wait = utilisation(trace, spans)
    ours = [work["any_wall_ns"], work["any_per_cpu_ns"], work["any_per_thread_ns"]]
    tap.ok(ours == true, f"{name}: SchedViz's wall, per-CPU and per-thread time, R+ as "
           "waiting, are ours", f"{true} {ours}")
    strict = utilisation(trace, by_their_rule)
    # Fewer wait then; but a CPU where nobody runs counts as idle when nobody waits there, either.
    tap.ok(all(0 <= a <= b + only_wait for a, b in zip(strict, ours)), f"{name}: R+ as sleeping, as "
           f"SchedViz has it, gives {strict[0]} of {ours[0]} ns wall time",
           f"{strict} {ours} {only_wait}")
    ours = work["cpus"] * work["followed_ns"] * (1 - work["utilisation"] / 100)
    tap.ok(abs(idle - unknown - ours) < 2, f"{name}: SchedViz's idle time is ours, but "
           f"for {unknown} ns in which a CPU has no rows yet", f"{idle} {ours}")


for name, trace in traces(schedconv, paths):
    compare(name, trace)
tap.end()
