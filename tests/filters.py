#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What --pid, --comm, --command and --cpu choose, in every table, log and picture there is.
Usage: filters.py SCHEDREPORT

Two worlds that have nothing to do with each other: tasks a00 to a11 and "ap" run on CPU 0, tasks
b00 to b23 and "bp" on CPU 1, where they wait longer and use more memory. A recording has the first
world, or both. Whoever chooses the first world from both must see what the first alone shows: what
sums over tasks, or keeps the first of many, before it is chosen from, cannot, and has to say so."""
import collections
import csv
import io
import json
import os
import re
import subprocess
import sys
import tempfile

from tarballs import SCHEDLOG, make_tarball

SCHEDREPORT = sys.argv[1]
EVENTS = SCHEDLOG + """
    WAKING RUNS STATE PRIO STAT_RUNTIME NEWTASK RENAME CPU_IDLE PAGE_FAULT_USER PAGE_FAULT_KERNEL
    MAJOR_FAULT MMAP MUNMAP MREMAP_FROM MREMAP_TO BRK CALL_FAILED EXIT_MM RSS_FILE RSS_ANON RSS_SWAP
    RSS_SHMEM PAGE_ALLOC PAGE_FREE SAMPLE_FAULTS SAMPLE_CPU SAMPLE_MEM IRQ_ENTRY IRQ_EXIT LOST
    SAMPLE_CHILDREN_FAULTS SAMPLE_CHILDREN_CPU CPU_OFFLINE CPU_ONLINE AREA GAP""".split()
ID = {name: i for i, name in enumerate(EVENTS)}
BEGIN, MS, MIB = 1_000_000_000, 1_000_000, 1 << 20
FIRST = range(101, 114)  # the first world's pids; the last is ap
FILTERS = {"--pid": "--pid=" + ",".join(map(str, FIRST)), "--comm": "--comm=a*",
           "--command": "--command", "--cpu": "--cpu=0"}
tests = []


def test(f):
    tests.append(f)
    return f


class World:
    """On one CPU a task after the other is woken, waits for ap (bp) to leave, and runs."""
    def __init__(self, letter, cpu, base, n, wait, memory):
        self.rows, self.names, self.cpu = [], {}, cpu
        partner = base + n
        self.names[partner] = letter + "p"
        for i in range(n):
            pid, at = base + i, BEGIN + (1 + i) * 4 * MS + cpu * 100
            self.names[pid] = "%s%02d" % (letter, i)
            left = at + wait + i * 1000
            self.wake(at, partner, 1)
            self.wake(at + 10, pid, 2)
            self.row(at + 1000, 0, "CTX_SWITCH", partner, 0)
            self.row(left, partner, "BLOCK", 0, 0)
            self.row(left, partner, "RQ_SIZE", 1, -1)
            self.row(left, partner, "CTX_SWITCH", pid, 0)
            self.row(left + 1000, pid, "MMAP", 1 << 32, memory + i * 4096)
            self.row(left + 2000, pid, "RSS_ANON", memory + i * 4096, pid)
            self.row(left + 3000, pid, "PAGE_FAULT_USER", 1 << 32, 1)
            self.row(left + 4000, pid, "STAT_RUNTIME", 100_000, 0)
            self.row(left + 5000, pid, "SAMPLE_FAULTS", i, 0)
            self.row(left + 5000, pid, "SAMPLE_CPU", 0, 0)
            self.row(left + 5000, pid, "SAMPLE_MEM", memory, ord("R"))
            self.row(left + 100_000, pid, "BLOCK", 0, 0)
            self.row(left + 100_000, pid, "RQ_SIZE", 0, -1)
            self.row(left + 100_000, pid, "CTX_SWITCH", 0, 0)
            self.row(left + 110_000, pid, "MIGRATE", cpu, cpu + 2)
            self.row(left + 120_000, pid, "MIGRATE", cpu + 2, cpu)
        end = BEGIN + 150 * MS
        if letter == "a":  # the recording begins and ends with this world
            self.row(BEGIN, 0, "TICK", 0, 2_000_000)
            self.row(end + 3 * MS, 0, "CTX_SWITCH", base, 0)
            self.row(end + 4 * MS, base, "BLOCK", 0, 0)
            self.row(end + 4 * MS, base, "CTX_SWITCH", 0, 0)
            self.row(end + 6 * MS, 0, "TICK", 0, 2_000_000)
        for pid in (base, base + 1):
            self.row(end, pid, "SAMPLE_FAULTS", 1000, 0)
            self.row(end, pid, "SAMPLE_CPU", 10 * MS, 0)
            self.row(end, pid, "SAMPLE_MEM", memory, ord("S"))
        self.wake(end, partner, 1)  # still waits at the end
        self.row(end + 5 * MS, 0, "TICK", 0, 2_000_000)

    def row(self, at, pid, event, arg0, arg1):
        self.rows.append((at, pid, ID[event], self.cpu, arg0, arg1))

    def wake(self, at, pid, length):
        self.row(at - 5, pid, "WAKING", 0, self.cpu)
        self.row(at, 0, "RQ_SIZE", length, 1)
        self.row(at, pid, "WAKEUP", 0, 0)


def make_worlds(path, worlds):
    names = {0: "<idle>"}
    for world in worlds:
        names.update(world.names)
    comms = {name: i for i, name in enumerate(sorted(set(names.values())))}
    rows = sorted((row for world in worlds for row in world.rows), key=lambda row: row[0])
    make_tarball(path, [row + (comms[names[row[1]]],) for row in rows], comms, EVENTS,
                 {"cpus": 4, "begin_ns": BEGIN, "end_ns": BEGIN + 160 * MS},
                 [{"pid": pid, "tgid": pid, "comm": name, "command_tree": int(name[0] == "a")}
                  for pid, name in sorted(names.items()) if pid])


def run(*arguments):
    p = subprocess.run([SCHEDREPORT, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       text=True)
    return p.returncode, p.stdout, p.stderr


def listed():
    """Names of the analyses, and of the tables and logs by analysis."""
    status, out, _ = run("list", "--width=0")
    assert status == 0
    tables, logs, analysis = {}, {}, None
    for line in out.splitlines():
        heading = re.match(r"(\w+): ", line)
        entry = re.match(r"  (table|log) (\w+):", line)
        if heading:
            analysis = heading[1]
        elif entry:
            (tables if entry[1] == "table" else logs)[entry[2]] = analysis
    return sorted(set(tables.values())), tables, logs


ANALYSES, TABLES, LOGS = listed()
# Made from rows that these worlds do not have; stacks are not rows.
WITHOUT_ROWS = {"stacks", "stacks_kernel", "stacks_user", "stack_comms"}
# What a row says of others: which CPUs there are and idle meanwhile, its part of what all have, and
# which letter is still free.
ABOUT_OTHERS = {"memory": {"share_traced"}, "memory_biggest": {"share_traced", "share_requested"},
                "utilization": {"busy", "idle_ns", "unknown_ns"}, "cpus": {"idle_ns", "unknown_ns"},
                "work_conservation": {"cpus", "utilisation", "violation_ns"},
                "wait_reasons": {"other_idle_ns", "woken_busy", "woken_past_idle",
                                 "wait_past_idle_ns"},
                "map": {"letter"}, "map_log": {"cpus", "new"}}


def without(table, rows):
    return [{key: value for key, value in row.items() if key not in ABOUT_OTHERS.get(table, ())}
            for row in rows if table != "cpus" or row["cpu"] != 1]  # where only the others were


def tables_of(tar, *arguments):
    status, out, err = run("-f", "json", *ANALYSES, *arguments, tar)
    assert status == 0, err
    left_out = set(re.findall(r"left out: --\w+ cannot choose rows of (\w+)", err))
    return {name: table["rows"] for name, table in json.loads(out).items()}, left_out


@test
def every_table_shows_of_two_worlds_what_one_alone_shows_or_says_that_it_cannot():
    alone = tables_of(ALONE)[0]
    assert set(alone) == set(TABLES) - {"stacks_kernel", "stacks_user", "stack_comms"}, alone.keys()
    empty = {name for name, rows in alone.items() if not rows}
    assert empty == WITHOUT_ROWS & set(alone), empty
    for option, filter_ in FILTERS.items():
        of_one, _ = tables_of(ALONE, filter_)
        of_both, left_out = tables_of(BOTH, filter_)
        shown = {"stacks"} if option == "--comm" else set()  # another table stands for it
        assert set(of_both) | left_out | shown >= set(alone), (option, set(of_both), left_out)
        assert not set(of_both) & left_out, option
        for name, rows in of_both.items():
            both, one = without(name, rows), without(name, of_one[name])
            assert both == one, (option, name, [pair for pair in zip(both, one)
                                                if pair[0] != pair[1]][:2] or (both, one))
            assert rows or name in WITHOUT_ROWS, (option, name)


@test
def a_table_that_is_named_and_cannot_be_chosen_from_is_refused():
    for option, filter_ in FILTERS.items():
        left_out = tables_of(BOTH, filter_)[1]
        assert left_out, option
        for name in sorted(left_out):
            status, out, err = run("-f", "json", "--table", name, TABLES[name], filter_, BOTH)
            assert (status, out) == (2, ""), (option, name, status, out)
            assert re.match(r"schedreport: %s cannot choose rows of %s, which " % (option, name),
                            err), err


@test
def every_log_shows_of_two_worlds_what_one_alone_shows_or_refuses():
    refused = set()
    for name, analysis in LOGS.items():
        for option, filter_ in FILTERS.items():
            both, one = (run("-f", "json", "--log", analysis + "." + name, filter_, tar)
                         for tar in (BOTH, ALONE))
            assert both[0] == one[0] and both[0] in (0, 2), (name, option, both)
            if both[0]:
                assert "%s cannot choose rows of %s, which" % (option, name) in both[2], both
                refused.add((name, option))
                continue
            rows = [[json.loads(line) for line in text.splitlines()] for text in (both[1], one[1])]
            assert without(name, rows[0]) == without(name, rows[1]), (name, option)
            # With one CPU for each world, none idles for a task of the other.
            assert rows[0] or name in ("gap_log", "idle_while_waiting"), (name, option)
    assert {option for _, option in refused} == set(FILTERS)


@test
def a_pid_that_is_used_again_brings_no_other_task_among_those_of_the_command():
    """Pid 102 ends, a stranger gets its number, and that one's successor is the command's again."""
    path, rows, lives = os.path.join(FOLDER, "again.tar"), [], []
    for i, (comm, begin) in enumerate((("first", 1), ("stranger", 4), ("third", 7))):
        at = BEGIN + begin * MS
        rows += [(at, 102, ID["NEWTASK"], 0, 0, 102, i), (at, 102, ID["FORK"], 0, 101, 0, i),
                 (at + 1000, 102, ID["WAKEUP_NEW"], 0, 0, 0, i),
                 (at + 2000, 0, ID["CTX_SWITCH"], 0, 102, 0, 3),
                 (at + 3000, 102, ID["MMAP"], 0, 1 << 32, MIB, i),
                 (at + 4000, 102, ID["RSS_ANON"], 0, MIB, 102, i),
                 (at + 5000, 102, ID["PAGE_FAULT_USER"], 0, 1 << 32, 1, i),
                 (at + 6000, 102, ID["MIGRATE"], 0, 0, 1, i), (at + 7000, 102, ID["MIGRATE"], 0, 1, 0, i),
                 (at + 8000, 102, ID["SAMPLE_FAULTS"], 0, 1, 0, i),
                 (at + 8000, 102, ID["SAMPLE_CPU"], 0, 0, 0, i),
                 (at + 8000, 102, ID["SAMPLE_MEM"], 0, MIB, ord("R"), i),
                 (at + MS, 102, ID["EXIT"], 0, 0, 0, i), (at + MS, 102, ID["STATE"], 0, ord("X"), 0, i),
                 (at + MS, 102, ID["CTX_SWITCH"], 0, 0, 0, i)]
        lives.append({"pid": 102, "tgid": 102, "comm": comm, "start_ns": at, "end_ns": at + MS,
                      "command_tree": int(comm != "stranger")})
    make_tarball(path, rows, {"first": 0, "stranger": 1, "third": 2, "<idle>": 3}, EVENTS,
                 {"cpus": 1, "begin_ns": BEGIN}, lives)
    seen = set()
    for name, analysis in (TABLES | LOGS).items():
        arguments = ["-q", "-f", "csv", "--log" if name in LOGS else "--table", name, path]
        every, chosen = (run(analysis, *more, *arguments) for more in ([], ["--command"]))
        if chosen[0] or "comm" not in every[1].split("\n")[0].split(","):
            continue
        comms = [[row["comm"] for row in csv.DictReader(io.StringIO(text[1]))]
                 for text in (every, chosen)]
        if "stranger" in comms[0]:
            seen.add(name)
        assert comms[1] == [comm for comm in comms[0] if comm in ("first", "third")] or \
            name == "memory_biggest" and set(comms[1]) == {"first", "third"}, (name, comms)
    assert seen >= {"tasks", "cpu_tasks", "migrations", "waits", "latency", "memory", "faults",
                    "utilization_tasks", "states_log", "latency_log", "timehist_log", "requests",
                    "map", "timehist", "utilization_intervals", "faults_curve", "resident"}, seen


@test
def a_task_that_moves_is_told_by_cpu_what_adds_up_to_all_that_it_did():
    path, at = os.path.join(FOLDER, "moves.tar"), BEGIN
    rows = [(at, 0, ID["TICK"], 0, 0, 0, 1)]
    for cpu, length in ((0, 3), (1, 5), (0, 7)):
        rows += [(at + 100, 9, ID["WAKEUP"], cpu, 0, 0, 0),
                 (at + 200 + length, 0, ID["CTX_SWITCH"], cpu, 9, 0, 1),
                 (at + length * MS, 9, ID["STAT_RUNTIME"], cpu, length * 1000, 0, 0),
                 (at + length * MS, 9, ID["BLOCK"], cpu, 0, 0, 0),
                 (at + length * MS, 9, ID["CTX_SWITCH"], cpu, 0, 0, 0)]
        at += 10 * MS
    make_tarball(path, rows, {"mover": 0, "<idle>": 1}, EVENTS, {"cpus": 2, "begin_ns": BEGIN})

    def figures(*arguments):
        status, out, err = run("-q", "-f", "json", *ANALYSES, *arguments, path)
        assert status == 0, err
        return {name: [row for row in table["rows"] if row["comm"] == "mover"]
                for name, table in json.loads(out).items() if "comm" in (table["rows"] or [{}])[0]}
    whole, parts = figures(), [figures("--cpu=0"), figures("--cpu=1")]
    sums = {"tasks": ("on_cpu_ns", "charged_ns", "switches_voluntary", "wait_wakeup_ns",
                      "cpu_changes"),
            "latency": ("count", "total_ns"), "latency_comms": ("count", "total_ns"),
            "timehist": ("sched_in", "run_ns"), "map": ("switches_in",),
            "utilization_tasks": ("on_cpu_ns",)}
    for name, columns in sums.items():
        for column in columns:
            each = [sum(row[column] for row in part[name]) for part in parts]
            assert all(each) or column == "cpu_changes", (name, column, each)
            assert sum(each) == sum(row[column] for row in whole[name]) > 0, (name, column, each)
    assert [part["tasks"][0]["cpus"] for part in parts] == [1, 1] and whole["tasks"][0]["cpus"] == 2
    assert whole["tasks"][0]["sleep_ns"] > 0 and parts[0]["tasks"][0]["sleep_ns"] is None


@test
def a_table_that_keeps_the_first_of_many_keeps_those_of_the_chosen_or_says_that_it_cannot():
    for name in "latency_worst", "memory_biggest":
        for filter_ in FILTERS["--pid"], FILTERS["--comm"], FILTERS["--command"]:
            status, out, err = run("-f", "json", "--table", name, TABLES[name], filter_, BOTH)
            rows = json.loads(out)[name]["rows"]
            assert status == 0 and len(rows) >= 10, (name, filter_, err)
            assert all(row["comm"][0] in "ao" for row in rows), rows  # a00 to a11, ap, others
        alone = tables_of(ALONE, "--table", name)[0][name]
        chosen = tables_of(BOTH, "--table", name, "--filter", "comm =~ 'a*'")[0][name]
        assert without(name, [row for row in alone if row["comm"] != "others"]) == \
            without(name, chosen), (name, alone, chosen)
    status, _, err = run("--table", "memory_biggest", "memory", FILTERS["--cpu"], BOTH)
    assert status == 2 and "which are not about single CPUs" in err, err


@test
def a_rule_cannot_choose_rows_where_only_the_first_of_many_are_kept():
    for name, column in ("latency_worst", "latency_ns"), ("memory_biggest", "rss_peak_bytes"):
        status, _, err = run("assert", "max(%s.%s, comm=a00) > 0" % (name, column), BOTH)
        assert status == 2 and "%s holds only the first of many rows, so none can be chosen by " \
            "comm" % name in err, err
        assert run("assert", "max(%s.%s) > 0" % (name, column), BOTH)[0] in (0, 5)


@test
def text_says_above_the_tables_which_are_left_out():
    status, out, err = run("runqueue", "--width=0", FILTERS["--comm"], BOTH)
    assert (status, err) == (0, ""), err
    lines = out.splitlines()
    assert ("left out: --comm cannot choose rows of runqueue, which are not about single tasks; it "
            "can in work_conservation, runqueue_log, idle_while_waiting") in lines, out
    assert not any(line.startswith("runqueue:") for line in lines), out


@test
def an_analysis_of_which_no_table_can_be_chosen_from_is_refused():
    status, out, err = run("runqueue", "--table=runqueue", FILTERS["--comm"], BOTH)
    assert (status, out) == (2, ""), out
    status, out, err = run("losses", FILTERS["--command"], BOTH)
    assert (status, out) == (2, "") and "--command cannot choose rows of losses" in err, err


@test
def flames_are_made_of_the_stacks_of_the_chosen():
    stacks = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../examples/traces/stacks.tar")
    everything = run("--folded", stacks)[1].splitlines()
    tasks = json.loads(run("-f", "json", "tasks", stacks)[1])["tasks"]["rows"]
    names = collections.Counter(line.split(";")[0] for line in everything)
    name, n = names.most_common()[-1]
    pids = ",".join(str(row["pid"]) for row in tasks if row["comm"] == name)
    of_name = [line for line in everything if line.split(";")[0] == name]
    assert n < len(everything) and pids, names
    for filter_ in "--comm=" + name, "--pid=" + pids:
        assert sorted(run("--folded", filter_, stacks)[1].splitlines()) == sorted(of_name), filter_
    by_cpu = collections.Counter()
    for cpu in range(64):
        for line in run("--folded", "--cpu=%d" % cpu, "-q", stacks)[1].splitlines():
            stack, value = line.rsplit(" ", 1)
            by_cpu[stack] += int(value)
        if cpu >= 3 and len(by_cpu) == len(everything):
            break
    assert len(by_cpu) == len(everything), (len(by_cpu), len(everything))


@test
def every_picture_shows_of_two_worlds_what_one_alone_shows_or_says_that_it_cannot():
    compared = 0
    for analysis in ANALYSES:
        for option, filter_ in FILTERS.items():
            pictures, results = [], []
            for tar in ALONE, BOTH:
                picture = os.path.join(FOLDER, "picture.svg")
                results.append(run(analysis, filter_, "--plot", picture, tar))
                if results[-1][0]:
                    assert results[-1][0] == 2 and not os.path.exists(picture), results[-1]
                    continue
                pictures.append(open(picture).read())
                os.unlink(picture)
            refusals = [re.findall(r"--\w+ cannot choose .*", p[2]) for p in results]
            assert results[0][0] == results[1][0] and refusals[0] == refusals[1], results
            if not pictures:
                assert re.search("cannot choose rows of|nothing to draw", results[0][2]), results[0]
            elif option == "--cpu" or analysis not in OF_CPUS:
                compared += 1
                assert without_heading(pictures[0]) == without_heading(pictures[1]), (analysis,
                                                                                      option)
    assert compared > 20, compared


# They have a place for every CPU, whoever runs there.
OF_CPUS = {"cpus", "states", "map", "timehist", "runqueue", "utilization"}


def without_heading(picture):
    """The heading counts the recording's rows; its letters are shapes that are numbered."""
    return re.sub(r"glyph-?[\d-]+", "", re.sub(r"(?s)<use [^>]*>|<defs>.*?</defs>", "", picture))


