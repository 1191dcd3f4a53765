# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is refused before anything is recorded, and what is left then: nothing."""
import os
import socket
from recorder import *

need_kernel()
REFUSED = 125


def refused(sentence, words, *args, env=None, prefix=()):
    """The command is not run, and no file and no instance is left."""
    before = sorted(os.listdir("."))
    r = run(*args, "--", "touch", "ran", env=env, prefix=prefix)
    claim(r.returncode == REFUSED and all(w in r.stderr for w in words) and
          sorted(os.listdir(".")) == before and len(r.stderr.splitlines()) == 1,
          sentence, r.returncode, r.stderr, os.listdir("."))


with Folder():
    run("--", "true") # takes away what a killed recorder left, and says so
    os.mkfifo("fifo")
    os.mknod("device", 0o600 | 0o020000, os.makedev(1, 3))
    os.mkdir("folder")
    s = socket.socket(socket.AF_UNIX)
    s.bind("socket")
    for name, kind in (("fifo", "FIFO"), ("device", "character device"), ("folder", "directory"),
                       ("socket", "socket")):
        refused(f"a target that is a {kind} is refused by its kind", (kind,), "-o", name)
    refused("a target in a folder that does not exist is refused", ("No such file",), "-o", "x/y")
    refused("a target whose name is too long is refused", ("too long",), "-o", "n" * 300)
    os.symlink("nowhere", "dangling")
    refused("a symbolic link to nothing is refused", ("symbolic link",), "-o", "dangling")
    with open("real.dat", "w") as f:
        f.write("old")
    os.symlink("real.dat", "link.dat")
    r = run("-o", "link.dat", "--", "true")
    claim(r.returncode == 0 and "real.dat" in r.stderr and os.path.islink("link.dat") and
          os.stat("real.dat").st_size > 3, "a symbolic link is resolved, and its target named",
          r.stderr)

    refused("an unknown event is refused with its nearest neighbour", ("sched:sched_switch",),
            "-e", "sched:sched_swicht")
    refused("an unknown word is refused with the set that is meant", ("did you mean",), "-e", "shed")
    refused("a refused filter is told in the kernel's own words", ("Field not found", "nosuch==1"),
            "-e", "sched_switch if nosuch==1")
    refused("a filter on a set is refused", ("one event",), "-e", "sched if prev_pid==1")
    refused("an unknown clock is refused with those that there are", ("mono", "boot"), "-C", "moon")
    refused("buffers above half of the free memory are refused", ("more than half",),
            "-b", "1000000000")
    refused("a tracefs that is not there is refused", ("No such file",), "--tracefs", "nowhere")
    refused("a folder without instances is no tracefs", ("no tracefs",), "--tracefs", "folder")
    refused("SUDO_UID without SUDO_GID is refused", ("SUDO_GID",), env={"SUDO_UID": "65534"})
    refused("a user and a name that differ are refused", ("SUDO_USER",),
            env={"SUDO_UID": "65534", "SUDO_GID": "65534", "SUDO_USER": "root"})
    refused("a group that is not the user's is refused", ("group",),
            env={"SUDO_UID": "65534", "SUDO_GID": "0", "SUDO_USER": "nobody"})
    refused("a file size limit is told", ("ulimit",), prefix=("sh", "-c", "ulimit -f 1000; exec \"$@\"",
                                                             "sh"))

    # A folder in the place of tracefs: a kernel with few events.
    os.makedirs("kernel/instances")
    for event in ("sched/sched_switch", "sched/sched_waking"):
        os.makedirs(f"kernel/events/{event}")
        open(f"kernel/events/{event}/format", "w").close()
    with open("kernel/available_events", "w") as f:
        f.write("sched:sched_switch\nsched:sched_waking\n")
    r = run("--tracefs", "kernel", "-e", "sched_migrate_task", "--", "touch", "ran")
    claim(r.returncode == REFUSED and "sched_migrate_task" in r.stderr and not os.path.exists("ran"),
          "an event that this kernel lacks is refused when it was asked for by name", r.stderr)
    r = run("--tracefs", "kernel", "--", "touch", "ran")
    claim("no event sched:sched_stat_runtime" in r.stderr and "no event task:task_newtask" in r.stderr
          and "no event sched:sched_switch" not in r.stderr,
          "events of a set that this kernel lacks are named, one a line", r.stderr)
    claim(r.returncode == REFUSED and not os.path.exists("ran"),
          "a folder that is not the kernel's cannot record", r.stderr)

    # Under sudo: the command and the file are the user's.
    os.chmod(".", 0o777)
    sudo = {"SUDO_UID": "65534", "SUDO_GID": "65534", "SUDO_USER": "nobody"}
    r = run("-q", "-o", "user.dat", "--", "sh", "-c", "id -u; id -g; id -G; echo $HOME $USER",
            env=sudo)
    st = os.stat("user.dat")
    claim(r.returncode == 0 and r.stdout.split()[:3] == ["65534"] * 3 and "nobody" in r.stdout,
          "under sudo the command runs as the user", r.stdout, r.stderr)
    claim((st.st_uid, st.st_gid, st.st_mode & 0o777) == (65534, 65534, 0o600),
          "under sudo the file is the user's", st)
    r = run("-q", "--as-root", "-o", "root.dat", "--", "id", "-u", env=sudo)
    claim(r.stdout.strip() == "0" and os.stat("root.dat").st_uid == 0, "--as-root keeps both root's",
          r.stdout)
    os.mkdir("private", 0o700)
    r = run("-o", "private/x.dat", "--", "touch", "ran", env=sudo)
    claim(r.returncode == REFUSED and not os.listdir("private") and not os.path.exists("ran"),
          "the user's rights decide where the file may be made", r.stderr)
    if os.access("/usr/bin/setpriv", os.X_OK):
        r = run("-o", "n.dat", "--", "touch", "ran",
                prefix=("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"))
        claim(r.returncode == REFUSED and ("sudo" in r.stderr) and not os.path.exists("ran"),
              "without permission schedrec says what gives it", r.stderr)
    if may_unshare("-m"):
        r = run("-o", "n.dat", "--", "touch", "ran", prefix=(
            "unshare", "-m", "sh", "-c", "umount -a -l -t tracefs; exec \"$@\"", "sh"))
        claim(r.returncode == REFUSED and "mount" in r.stderr and not os.path.exists("ran"),
              "without tracefs schedrec says how to mount it", r.stderr)
    else:
        skip("without tracefs schedrec says how to mount it", "unshare -m is refused here")
    claim(os.path.exists("fifo") and os.path.exists("device") and os.path.exists("socket"),
          "no path that was refused has been removed")
done()
