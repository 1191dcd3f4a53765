#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command schedreport on a small tarball that numpy wrote.
Usage: schedreport.py SCHEDREPORT SOURCE-DIRECTORY"""
import csv
import io
import json
import os
import re
import resource
import stat
import subprocess
import sys
import tarfile
import tempfile

import tarballs

SCHEDREPORT, SOURCE = sys.argv[1:3]
NAMES = ["a\nb\x1b[31m", "=1+1", "<script>", "';DROP TABLE x;", "日本", "\\udcff\\x5c"]
WAKEUP, BLOCK, CTX_SWITCH, MIGRATE = 2, 4, 11, 12
tests = []


def test(f):
    tests.append(f)
    return f


def make_tarball(path, meta=None, more_rows=()):
    """Tasks 101 to 106 run one after the other on CPU 0, for 1, 2, 3 ... ms; 103 is moved away."""
    rows = []
    now = 5_000_000_000
    previous = 0
    for i in range(len(NAMES) + 1):
        pid = 101 + i if i < len(NAMES) else 0
        if previous:
            rows.append((now, previous, BLOCK, 0, 0, 0, previous - 100))
        rows.append((now, previous, CTX_SWITCH, 0, pid, 0, max(previous - 100, 0)))
        now += (i + 1) * 1_000_000
        previous = pid
    rows.append((now, 103, MIGRATE, 0, 0, 1, 3))
    rows.extend((now + t, *row) for t, row in more_rows)
    # The last name is a byte that is no UTF-8 and a backslash, in the escaping of comm.json.
    names = NAMES[:-1] + ["\\xff\\x5c"]
    tarballs.make_tarball(path, rows, {name: i + 1 for i, name in enumerate(names)}, meta=meta,
                          tasks=[{"pid": pid, "tgid": pid, "command_tree": int(pid in (102, 105))}
                                 for pid in range(101, 107)])


def run(*arguments, **keywords):
    return subprocess.run([SCHEDREPORT, *arguments], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, **keywords)


def table(*arguments, name="tasks"):
    p = run("-q", "-f", "json", *arguments, TAR)
    assert p.returncode == 0, p.stderr
    return json.loads(p.stdout)[name]["rows"]


@test
def json_holds_exact_figures_and_each_hostile_name():
    rows = {row["pid"]: row for row in table("tasks")}
    assert [rows[101 + i]["on_cpu_ns"] for i in range(6)] == [n * 1_000_000 for n in range(1, 7)]
    assert [rows[101 + i]["comm"] for i in range(5)] == NAMES[:5]
    assert rows[106]["comm"] == "\\xff\\x5c"
    assert rows[103]["migrations"] == 1
    raw = run("tasks", "-q", "-f", "json", TAR).stdout
    assert b"<" not in raw and max(raw) < 128


@test
def csv_holds_the_same_figures_one_line_a_row():
    p = run("tasks", "-q", "-f", "csv", TAR)
    rows = list(csv.DictReader(io.StringIO(p.stdout.decode())))
    assert len(p.stdout.splitlines()) == len(rows) + 1
    expected = {str(row["pid"]): row for row in table("tasks")}
    for row in rows:
        for column, value in expected[row["pid"]].items():
            if column not in ("comm", "names"):
                assert row[column] == ("" if value is None else str(value)), (column, value)
    assert {row["comm"] for row in rows} >= {"'=1+1", "<script>", "a\\x0ab\\x1b[31m"}


@test
def text_never_sends_a_control_character_and_fits_the_width():
    for width in (40, 60, 80, 120, 200):
        p = run("-q", "--width", str(width), TAR)
        assert p.returncode == 0
        text = p.stdout.decode()
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", text)
        wide = sum(text.count(c) for c in "日本")
        assert wide and max(len(line) for line in text.splitlines()) <= max(width, 45)


@test
def tasks_are_shown_by_descending_time_on_a_cpu():
    assert [row["pid"] for row in table("tasks")][:6] == [106, 105, 104, 103, 102, 101]
    assert [row["pid"] for row in table("tasks", "--sort", "pid", "--top", "2")] == [101, 102]


@test
def filters_choose_tasks_by_pid_name_pattern_and_command():
    assert [row["pid"] for row in table("tasks", "-p", "102,104", "-s", "pid")] == [102, 104]
    assert [row["pid"] for row in table("tasks", "--comm", "<scr*")] == [103]
    assert [row["pid"] for row in table("tasks", "--comm", "=1+1")] == [102]
    assert [row["pid"] for row in table("tasks", "--command", "-s", "pid")] == [102, 105]
    assert [row["cpu"] for row in table("cpus", "--cpu", "0", name="cpus")] == [0]


@test
def a_window_without_any_of_the_recording_is_refused_and_told_where_that_is():
    for window, sentence in (("0.029:", "--window 0.029: begins after the recording, which ends at "
                                        "0.028000 s (@5028000000)"),
                             ("@1:@5000000000", "--window @1:@5000000000 ends before the recording, "
                                                "which begins at @5000000000")):
        for what in (["tasks"], ["--log", "migrations"], ["assert", "switches > 0"]):
            r = run("--window", window, *what, TAR, text=True)
            assert r.returncode == 2 and sentence in r.stderr, (what, r)
    assert run("tasks", "--window", "0.028:", TAR).returncode == 0


@test
def a_run_that_is_missing_whole_is_told_apart_from_switches_that_are_missing():
    """schedconv's note counts these alone: a RUNS row is there for each."""
    tar = DIR + "/missed.tar"
    make_tarball(tar, more_rows=[(1000, (104, WAKEUP, 0, 0, 0, 4)), (2000, (104, WAKEUP, 0, 0, 0, 4))])
    heading = run("tasks", tar, text=True).stdout
    assert "missing: 1 run that was not recorded;" in heading, heading


