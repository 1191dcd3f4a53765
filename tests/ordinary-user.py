# SPDX-License-Identifier: LGPL-2.1-or-later
"""Converting and reporting need no privilege: an ordinary user does both."""
import os
import shutil
import subprocess
import sys
import tempfile

programs, traces = sys.argv[1:-1], sys.argv[-1]
AS_USER = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all",
           "--no-new-privs"] if os.geteuid() == 0 else []
n = failed = 0


def claim(ok, sentence, *details):
    global n, failed
    n += 1
    failed += not ok
    print(f"{'ok' if ok else 'not ok'} {n} - {sentence}")
    for d in details if not ok else ():
        for line in str(d).splitlines():
            print(f"# {line}")


if AS_USER and not shutil.which("setpriv"):
    print("1..0 # SKIP no setpriv")
    sys.exit(0)
with tempfile.TemporaryDirectory() as folder:
    # Copies, for the build's own folder may be closed to others.
    conv, report = (shutil.copy(p, folder) for p in programs)
    shutil.copy(os.path.join(traces, "pingpong.dat"), folder)
    if AS_USER:
        for name in (".", "pingpong.dat"):
            os.chown(os.path.join(folder, name), 65534, 65534)

    def run(*args):
        return subprocess.run([*AS_USER, *args], cwd=folder, capture_output=True, text=True)

    who = run("id", "-u").stdout.strip()
    r = run(conv, "-q", "pingpong.dat", "out.tar")
    claim(who != "0" and r.returncode == 0 and not r.stderr, "schedconv converts a recording", who,
          r.stderr)
    claim(os.stat(os.path.join(folder, "out.tar")).st_uid == int(who), "the tarball is the user's")
    one, two = run(report, "cpus", "out.tar"), run(report, "cpus", "pingpong.dat")
    claim(one.returncode == two.returncode == 0 and "cpus:" in one.stdout and
          one.stdout == two.stdout, "schedreport reads both", one.stderr, two.stderr)
    os.chmod(os.path.join(folder, "pingpong.dat"), 0)
    r = run(report, "cpus", "pingpong.dat")
    claim(r.returncode == 1 and "Permission denied" in r.stderr, "what may not be read is told",
          r.returncode, r.stderr)
print(f"1..{n}")
sys.exit(failed > 0)
