# SPDX-License-Identifier: LGPL-2.1-or-later
"""A CPU that goes offline and comes back while recording, or comes online only then."""
import csv
import io
import tarfile
import numpy
from recorder import *

need_kernel()
SCHEDCONV, SCHEDREPORT = (os.path.abspath(a) for a in sys.argv[3:5])
SWITCH = "/sys/devices/system/cpu/cpu1/online"
if not os.access(SWITCH, os.W_OK):
    print(f"1..0 # SKIP there is no {SWITCH}")
    sys.exit(0)


def switch(online):
    """Switches CPU 1; the clock of the trace before and after."""
    before = time.monotonic_ns()
    with open(SWITCH, "w") as f:
        f.write("1" if online else "0")
    return before, time.monotonic_ns()


def end(p):
    """Ends a recording some time after its recorder had the chance to see a change."""
    goes_round(p, 0.5)
    p.send_signal(signal.SIGINT)
    return p.communicate(timeout=LONG)[1]


class Rows:
    def __init__(self, path):
        r = subprocess.run([SCHEDCONV, "-q", path, path + ".tar"], capture_output=True, text=True,
                           errors="replace")
        claim(r.returncode == 0, f"schedconv converts {path}", r.stderr)
        with tarfile.open(path + ".tar") as tar:
            names = tar.extractfile("sched_log_traced_events.start").read().decode()
            self.ids = {l.split()[1]: int(l.split()[0]) for l in names.splitlines()}
            for c in ("timestamp", "cpu", "event"):
                setattr(self, c, numpy.load(io.BytesIO(tar.extractfile(c + ".npz").read()))[c])

    def changes(self):
        """[(event, time)] of CPU 1."""
        found = []
        for name in ("CPU_OFFLINE", "CPU_ONLINE"):
            which = (self.event == self.ids[name]) & (self.cpu == 1)
            found += [(name, int(t)) for t in self.timestamp[which]]
        return sorted(found, key=lambda c: c[1])

    def switches(self, begin, end):
        """Switches on CPU 1 in this time."""
        return int(((self.event == self.ids["CTX_SWITCH"]) & (self.cpu == 1) &
                    (self.timestamp >= begin) & (self.timestamp < end)).sum())


def figures(path, table):
    """The row of CPU 1."""
    r = subprocess.run([SCHEDREPORT, "-f", "csv", "--exact", "-t", table, table, path + ".tar"],
                       capture_output=True, text=True)
    row = next(row for row in csv.DictReader(io.StringIO(r.stdout)) if row["cpu"] == "1")
    return {name: int(value) for name, value in row.items() if value.isdigit()}


with Folder():
    load = subprocess.Popen(["sh", "-c", "while :; do sleep 0.01; done"])
    try:
        p = start("-o", "h.dat", "-d", str(LONG))
        wait_begun(p)
        time.sleep(0.3)
        off = switch(False)
        goes_round(p, 0.5)
        on = switch(True)
        err = end(p)
        claim(p.returncode == 130, "a CPU may come and go while recording", err)

        switch(False)
        never = run("-q", "-o", "never.dat", "-d", "0.3")
        box = start("-q", "--flight", "1", "-o", "box.dat", "-d", str(LONG))
        wait_begun(box)
        time.sleep(0.3)
        box.send_signal(signal.SIGUSR1)
        wait_for(lambda: os.path.exists("box.1.dat"))
        box_err = end(box)
        p = start("-o", "later.dat", "-d", str(LONG))
        wait_begun(p)
        goes_round(p, 0.3)
        later = switch(True)
        err = end(p)
        claim(p.returncode == 130, "a CPU may come only while recording", err)
    finally:
        switch(True)
        load.kill()
        load.wait()

    claim(never.returncode == 0 and not never.stderr and
          report_lines("never.dat") == stat_sum(header("never.dat")[1], "read events"),
          "a CPU may be offline all the time", never.stderr)
    claim(box.returncode == 130 and not box_err and report_lines("box.1.dat"),
          "for a flight recorder too", box_err)
    rows = Rows("h.dat")
    changes = rows.changes()
    claim([c[0] for c in changes] == ["CPU_OFFLINE", "CPU_ONLINE"] and
          off[0] < changes[0][1] < on[0] < changes[1][1],
          "its going and coming are rows, before anything else happens to it", changes, off, on)
    claim(rows.switches(0, off[1]) > 0 and rows.switches(off[1], on[0]) == 0 and
          rows.switches(on[0], on[1] + 10**10) > 0,
          "what it did before and after is there, and nothing while it was offline")
    read = stat_sum(header("h.dat")[1], "read events")
    claim(report_lines("h.dat") == read, "trace-cmd reads all that the kernel gave", read)
    cpu, losses = figures("h.dat", "cpus"), figures("h.dat", "losses")
    # At most from its last event before it goes to the row of its coming.
    least, most = on[0] - off[1], changes[1][1] - off[0] + 300e6
    recorded = int(rows.timestamp[-1] - rows.timestamp[0])
    claim(least <= losses["offline_ns"] <= most and
          cpu["unknown_ns"] >= losses["offline_ns"] and
          cpu["idle_ns"] <= recorded - losses["offline_ns"],
          "the time offline is told, and is not idle time", cpu, losses, least, most, recorded)

    rows = Rows("later.dat")
    changes = rows.changes()
    claim([c[0] for c in changes] == ["CPU_OFFLINE", "CPU_ONLINE"] and changes[0][1] < later[0] and
          later[0] < changes[1][1],
          "one that is offline from the begin says so, and when it comes", changes, later)
    claim(rows.switches(0, later[0]) == 0 and rows.switches(later[0], later[1] + 10**10) > 0,
          "what it does then is recorded")
    claim(report_lines("later.dat") == stat_sum(header("later.dat")[1], "read events"),
          "trace-cmd reads all of that too")
done()