@test
def the_requests_of_the_command_are_the_same_of_a_trace_dat_as_of_its_tarball():
    dat, tar = (run("-q", "--requests", "--command", SOURCE + "/examples/traces/memory" + kind)
                for kind in (".dat", ".tar"))
    if b"without the converter" in dat.stderr:
        return
    assert dat.returncode == 0 and len(dat.stdout.splitlines()) > 100, dat
    assert dat.stdout == tar.stdout


@test
def a_second_file_is_answered_with_the_name_of_compare():
    for args in ((TAR, TAR), ("tasks", TAR, TAR)):
        r = run(*args, text=True)
        assert r.returncode == 2 and "schedreport compare" in r.stderr, r


@test
def points_in_time_are_printed_as_times_of_day():
    """The wall clock was 1,700,000,000 s ahead when the trace clock was 0."""
    tar = DIR + "/clock.tar"
    make_tarball(tar, {"wall_offset_begin_ns": 1_700_000_000 * 10**9 - 5_000_000_000,
                       "wall_offset_end_ns": 1_700_000_007 * 10**9 - 5_000_000_000})
    zone = {**os.environ, "TZ": "IST-5:30"}

    def moved(*args):
        r = run("--log", "migrations", *args, tar, env=zone, text=True)
        assert r.returncode == 0, r
        assert "the wall clock was set by 7.000 s" in r.stderr, r
        return r.stdout
    assert "2023-11-15 03:43:20.028000  " in moved("--clock", "wall")
    assert "2023-11-14 22:13:20.028000Z" in moved("--clock", "utc")
    assert "2023-11-15T03:43:20.028000+05:30" in moved("--clock", "iso")
    assert "2023-11-15 03:43:20.028000000" in moved("--clock", "wall", "--exact")
    lines = moved("--clock", "utc", "-f", "csv").splitlines()
    assert lines[0].startswith("time,") and lines[1].startswith("2023-11-14 22:13:20.028000000Z,"), \
        lines
    assert json.loads(moved("--clock", "iso", "-f", "json"))["time"] == \
        "2023-11-15T03:43:20.028000000+05:30"
    r = run("--clock", "utc", "-f", "json", "latency", "-t", "latency_worst", tar, text=True)
    assert r.returncode == 0 and "begin" in \
        [c["name"] for c in json.loads(r.stdout)["latency_worst"]["columns"]], r
    r = run("--clock", "wall", "tasks", TAR, text=True)
    assert r.returncode == 2 and "does not say what time of day it was" in r.stderr, r
    r = run("--clock", "wall", "--plot", DIR + "/x.svg", "latency", tar, text=True)
    assert r.returncode == 2 and "--clock is for tables and logs" in r.stderr, r
    r = run("--clock", "swatch", "tasks", TAR, text=True)
    assert r.returncode == 2 and "is not wall, utc or iso" in r.stderr, r


