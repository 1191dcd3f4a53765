# SPDX-License-Identifier: LGPL-2.1-or-later
"""A CPU that can no longer be read: it is told at once, noted in the file, and the others go on."""
import errno
import io
import json
import select
import tarfile
import numpy
from recorder import *

need_kernel()
SCHEDCONV, SHIM = (os.path.abspath(a) for a in sys.argv[3:5])
if os.cpu_count() < 2:
    print("1..0 # SKIP needs two CPUs")
    sys.exit(0)
BAD = 1
# Something on each CPU, until there is a file "enough", and a round of it then.
TICKS = ("sh", "-c", "last=; while [ -z $last ]; do [ -e enough ] && last=1; for c in 0 1; do "
         "taskset -c $c /bin/true; done; sleep 0.02; done")


def begin(*args, buffer="/per_cpu/cpu1/trace_pipe_raw", **more):
    """schedrec, of which reading that buffer fails as long as there is the file "when"."""
    env = {**os.environ, "LD_PRELOAD": SHIM, "FAIL_WHEN": os.path.abspath("when"),
           "FAIL_PATH": buffer, "ASAN_OPTIONS": "verify_asan_link_order=0:detect_leaks=0", **more}
    p = start(*args, env=env)
    wait_begun(p)
    return p


def fail(errnum):
    with open("new", "w") as f:
        f.write(str(errnum))
    os.rename("new", "when")


def first_line(p):
    """What schedrec says next of that CPU, and when."""
    line = "begin"
    while line and f"CPU {BAD}" not in line:
        line = p.stderr.readline() if select.select([p.stderr], [], [], LONG)[0] else ""
    return line, time.monotonic_ns()


def end(p):
    """The commands here go on until there is a file "enough". What schedrec says then."""
    touch("enough")
    err = p.communicate(timeout=LONG)[1]
    os.unlink("enough")
    return err


def give(p, sig):
    """Sends a signal that schedrec has taken on return."""
    p.send_signal(sig)
    wait_for(lambda: p.poll() is not None or not status_of(p.pid, "ShdPnd", 16) >> sig - 1 & 1)


def convert(path):
    """(columns, ids, meta.json) of the file."""
    subprocess.run([SCHEDCONV, "-q", path, path + ".tar"], capture_output=True)
    with tarfile.open(path + ".tar") as tar:
        names = tar.extractfile("sched_log_traced_events.start").read().decode()
        columns = {c: numpy.load(io.BytesIO(tar.extractfile(c + ".npz").read()))[c]
                   for c in ("timestamp", "cpu", "event", "arg0", "arg1")}
        meta = json.load(tar.extractfile("meta.json"))
    return columns, {l.split()[1]: int(l.split()[0]) for l in names.splitlines()}, meta


def last_gap(path):
    """The row LOST that ends the file, as (CPU, count, begin), and the last switch of each CPU."""
    columns, ids, meta = convert(path)
    lost = numpy.flatnonzero(columns["event"] == ids["LOST"])
    switches = [columns["timestamp"][(columns["event"] == ids["CTX_SWITCH"]) &
                                     (columns["cpu"] == c)].max(initial=0) for c in (0, 1)]
    end = lost[-1] if len(lost) else None
    row = end is not None and end == len(columns["event"]) - 1 and \
        tuple(int(columns[c][end]) for c in ("cpu", "arg0", "arg1"))
    return row, switches, meta.get("incomplete")


