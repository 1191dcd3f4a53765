# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pages into memory, and into a file beside: what both hold is the same."""
from recorder import *

need_kernel()
SAME = os.path.abspath(sys.argv[3])
# Switches that come one by one, so that hardly a page is full when it is read.
QUIET = ("sh", "-c", "while :; do sleep 0.004; done")
LOUD = ("sh", "-c", "while :; do /bin/true | /bin/true; done")


def same(command, *args):
    """Figures that same-records prints while the command runs."""
    p = subprocess.Popen(command, start_new_session=True)
    r = subprocess.run([SAME, *args], capture_output=True, text=True, timeout=LONG)
    os.killpg(p.pid, signal.SIGKILL)
    p.wait()
    words = r.stdout.split()
    return {"status": r.returncode, "stderr": r.stderr,
            **{a: int(b) for a, b in zip(words[::2], words[1::2])}}


with Folder():
    for name, command in (("quiet", QUIET), ("busy", LOUD)):
        r = same(command, "both", "2", "both.dat")
        claim(r["status"] == 0 and r["records"] > 100 and r["different"] == 0,
              f"on a {name} machine memory and file hold the same records", r)
        claim(r.get("rounds", 0) > 10 and r["early"] == 0, "rounds go on in time", r)
        claim(report_lines("both.dat") == iterate_count("both.dat") == r["records"],
              "trace-cmd reads as many of the file", report_lines("both.dat"), r)
        with open("both.dat", "rb") as f:
            table, stats = header("both.dat")
        in_file = sum(size for _, size in table)
        claim(in_file <= r["bytes"], "the file's pages are no more than those of memory", in_file, r)
    r = same(QUIET, "memory", "1", "none.dat")
    claim(r["status"] == 0 and r["records"] > 50 and not os.path.exists("none.dat"),
          "memory alone needs no file", r)
    r = same(LOUD, "both", "2", "full.dat", "8192")
    claim(r["status"] == 0 and r["skipped"] > 0 and r["lost"] > 0,
          "what finds no room in memory is skipped, counted and marked as lost", r)
    claim(iterate_count("full.dat") > r["records"] and
          stat_sum(header("full.dat")[1], "overrun") == 0,
          "and it is in the file", r, iterate_count("full.dat"))
done()