@test
def a_window_in_seconds_counts_what_is_inside():
    # 103 runs from 3 to 6 ms after the begin.
    rows = {row["pid"]: row for row in table("tasks", "--window", "0.004:0.005")}
    assert rows[103]["on_cpu_ns"] == 1_000_000
    rows = {row["pid"]: row for row in table("tasks", "--window", "@5004000000:@5005500000")}
    assert rows[103]["on_cpu_ns"] == 1_500_000


@test
def a_log_comes_row_by_row():
    p = run("-q", "-f", "json", "--log", "migrations", TAR)
    rows = [json.loads(line) for line in p.stdout.splitlines()]
    assert len(rows) == 1 and rows[0]["pid"] == 103
    p = run("-q", "-f", "csv", "--log", "migrations", TAR)
    assert len(list(csv.DictReader(io.StringIO(p.stdout.decode())))) == 1
    p = run("-q", "--log", "migrations", "--pid", "1", "-f", "json", TAR)
    assert p.returncode == 0 and p.stdout == b""
    every = run("-q", "--log", "states", "-f", "csv", TAR).stdout.splitlines()
    assert len(every) > 4
    assert run("-q", "--log", "states", "-f", "csv", "--top", "3", TAR).stdout.splitlines() == every[:4]
    assert run("-q", "--log", "states", "-f", "csv", "--top", "0", TAR).stdout.splitlines() == every


@test
def parameters_are_set_by_name_and_listed():
    build = os.path.join(SOURCE, "examples/traces/build.tar")
    every = run("-q", "latency", "-t", "latency_worst", "-f", "csv", build).stdout.splitlines()
    assert len(every) > 3
    p = run("-q", "latency", "-t", "latency_worst", "-f", "csv", "--set", "worst=2", build)
    assert p.stdout.splitlines() == every[:3]
    assert b"parameter worst=20:" in run("list", "latency").stdout
    for wrong in ("worst=0", "worst", "pid=7", "nothing=1"):
        p = run("-q", "latency", "--set", wrong, TAR)
        assert p.returncode == 2 and p.stderr.count(b"\n") == 1, p.stderr


@test
def wrong_usage_exits_with_2_and_one_sentence():
    for arguments, words in (((), "no FILE"), (("tasks",), "no FILE"),
                             (("taks", TAR), "did you mean tasks"),
                             (("--columns", "on_cpu_nss", TAR), "did you mean on_cpu_ns"),
                             (("--sort", "nothing_like_it", TAR), "no column"),
                             (("--format", "xml", TAR), "text, csv or json"),
                             (("--top", "-1", TAR), "--top"), (("--pid", "x", TAR), "--pid"),
                             (("--window", "5", TAR), "colon"),
                             (("--log", "nothing", TAR), "no log"),
                             (("--table", "nothing", TAR), "no table"),
                             (("--salvage", TAR), "trace.dat"),
                             (("--no-such-option", TAR), "no-such-option")):
        p = run(*arguments)
        assert p.returncode == 2, (arguments, p)
        assert words in p.stderr.decode(), (arguments, p.stderr)
        assert p.stderr.count(b"\n") == 1 and p.stdout == b"", (arguments, p)


@test
def input_that_is_no_recording_exits_with_3():
    for data in (b"", b"no tarball", os.urandom(5000), open(TAR, "rb").read()[:3000]):
        with open(DIR + "/bad", "wb") as f:
            f.write(data)
        p = run(DIR + "/bad")
        assert p.returncode == 3, p
        assert p.stderr.count(b"\n") == 1 and p.stdout == b"", p


@test
def a_file_that_is_not_there_exits_with_1_and_its_name():
    p = run(DIR + "/absent.tar")
    assert p.returncode == 1 and b"absent.tar" in p.stderr, p