with Folder():
    for number in (errno.EIO, errno.ENOMEM):
        name = errno.errorcode[number]
        p = begin("-o", "f.dat", "--", *TICKS)
        fail(number)
        line, told_ns = first_line(p)
        err = end(p)
        os.unlink("when")
        claim("CPU 1 can no longer be read: " + os.strerror(number) in line,
              f"a reader that fails with {name} is told while the command runs", line)
        claim(p.returncode == 125 and "the command itself ended with status 0" in err,
              f"with {name} the command runs on to its end, and the status is 125", err)
        claim(report_lines("f.dat") == stat_sum(header("f.dat")[1], "read events"),
              f"with {name} trace-cmd reads what was recorded")
        gap, switches, incomplete = last_gap("f.dat")
        claim(gap and gap[:2] == (BAD, -1) and switches[BAD] <= gap[2] < told_ns and
              switches[1 - BAD] > told_ns,
              f"with {name} the rows of that CPU end with a gap, and the other's go on", gap,
              switches, told_ns)
        claim(incomplete and "CPU 1" in incomplete and os.strerror(number) in incomplete,
              f"with {name} the tarball says what is incomplete", incomplete)

    p = begin("-o", "h.dat", "--", *TICKS)
    fail(0)
    line, _ = first_line(p)
    os.unlink("when")
    err = end(p)
    claim("CPU 1 has not been read for" in line, "a reader that hangs is told", line)
    claim(p.returncode == 0 and last_gap("h.dat")[2] is None and
          report_lines("h.dat") == stat_sum(header("h.dat")[1], "read events"),
          "if it goes on before the end, nothing is missing", err)

    p = begin("-o", "n.dat", "--", "sleep", str(LONG))
    fail(0)
    first_line(p)
    give(p, signal.SIGTERM)
    wait_for(lambda: not traces(p.pid))
    goes_round(p, 0.5) # the others take what is noted of it
    give(p, signal.SIGTERM)
    give(p, signal.SIGTERM)
    _, err = p.communicate(timeout=LONG)
    left = leftovers()
    claim(p.returncode == 125 and "Connection timed out" in err and len(left) == 1,
          "the third signal ends a recording whose reader hangs", p.returncode, err)
    os.unlink("when")
    r = run("--repair", left[0], "-o", "n.dat")
    claim(r.returncode == 0 and last_gap("n.dat")[2], "what was recorded then can be repaired",
          r.stderr)
    run("-q", "-o", "x.dat", "--", "true") # sweeps its instance

    with open("script", "w") as f:
        f.write("#!/no/such/interpreter\n")
    os.chmod("script", 0o755)
    fail(0)
    p = begin("-o", "a.dat", "--", "./script")
    _, err = p.communicate(timeout=LONG)
    os.unlink("when")
    told = "cannot be removed; the next schedrec will" in err # if the reader did hang by then
    claim(p.returncode == 127 and "interpreter" in err and leftovers() == left and
          told == bool(instances_of(p.pid)) and not os.path.exists("a.dat"),
          "a recording that cannot begin ends though a reader hangs", p.returncode, err)
    run("-q", "-o", "x.dat", "--", "true")
    claim(not instances_of(p.pid), "and the next one removes what it had to leave")

    p = begin("-e", "sched,mm", "--only", "-o", "o.dat", "--", *TICKS,
              buffer=".only/per_cpu/cpu1/trace_pipe_raw")
    fail(errno.EIO)
    line, _ = first_line(p)
    err = end(p)
    os.unlink("when")
    claim("CPU 1 of --only" in line and p.returncode == 125 and "CPU 1" in last_gap("o.dat")[2],
          "so is a reader of the second buffer", line, err)

    p = begin("-e", "sched,mm,pages", "--rotate", "1M", "-o", "r.dat", "--", "sh", "-c",
              until("when") + "; while [ ! -e r.0003.dat ]; do /bin/true; done")
    fail(errno.EIO)
    p.communicate(timeout=LONG)
    os.unlink("when")
    files = sorted(f for f in os.listdir(".") if re.match(r"r\.\d+\.dat$", f))
    said = [convert(f)[2].get("incomplete") for f in files]
    n = sum(bool(s) and "CPU 1" in s for s in said) # files before the failure do not
    claim(n > 1 and all(said[-n:]) and p.returncode == 125,
          "each numbered file from then on says what is incomplete", files, said)

    # Tracing is off by then: the timeline cannot say it.
    for args, name in ((("-o", "e.dat"), "e.dat"),
                       (("--rotate", "1G", "-o", "er.dat"), "er.0001.dat"),
                       (("-e", "sched,mm", "--only", "-o", "eo.dat"), "eo.dat")):
        only = ".only" if "--only" in args else ""
        p = begin(*args, "--", "sh", "-c", until("when") + "; exit 3",
                  FAIL_DRAIN="1", buffer=only + "/per_cpu/cpu1/trace_pipe_raw")
        fail(errno.EIO)
        _, err = p.communicate(timeout=LONG)
        os.unlink("when")
        gap, switches, incomplete = last_gap(name)
        claim(p.returncode == 125 and "CPU 1 could not be read" in err and incomplete and
              incomplete.count("CPU") == 1 and "CPU 1" in incomplete and
              os.strerror(errno.EIO) in incomplete,
              f"{name}: a reader that fails when recording has ended is told in the tarball",
              p.returncode, err, incomplete)
        claim(gap and gap[:2] == (BAD, -1) and switches[BAD] <= gap[2],
              f"{name}: the rows of that CPU end with a gap", gap, switches)

    p = begin("-o", "u.dat", "--", "sleep", str(LONG), FAIL_DRAIN="1")
    fail(0)
    give(p, signal.SIGTERM)
    wait_for(lambda: not traces(p.pid))
    give(p, signal.SIGTERM)
    goes_round(p, 1.1) # after the second that it then has
    os.unlink("when")
    _, err = p.communicate(timeout=LONG)
    gap, _, incomplete = last_gap("u.dat")
    unread = re.search(r"([\d,]+) events? were left unread, as you asked", err)
    claim(unread and gap and gap[:2] == (BAD, int(unread[1].replace(",", ""))) and
          "CPU 1" in incomplete, "what a second signal left unread is told in the tarball", err,
          gap, incomplete)
done()
