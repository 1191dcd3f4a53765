#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""schedview requests with files of SQLite. Usage: requests.py SCHEDVIEW SCHEDREPORT SOURCE"""
import csv
import io
import json
import os
import sqlite3
import stat
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from tap import claim, done   # noqa: E402

VIEW, REPORT = (os.path.abspath(a) for a in sys.argv[1:3])
MEMORY = os.path.join(os.path.abspath(sys.argv[3]), "examples/traces/memory.tar")
STACKS = os.path.join(os.path.abspath(sys.argv[3]), "examples/traces/stacks.tar")


def run(*args, env=None, db="sqlite:r.db"):
    return subprocess.run([VIEW, "requests", *(["--db", db] if db else []), *args], capture_output=True, text=True,
                          env={**os.environ, "TZ": "UTC-2", **(env or {})}, timeout=100)


def table(*args, **options):
    r = run("-f", "csv", *args, **options)
    return list(csv.DictReader(io.StringIO(r.stdout))) if r.returncode == 0 else r.stderr


def sql(question, db="r.db"):
    c = sqlite3.connect(db)
    try:
        return c.execute(question).fetchall()
    finally:
        c.close()


with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
    os.chdir(folder)
    # What schedreport says of the same recording.
    r = subprocess.run([REPORT, "memory", "--requests", "--clock", "iso", "-f", "csv", "-q", MEMORY],
                       capture_output=True, text=True, env={**os.environ, "TZ": "UTC-2"})
    log = list(csv.DictReader(io.StringIO(r.stdout)))
    expected = [(int(x["pid"]), int(x["tgid"]), x["comm"], x["call"], int(x["size"]) if x["size"] else None,
                 int(x["address"]) if x["address"] else None, x["time"][:26].replace("T", " ") + x["time"][29:],
                 x["result"]) for x in log]

    r = run("--add", MEMORY)
    claim(r.returncode == 0 and not r.stdout and f"{len(expected)} requests, {len(expected)} of them new" in r.stderr,
          "a recording's requests are added", r.stderr)
    rows = sql("SELECT pid, tgid, name, call, size, address, at, result FROM requests")
    claim(len(expected) > 100 and rows == expected, "they are those of schedreport, time to the microsecond and zone",
          *[x for x in rows if x not in expected][:3], *[x for x in expected if x not in rows][:3])
    claim(sql("SELECT * FROM requests_simple") == [(p, n, c, s, at) for p, _, n, c, s, _, at, _ in expected],
          "the simple view has five columns of them")
    claim(stat.S_IMODE(os.stat("r.db").st_mode) == 0o600 and sorted(os.listdir(".")) == ["r.db"],
          "the file is the user's alone, and nothing stands beside it", os.listdir("."))
    r = run("--add", MEMORY, "--add", MEMORY)
    claim(r.stderr.count(" 0 of them new") == 2 and sql("SELECT COUNT(*) FROM requests") == [(len(expected),)],
          "adding it again adds none", r.stderr)

    printed = table()
    claim([(int(x["pid"]), x["name"], x["at"]) for x in printed] == [(p, n, at) for p, _, n, _, _, _, at, _ in expected],
          "all are printed in their order")
    claim([json.loads(l) for l in run("-f", "json").stdout.splitlines()] ==
          [dict(at=at, pid=p, tgid=t, name=n, call=c, size=s, address=a, result=x) for p, t, n, c, s, a, at, x in expected],
          "JSON has an object a line")
    r = run("--last", "3")
    claim(len(r.stdout.splitlines()) == 6 and expected[-1][6] in r.stdout.splitlines()[-1], "text has a heading", r.stdout)
    one = expected[len(expected) // 2]
    for words, fits in ((["-p", str(one[0])], lambda x: one[0] in x[:2]),
                        (["--name", one[2]], lambda x: x[2] == one[2]),
                        (["--name", one[2][:2] + "*"], lambda x: x[2].startswith(one[2][:2])),
                        (["--call", "brk,munmap"], lambda x: x[3] in ("brk", "munmap")),
                        (["--since", one[6]], lambda x: x[6] >= one[6]),
                        (["--until", one[6][:26]], lambda x: x[6] < one[6]),
                        (["--min-size", "1M"], lambda x: (x[4] or 0) >= 1 << 20),
                        (["--min-size", "4K", "--max-size", "8K", "--call", "mmap"],
                         lambda x: x[3] == "mmap" and 4096 <= x[4] <= 8192),
                        (["--since", "10m"], lambda x: False)):
        got = table(*words)
        want = [x for x in expected if fits(x)]
        claim([(g["at"], g["call"]) for g in got] == [(x[6], x[3]) for x in want], f"{' '.join(words)} chooses {len(want)}",
              got if isinstance(got, str) else len(got))
    indexes = {n for n, in sql("SELECT name FROM sqlite_schema WHERE type = 'index' AND name LIKE 'request_by%'")}
    claim(indexes == {"request_by_pid", "request_by_tgid", "request_by_name", "request_by_time", "request_by_size"},
          "what was asked for has an index from then on", indexes)

    sums = {}
    for p, t, n, c, s, a, at, x in expected:
        e = sums.setdefault((t, n), [0, 0, 0, 0])
        e[0 if x == "ok" else 1] += 1
        e[2] += s if c == "mmap" and x == "ok" else 0
        e[3] += s if c == "munmap" and x == "ok" else 0
    got = table("--sum")
    claim({(int(g["tgid"]), g["name"]): [int(g[k]) for k in ("requests", "failed", "requested_bytes", "unmapped_bytes")]
           for g in got} == sums and [int(g["requested_bytes"]) for g in got] ==
          sorted((int(g["requested_bytes"]) for g in got), reverse=True), "--sum adds up by process, the most first", got)

    # Where they are kept if nobody says.
    r = run("--add", MEMORY, db=None, env={"HOME": folder + "/home", "XDG_STATE_HOME": ""})
    kept = folder + "/home/.local/state/schedtrace"
    claim(r.returncode == 0 and os.listdir(kept) == ["requests.db"] and stat.S_IMODE(os.stat(kept).st_mode) == 0o700,
          "without --db they are kept in the folder of states", r.stderr)
    claim(len(table("--last", "2", db=None, env={"XDG_STATE_HOME": folder + "/home/.local/state"})) == 2,
          "which XDG_STATE_HOME names", r.stderr)

    # What is refused, in a sentence that names it.
    os.symlink("r.db", "link.db")
    with open("text.db", "w") as f:
        f.write("no database " * 1000)
    sql("CREATE TABLE t (a)", "other.db")
    subprocess.run(["cp", "r.db", "newer.db"], check=True)
    sql("PRAGMA user_version = 2", "newer.db")
    os.mkdir("folder.db")
    os.mkfifo("fifo.db")
    before = {n: os.stat(n).st_mtime_ns for n in os.listdir(".")}
    for name, status, word in (("link.db", 1, "is a link"), ("text.db", 3, "not a database"),
                               ("other.db", 3, "something else"), ("newer.db", 3, "version 2"),
                               ("folder.db", 1, "folder.db"), ("fifo.db", 1, "no regular file"),
                               ("nowhere/r.db", 1, "nowhere")):
        r = run("--add", MEMORY, db="sqlite:" + name)
        claim(r.returncode == status and word in r.stderr and r.stderr.count("\n") == 1, f"refused: {name}", r.returncode,
              r.stderr)
    claim(before == {n: os.stat(n).st_mtime_ns for n in os.listdir(".")}, "none of them is changed",
          os.listdir("."))
    claim(run(db="sqlite:missing.db").returncode == 1 and not os.path.exists("missing.db"),
          "reading makes no database")
    for words, word in ((["--db", "postgres://x:secret@y/"], "sqlite:PATH"), (["--since", "yesterday"], "yesterday"),
                        (["--call", "fork"], "fork"), (["--pid", "x"], "x"), (["-f", "xml"], "xml")):
        r = run(*words)
        claim(r.returncode == 2 and word in r.stderr and "secret" not in r.stderr, f"refused: {words[0]}", r.stderr)
    r = run("--add", "text.db")
    claim(r.returncode == 3 and "text.db" in r.stderr, "what is no recording is not added", r.stderr)

    # A file that was damaged after somebody was killed; and one that somebody else holds.
    subprocess.run(["cp", "r.db", "bad.db"], check=True)
    with open("bad.db", "r+b") as f:
        f.seek(4096)
        f.write(b"\xff" * 8192)
    with open("bad.db-wal", "wb") as f:
        f.write(b"x")
    r = run("--add", STACKS, db="sqlite:bad.db")
    claim(r.returncode == 3 and ("damaged" in r.stderr or "malformed" in r.stderr), "a damaged file is refused", r.returncode,
          r.stderr)
    holder = sqlite3.connect("r.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    r = run("--add", MEMORY, db="sqlite:r.db")
    claim(r.returncode == 1 and "locked" in r.stderr, "one that another program keeps locked is told of", r.stderr)
    holder.execute("ROLLBACK")
    holder.close()

    # Nothing of a transaction that was not finished.
    r = subprocess.run(["prlimit", f"--fsize={os.path.getsize('r.db') // 4}", VIEW, "requests", "--db", "sqlite:full.db",
                        "--add", MEMORY], capture_output=True, text=True)
    claim(r.returncode == 1 and "full.db" in r.stderr, "a disk that is full is told of", r.returncode, r.stderr)
    r = run("--add", MEMORY, db="sqlite:full.db")
    claim(r.returncode == 0 and sql("SELECT pid, tgid, name, call, size, address, at, result FROM requests", "full.db") ==
          expected, "and later the same rows are there, each once", r.stderr)
done()
