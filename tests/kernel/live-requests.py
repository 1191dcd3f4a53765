# SPDX-License-Identifier: LGPL-2.1-or-later
"""schedview live --db: requests of memory, from the kernel's events into a file of SQLite."""
import csv
import io
import pwd
import sqlite3
import stat
import threading
from recorder import *
import mariadb

need_kernel()
VIEW, SCHEDREPORT = (os.path.abspath(a) for a in sys.argv[3:5])
# 40 of one size and an unmap of each, one that moves, one that fails, the break up and down.
KNOWN = """
import ctypes, os
c = ctypes.CDLL(None, use_errno=True)
for f in (c.mmap, c.mremap, c.sbrk):
    f.restype = ctypes.c_void_p
c.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
c.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
c.mremap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_int]
c.sbrk.argtypes = [ctypes.c_long]
open("/proc/self/comm", "wb").write(b"known \\xff;--'")
for i in range(40):
    c.munmap(c.mmap(None, 7654321 + i, 3, 34, -1, 0), 7654321 + i)
a = c.mremap(c.mmap(None, 1 << 20, 3, 34, -1, 0), 1 << 20, 5 << 30, 1)
c.mmap(None, 1 << 60, 3, 34, -1, 0)
c.sbrk(1 << 20)
c.sbrk(-(1 << 20))
print(os.getpid(), a, flush=True)
"""


def live(*args, **options):
    return subprocess.run([VIEW, "live", "--once", *args], capture_output=True, text=True, timeout=LONG, **options)


def sql(question, db="r.db"):
    c = sqlite3.connect(db)
    try:
        return c.execute(question).fetchall()
    finally:
        c.close()


def calls_of_strace(path, pid):
    """(call, size, address, result) of each call that changed something or failed; brk not."""
    calls = []
    with open(path) as f:
        for line in f:
            m = re.match(rf"{pid} +(mmap|munmap|mremap)\((.*)\) += (\S+)(?: (E\w+))?", line)
            if not m:
                continue
            call, args, result, error = m.groups()
            args = args.split(", ")
            size = int(args[2 if call == "mremap" else 1])
            if error:
                calls.append((call, None, None, error))
            else:
                calls.append((call, size, int(args[0] if call == "munmap" else result, 16), "ok"))
    return calls


