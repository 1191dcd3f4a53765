#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Other tools' definitions against ours on a load that is recorded now.

usage: recorded_rules.py SCHEDREC SCHEDCONV SCHEDREPORT SCRIPT...

Each SCRIPT is run on the recording; its claims are printed as one.
"""
import os
import subprocess
import sys
import tempfile

from rows import Tap

schedrec, schedconv, schedreport, *scripts = sys.argv[1:]
LOAD = """for i in 1 2 3 4 5 6 7 8; do
(head -c 300000 /dev/urandom | gzip | md5sum >/dev/null; sleep 0.01; ls / >/dev/null) & done
wait; i=0; while [ $i -lt 30 ]; do i=$((i+1)); sleep 0.001; done"""

if os.geteuid() != 0 or not os.access("/sys/kernel/tracing/instances", os.W_OK):
    print("1..0 # SKIP recording needs root and tracefs")
    sys.exit(0)
tap = Tap()
with tempfile.TemporaryDirectory() as folder:
    dat = folder + "/load.dat"
    subprocess.run([schedrec, "-q", "-o", dat, "--", "sh", "-c", LOAD], check=True)
    for script in scripts:
        r = subprocess.run([sys.executable, script, schedreport, schedconv, dat],
                           capture_output=True, text=True,
                           env=os.environ | {"RECORDED_NOW": "1"})
        claims = [line for line in r.stdout.splitlines() if line.startswith(("ok", "not ok"))]
        tap.ok(r.returncode == 0 and len(claims) >= 5,
               f"all {len(claims)} claims of {os.path.basename(script)} hold",
               *r.stdout.splitlines(), *r.stderr.splitlines())
tap.end()