@test
def a_comparison_leaves_out_what_it_cannot_choose():
    for analysis in ANALYSES:
        if analysis == "stacks":
            continue
        for option in "--comm", "--command", "--cpu":
            if analysis == "cpus" and option != "--cpu":
                continue  # it has all CPUs, whoever ran there
            alone, both = (run("compare", "-f", "json", analysis, FILTERS[option],
                               "--group", "x=" + tar, "--group", "y=" + other)
                           for tar, other in ((ALONE, ALONE_TOO), (BOTH, BOTH_TOO)))
            assert alone[0] == both[0] and both[0] in (0, 2), (analysis, option, alone, both)
            if both[0]:
                assert option + " cannot choose rows of" in both[2], both[2]
                continue
            assert compared(alone[1]) == compared(both[1]), (analysis, option, alone[1], both[1])


def compared(text):
    """Its tables, without what figures say of others."""
    others = {(table, column) for table in ABOUT_OTHERS for column in ABOUT_OTHERS[table]}
    return {name: [[value for key, value in row.items() if tuple(key.split(".")) not in others]
                   for row in table["rows"] if (row.get("table"), row.get("figure")) not in others]
            for name, table in json.loads(text).items()
            if name != "recordings" and tuple(name.split(".")) not in others}


@test
def a_comparison_says_above_its_tables_what_it_leaves_out():
    status, out, err = run("compare", "losses", "--width=0", FILTERS["--command"], BOTH, BOTH_TOO)
    assert status == 2, out  # it has no other table
    status, out, err = run("compare", "latency", "runqueue", "--width=0", FILTERS["--comm"], BOTH,
                           BOTH_TOO)
    assert status == 0 and "\nleft out: --comm cannot choose rows of runqueue" in out, out
    assert "latency_kinds.p99_ns" in out and "\nrunqueue." not in out, out
    status, _, err = run("compare", "runqueue", "--table", "runqueue", FILTERS["--comm"], BOTH,
                         BOTH_TOO)
    assert status == 2 and "--comm cannot choose rows of runqueue" in err, err