with Folder() as folder:
    with open("known.py", "w") as f:
        f.write(KNOWN)
    r = live("-o", "kept.dat", "--db", "sqlite:r.db", "-t", "tasks", "--", "strace", "-f", "-o", "calls", "-e",
             "trace=mmap,munmap,mremap,brk,execve", sys.executable, "known.py")
    pid = next((int(l.split()[0]) for l in r.stdout.splitlines() if re.fullmatch(r"\d+ \d+", l)), 0)
    claim(r.returncode == 0 and pid and not r.stderr, "live with a database ends as the command does", r.returncode, r.stderr)
    stored = sql(f"SELECT call, size, address, result FROM requests WHERE pid = {pid} AND call <> 'brk' AND name <> 'strace'")
    seen = calls_of_strace("calls", pid)
    claim(len(seen) > 100 and stored == seen, "what strace saw a program call is there, in its order, with size, address and result",
          *[x for x in stored if x not in seen][:3], "strace:", *[x for x in seen if x not in stored][:3])
    known = sql(f"SELECT call, COUNT(*), SUM(size), result FROM requests WHERE pid = {pid} AND name = 'known \\xff;--'''"
                " AND (size IS NULL OR size BETWEEN 7654321 AND 7654360 OR ABS(size) IN (1 << 20, 5 << 30))"
                " GROUP BY call, result ORDER BY call, result")
    mmaps = [k for k in known if k[0] == "mmap"]
    claim([k for k in known if k[0] == "munmap"] == [("munmap", 40, 40 * 7654321 + 780, "ok")] and
          mmaps == [("mmap", 1, None, "ENOMEM"), ("mmap", 41, 40 * 7654321 + 780 + (1 << 20), "ok")] and
          [k for k in known if k[0] in ("mremap", "brk")] == [("brk", 2, 0, "ok"), ("mremap", 1, 5 << 30, "ok")],
          "calls of known sizes are there, under the name that the program gave itself", known)

    r = subprocess.run([SCHEDREPORT, "memory", "--requests", "--clock", "iso", "-f", "csv", "-q", "kept.dat"],
                       capture_output=True, text=True)
    later = [(int(x["pid"]), int(x["tgid"]) if x["tgid"] else None, x["comm"].lstrip("'"), x["call"],
              int(x["size"]) if x["size"] else None, int(x["address"]) if x["address"] else None,
              x["time"][:26].replace("T", " ") + x["time"][29:], x["result"]) for x in csv.DictReader(io.StringIO(r.stdout))]
    rows = sql("SELECT pid, tgid, name, call, size, address, at, result FROM requests")
    claim(later and rows == later, "the recording made meanwhile has the same requests of all processes",
          len(rows), len(later), *[x for x in rows if x not in later][:3], *[x for x in later if x not in rows][:3])
    r = subprocess.run([VIEW, "requests", "--db", "sqlite:r.db", "--add", "kept.dat"], capture_output=True, text=True)
    claim(r.returncode != 0 and "already" in r.stderr and sql("SELECT COUNT(*) FROM requests") == [(len(rows),)],
          "and is not added to them", r.stderr)
    r = live("--db", "sqlite:r.db", "-t", "tasks", "--", "true")
    n, = sql("SELECT COUNT(*), SUM(pid IS NULL) FROM requests")
    claim(r.returncode == 0 and n[0] > len(rows) and sql("SELECT COUNT(*), SUM(rows_taken) FROM request_sources") == [(2, n[0])],
          "another run adds its own", n, r.stderr)

    # Whose file it is.
    nobody = pwd.getpwnam("nobody")
    os.chmod(folder, 0o755)
    os.mkdir("theirs")
    os.chown("theirs", nobody.pw_uid, nobody.pw_gid)
    sudo = {**os.environ, "SUDO_UID": str(nobody.pw_uid), "SUDO_GID": str(nobody.pw_gid), "SUDO_USER": "nobody"}
    r = live("--db", "sqlite:theirs/r.db", "-t", "tasks", "--", "true", env=sudo)
    st = os.stat("theirs/r.db") if r.returncode == 0 else None
    claim(st and (st.st_uid, stat.S_IMODE(st.st_mode)) == (nobody.pw_uid, 0o600) and sql("SELECT COUNT(*) FROM requests",
          "theirs/r.db")[0][0] > 0, "through sudo the file belongs to who called, and to nobody else", r.stderr, st)
    r = live("-t", "memory", "--", "true", env={**os.environ, "XDG_STATE_HOME": folder + "/states"})
    claim(r.returncode == 0 and sql("SELECT COUNT(*) FROM requests", "states/schedtrace/requests.db")[0][0] > 0,
          "where memory is shown they go into the folder of states", r.stderr)
    r = live("-t", "memory", "--db", "none", "--", "true", env={**os.environ, "XDG_STATE_HOME": folder + "/no"})
    claim(r.returncode == 0 and not os.path.exists("no"), "unless nobody wants them", r.stderr)

    # Refused before anything begins.
    os.symlink("r.db", "link.db")
    for env, db, status, word in ((None, "sqlite:link.db", 1, "is a link"), (None, "sqlite:missing/r.db", 1, "missing"),
                                  (sudo, "sqlite:r.db", 1, "r.db"), (sudo, "sqlite:new.db", 1, "new.db"),
                                  (None, "nonsense", 2, "sqlite:PATH"), (None, "sqlite:kept.dat", 3, "not a database")):
        r = live("--db", db, "--", "touch", "ran", env=env)
        claim(r.returncode == status and word in r.stderr and not os.path.exists("ran") and not r.stdout,
              f"refused: {db}{' through sudo' if env else ''}", r.returncode, r.stderr)

    # Somebody else holds the file for a while.
    p = subprocess.Popen([VIEW, "live", "--db", "sqlite:r.db", "-t", "tasks", "--interval", "0.2", "-f", "csv"],
                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: sql("SELECT COUNT(*) FROM request_sources") == [(3,)])
    holder = sqlite3.connect("r.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    subprocess.run(["true"])
    said = p.stderr.readline()
    holder.execute("ROLLBACK")
    holder.close()
    said += p.stderr.readline()
    p.send_signal(signal.SIGINT)
    said += p.communicate(timeout=LONG)[1]
    claim(p.returncode == 0 and "requests wait for the database: " in said and "requests are stored again" in said,
          "requests wait while somebody else holds the file", said)
    claim(sql("SELECT (SELECT COUNT(*) FROM requests) = (SELECT SUM(rows_taken) FROM request_sources)") == [(1,)],
          "and none is lost or there twice")

    # A server that is away when live begins, dies meanwhile, and comes back.
    if mariadb.DAEMON:
        server = mariadb.Server(folder + "/m")
        db, env = server.address(database="live"), {**os.environ, "MYSQL_PWD": server.PASSWORD}
        try:
            r = live("--db", db, "--db-required", "--", "touch", "ran", env=env)
            claim(r.returncode == 1 and server.socket in r.stderr and not os.path.exists("ran"),
                  "a server that is down is refused where it is required", r.returncode, r.stderr)
            p = subprocess.Popen([VIEW, "live", "--db", db, "-o", "maria.dat", "-t", "tasks", "--interval", "0.2", "-f", "csv"],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=env)
            said = []
            reader = threading.Thread(target=lambda: said.extend(iter(p.stderr.readline, "")))
            reader.start()

            def stored():
                """How many rows there are, after another few requests."""
                subprocess.run(["true"])
                r = subprocess.run([VIEW, "requests", "-f", "csv", "--db", db], capture_output=True, env=env)
                return r.stdout.count(b"\n")

            wait_for(lambda: said)
            for _ in range(3):
                server.start()
                before = stored()
                wait_for(lambda: stored() > before)
                server.stop()
                for _ in range(20):
                    subprocess.run(["true"])
            server.start()
            before = stored()
            wait_for(lambda: stored() > before)
            p.send_signal(signal.SIGINT)
            p.wait(timeout=LONG)
            reader.join()
            said = "".join(said)
            claim(p.returncode == 0 and "will wait for the database" in said and "stored again" in said,
                  "requests wait for a server that is down at the start, killed and started again", p.returncode, said)
            subprocess.run([VIEW, "requests", "--db", "sqlite:later.db", "--add", "maria.dat"], capture_output=True)
            rows = [subprocess.run([VIEW, "requests", "-f", "csv", "--db", d], capture_output=True, env=env).stdout
                    for d in (db, "sqlite:later.db")]
            claim(len(rows[0]) > 10000 and rows[0] == rows[1], "and each is there once, as the recording has them", *map(len, rows))
            r = live("--db", db, "-t", "tasks", "--", "true", env={**env, "MYSQL_PWD": "wrong"})
            claim(r.returncode == 1 and "requests not stored" in r.stderr and "denied" in r.stderr.lower() and
                  server.PASSWORD not in r.stderr, "with a wrong password live says how many are missing", r.returncode, r.stderr)
        finally:
            server.stop()
    else:
        skip("requests go into a MariaDB", "there is no mariadbd (Debian: mariadb-server-core)")

    # Killed at any moment: each transaction is there or not.
    ok = True
    for _ in range(4):
        p = subprocess.Popen([VIEW, "live", "--db", "sqlite:k.db", "-t", "tasks", "--interval", "0.1", "-f", "csv"],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        before = sql("SELECT COUNT(*) FROM request_sources", "k.db") if os.path.exists("k.db") else [(0,)]
        wait_for(lambda: os.path.exists("k.db") and sql("SELECT COUNT(*) FROM sqlite_schema", "k.db")[0][0] > 5 and
                 sql("SELECT COUNT(*) FROM request_sources", "k.db") > before)
        wait_for(lambda: children_of(p.pid))
        os.kill(children_of(p.pid)[0], signal.SIGKILL)
        p.wait()
        ok &= sql("PRAGMA quick_check", "k.db") == [("ok",)] and sql(
            "SELECT (SELECT COUNT(*) FROM requests) = (SELECT SUM(rows_taken) FROM request_sources)", "k.db") == [(1,)]
    claim(ok, "whenever the viewer is killed, its last transaction is there or is not")
done()