@test
def validate_finds_a_flipped_bit_that_opening_does_not():
    data = bytearray(open(TAR, "rb").read())
    with tarfile.open(TAR) as tar:
        member = tar.getmember("arg1.npz")
    data[member.offset_data + member.size // 2] ^= 0x10
    with open(DIR + "/flipped", "wb") as f:
        f.write(data)
    p = run("--validate", DIR + "/flipped")
    assert p.returncode == 3 and b"arg1" in p.stderr, p


@test
def a_cut_trace_dat_exits_with_3_and_what_is_whole_is_reported_with_4():
    with open(SOURCE + "/examples/traces/build.dat", "rb") as f:
        data = f.read()
    with open(DIR + "/cut.dat", "wb") as f:
        f.write(data[:len(data) * 3 // 4])
    p = run("tasks", DIR + "/cut.dat")
    assert p.returncode == 3 and p.stdout == b"" and p.stderr.count(b"\n") == 1, p
    if b"without the converter" in p.stderr:
        return
    assert b"cut.dat" in p.stderr and b"--salvage" in p.stderr, p
    p = run("tasks", "-q", "-f", "json", "--salvage", DIR + "/cut.dat")
    assert p.returncode == 4 and len(json.loads(p.stdout)["tasks"]["rows"]) > 10, p
    p = run("tasks", "-q", "-f", "json", SOURCE + "/examples/traces/build.dat")
    assert p.returncode == 0, p


@test
def losses_are_told_on_stderr_beside_csv_and_json_and_in_the_text():
    p = run("tasks", "-f", "csv", SOURCE + "/examples/traces/pingpong.tar")
    assert p.returncode == 0 and b"not recorded" in p.stderr and b"not recorded" not in p.stdout, p
    p = run("tasks", SOURCE + "/examples/traces/pingpong.tar")
    assert p.returncode == 0 and b"not recorded" in p.stdout, p


@test
def an_output_file_appears_whole_or_not_at_all():
    out = DIR + "/out.json"
    p = run("tasks", "-q", "-f", "json", "-o", out, TAR)
    assert p.returncode == 0 and p.stdout == b""
    whole = open(out).read()
    assert whole == run("tasks", "-q", "-f", "json", TAR).stdout.decode()
    p = run("taks", "-o", out, TAR)
    assert p.returncode == 2 and open(out).read() == whole
    p = run("-f", "json", "-o", out, TAR,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10)))
    assert p.returncode == 1 and b"File too large" in p.stderr, p
    assert open(out).read() == whole
    assert [name for name in os.listdir(DIR) if name.startswith(".out")] == []


@test
def an_output_that_is_no_regular_file_is_left_alone():
    os.mkfifo(DIR + "/fifo")
    os.symlink("elsewhere", DIR + "/link")
    for name in ("fifo", "link", "."):
        before = os.lstat(DIR + "/" + name)
        p = run("-o", DIR + "/" + name, TAR)
        assert p.returncode == 1 and p.stderr.count(b"\n") == 1, p
        assert stat.S_IFMT(os.lstat(DIR + "/" + name).st_mode) == stat.S_IFMT(before.st_mode)


@test
def a_full_disk_under_stdout_exits_with_1():
    with open("/dev/full", "w") as full:
        p = subprocess.run([SCHEDREPORT, "-q", TAR], stdout=full, stderr=subprocess.PIPE)
    assert p.returncode == 1 and b"No space left" in p.stderr, p


@test
def a_reader_that_leaves_ends_the_program_quietly():
    p = subprocess.run(["bash", "-c", '"$0" -q --width 0 --top 0 "$1" | true; '
                        'echo ${PIPESTATUS[0]}', SCHEDREPORT, TAR], stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE)
    assert p.stderr == b"" and p.stdout.strip() in (b"0", b"141"), p


@test
def the_list_explains_every_column_of_the_tables():
    text = run("list", "--width", "0").stdout.decode()
    p = json.loads(run("-q", "-f", "json", TAR).stdout)
    for name, content in p.items():
        assert " table %s: " % name in text, name
        for column in content["columns"]:
            assert column["name"] in text and column["about"] in text, column
    p = run("list", "taks")
    assert p.returncode == 2 and b"tasks" in p.stderr


with tempfile.TemporaryDirectory() as DIR:
    TAR = DIR + "/small.tar"
    make_tarball(TAR)
    print("1..%d" % len(tests))
    failed = 0
    for number, f in enumerate(tests, 1):
        name = f.__name__.replace("_", " ")
        try:
            f()
            print("ok %d - %s" % (number, name))
        except Exception as e:   # an assertion, or output of another shape
            failed = 1
            print("not ok %d - %s" % (number, name))
            print("# %s: %s" % (type(e).__name__, str(e).replace("\n", "\n# ")))
sys.exit(failed)