@test
def rows_of_recordings_are_refused_figures_that_cannot_be_chosen_for():
    status, out, err = run("recordings", "-f", "json", "tasks", "latency", "runqueue",
                           FILTERS["--comm"], BOTH)
    assert status == 0 and "left out: --comm cannot choose rows of runqueue" in err, err
    row = json.loads(out)
    alone = json.loads(run("recordings", "-f", "json", "latency", ALONE)[1])
    assert "tasks.on_cpu_ns" in row and not [key for key in row if key.startswith("runqueue.")], row
    assert row["wakeups.p99_ns"] == alone["wakeups.p99_ns"] is not None, (row, alone)
    assert row["tasks.on_cpu_ns"] == json.loads(
        run("recordings", "-f", "json", "tasks", ALONE)[1])["tasks.on_cpu_ns"]
    assert run("recordings", FILTERS["--comm"], BOTH)[0] == 2


@test
def a_filter_that_matches_nothing_says_so_with_the_nearest_names():
    for arguments, sentence in (
            (["--comm=a0l"], "--comm a0l matches no task's name here; the nearest names are "
                             "a00, a01, a02"),
            (["--comm=bpp"], "--comm bpp matches no task's name here; the nearest names are bp, ap"),
            (["--comm=A11*"], "--comm A11* matches no task's name here; the nearest names are a11"),
            (["--comm=postgres"], "--comm postgres matches no task's name here; there are "),
            (["--pid=101,7"], "--pid 7 matches no row here; there are pids from 101 to 225"),
            (["--comm=a00", "--pid=102"], "no row matches all the filters at once")):
        status, _, err = run("tasks", *arguments, BOTH)
        assert status == 0, err
        assert err.startswith("schedreport: " + sentence), (arguments, err)
        assert err.count("\n") == 1, err
        assert run("tasks", "--strict", *arguments, BOTH)[0] == 1, arguments
    status, out, err = run("cpus", "--cpu=9", "--table=cpus", BOTH)
    assert (status, err) == (0, "schedreport: --cpu 9 matches no row here; there are CPUs from 0 to "
                                "1\n"), err


