# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every set of events that is about tasks records how they are called."""
import io
import json
import os
import shutil
import subprocess
import tarfile
import numpy
from recorder import *

need_kernel()
SCHEDCONV = os.path.abspath(sys.argv[3])


def names_of_rows(path, event):
    """The names that tasks had in rows of this event, by pid in the order of time."""
    subprocess.run([SCHEDCONV, "-q", path, path + ".tar"], check=True)
    with tarfile.open(path + ".tar") as tar:
        def column(name):
            return numpy.load(io.BytesIO(tar.extractfile(name + ".npz").read()))[name]
        ids = {v: k for k, v in json.load(tar.extractfile("comm.json")).items()}
        events = dict(line.split(maxsplit=1)[::-1] for line in
                      tar.extractfile("sched_log_traced_events.start").read().decode().splitlines())
        wanted = column("event") == int(events[event])
        found = {}
        for pid, comm in zip(column("pid")[wanted].tolist(), column("comm")[wanted].tolist()):
            found.setdefault(pid, []).append(ids.get(comm))
        return found


with Folder():
    shutil.copy("/bin/true", "renamed")
    command = ("sh", "-c", "echo $$ >pid; exec ./renamed")
    for name, event in (("mm", "MMAP"), ("pages", "PAGE_ALLOC"), ("futex", "EXIT"), ("irq", "EXIT"),
                        ("stacks", "CTX_SWITCH")):
        r = run("-q", "-e", name, "-o", name + ".dat", "--", *command)
        with open("pid") as f:
            pid = int(f.read())
        found = names_of_rows(name + ".dat", event).get(pid, [])
        claim(r.returncode == 0 and found and found[-1] == "renamed",
              f"with -e {name} alone a command has the name of its program", r.stderr, found)
done()