@test
def what_every_output_chose_from_is_asked_whether_it_matched():
    picture = os.path.join(FOLDER, "picture.svg")
    for arguments in (["tasks"], ["tasks", "-f", "csv"], ["--log", "states_log"],
                      ["tasks", "--plot", picture], ["states", "--plot", picture],
                      ["compare", "tasks", BOTH_TOO], ["recordings", "tasks"]):
        status, _, err = run(*arguments, "--strict", "--comm=nosuch", BOTH)
        assert status == 1 or (status == 2 and "nothing to draw" in err), (arguments, err)
        assert "--comm nosuch matches no task's name here" in err or status == 2, (arguments, err)
        assert run(*arguments, "--strict", "--comm=a*", BOTH)[0] == 0, arguments
        quiet = run(*arguments, "-q", "--comm=nosuch", BOTH)
        assert quiet[0] == status - 1 and not quiet[2] or status == 2, (arguments, quiet)


@test
def a_condition_chooses_rows_of_every_table_and_log_that_has_its_columns():
    for arguments in (["tasks"], ["latency", "--table", "latency"], ["--log", "states_log"],
                      ["--log", "requests"], ["--log", "migrations"]):
        for condition, names in (("comm =~ 'a0*'", "a0"), ("pid < 200 and comm != 'ap'", "a"),
                                 ("comm in ['b03', 'b04']", "b0")):
            status, out, err = run(*arguments, "-f", "csv", "--filter", condition, BOTH)
            rows = out.splitlines()
            comm = rows[0].split(",").index("comm")
            found = {row.split(",")[comm] for row in rows[1:]}
            assert status == 0 and found and all(n.startswith(names) for n in found), (
                arguments, condition, found, err)
    both = run("tasks", "-f", "csv", "--comm", "a*", "--filter", "pid == 103", BOTH)[1]
    assert len(both.splitlines()) == 2, both


@test
def a_condition_that_no_table_can_be_asked_is_refused_and_one_that_matches_nothing_is_told():
    status, _, err = run("tasks", "--filter", "on_cpus > 1", BOTH)
    assert status == 2 and "no column on_cpus here; did you mean on_cpu_ns?" in err, err
    status, out, _ = run("--filter", "on_cpu_ns >= 0", BOTH)
    assert status == 0 and "left out: --filter cannot choose rows of cpus" in out.replace("\n  ", " "), out
    for arguments in (["tasks"], ["--log", "states_log"], ["compare", "tasks", BOTH_TOO]):
        status, _, err = run(*arguments, "--strict", "--filter", "pid == 77", BOTH)
        assert status == 1 and "no row here fulfils it" in err, (arguments, err)
    picture = os.path.join(FOLDER, "picture.svg")
    status, _, err = run("tasks", "--filter", "pid == 101", "--plot", picture, BOTH)
    assert status == 0 and os.path.exists(picture), err


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as FOLDER:
        one = World("a", 0, FIRST[0], len(FIRST) - 1, 20_000, 1 * MIB)
        other = World("b", 1, 201, 24, 2 * MS, 64 * MIB)
        ALONE, ALONE_TOO, BOTH, BOTH_TOO = (os.path.join(FOLDER, name + ".tar") for name in
                                            ("alone-1", "alone-2", "both-1", "both-2"))
        make_worlds(ALONE, [one])
        make_worlds(ALONE_TOO, [one])
        make_worlds(BOTH, [one, other])
        make_worlds(BOTH_TOO, [one, other])
        print("1..%d" % len(tests))
        for i, f in enumerate(tests):
            try:
                f()
                print("ok %d - %s" % (i + 1, f.__name__), flush=True)
            except Exception as e:
                print("# %s: %s" % (type(e).__name__, str(e)[:3000].replace("\n", "\n# ")))
                print("not ok %d - %s" % (i + 1, f.__name__), flush=True)
