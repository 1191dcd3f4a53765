# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where tracefs may be, and what becomes of folders while a recording is made."""
import os
import shutil
from recorder import *

need_kernel()


def whole(path):
    _, stats = header(path)
    return bool(stats) and report_lines(path) == stat_sum(stats, "read events")


def recorded(sentence, script):
    """With mounts that this script changes, a recording is made."""
    r = run("-q", "-o", "place.dat", "--", "true", prefix=(*OWN_MOUNTS, f"{script}; exec \"$@\"", "sh"))
    claim(r.returncode == 0 and whole("place.dat") and not r.stderr, sentence, r.returncode, r.stderr)
    if os.path.exists("place.dat"):
        os.unlink("place.dat")


def refused(sentence, words, script, *unwanted):
    r = run("-o", "place.dat", "--", "touch", "ran",
            prefix=(*OWN_MOUNTS, f"{script}; exec \"$@\"", "sh"))
    claim(r.returncode == 125 and all(w in r.stderr for w in words) and
          not any(w in r.stderr for w in unwanted) and not os.path.exists("ran") and not leftovers(),
          sentence, r.returncode, r.stderr)


OWN_MOUNTS = ("unshare", "-m", "--propagation", "private", "sh", "-e", "-c")
UNMOUNT = "umount -a -l -t tracefs"
with Folder() as folder:
    if may_unshare("-m"):
        os.makedirs("else where")
        os.makedirs("other")
        there = f"mount -t tracefs nodev '{folder}/else where'"
        recorded("tracefs may be mounted elsewhere, with a blank in the name", f"{UNMOUNT}; {there}")
        recorded("a mount that something else was mounted over is passed by",
                 f"{there}; mount -t tmpfs nodev {TRACEFS}")
        recorded("so is one that has folders of these names but is no tracefs",
                 f"{there}; mount -t tmpfs nodev {TRACEFS}; mkdir {TRACEFS}/instances")
        recorded("so is a part of it that is mounted before the whole",
                 f"{UNMOUNT}; {there}; mount --bind '{folder}/else where/events' other; "
                 f"umount '{folder}/else where'; mount -t tracefs nodev {TRACEFS}")
        recorded("so is one that is read-only",
                 f"mount -o remount,bind,ro {TRACEFS}; {there}")
        if os.path.isdir("/sys/kernel/debug"):
            recorded("what debugfs shows of tracefs is enough",
                     f"{UNMOUNT}; umount -l /sys/kernel/debug 2>log || true; "
                     "mount -t debugfs nodev /sys/kernel/debug")
        refused("without any the mount is told", ("not mounted", "mount -t tracefs"),
                f"{UNMOUNT}; umount -a -l -t debugfs")
        refused("one that is read-only alone is told as that", ("read-only", "remount,rw"),
                f"umount -a -l -t debugfs; mount -o remount,bind,ro {TRACEFS}", "not mounted")
        # The status is the leak sanitizer's, which needs /proc too.
        r = run("-o", "place.dat", "--", "true",
                prefix=(*OWN_MOUNTS, "mount -t tmpfs nodev /proc; exec \"$@\"", "sh"))
        claim(r.returncode and "/proc/self/mounts" in r.stderr and "not mounted" not in r.stderr,
              "without /proc the list of mounts is what is missing", r.stderr)
    else:
        skip("tracefs in other places", "mounts cannot be changed here")

    # ---- folders
    os.mkdir("gone")
    p = start("-o", "gone/x.dat", "--", "sleep", "60")
    wait_for(lambda: command_runs(p.pid, "sleep"))
    shutil.rmtree("gone")
    p.send_signal(signal.SIGTERM)
    _, err = p.communicate(timeout=LONG)
    claim(p.returncode == 125 and "removed" in err and "gone/." not in err and "--repair" not in err,
          "a working file that was removed with its folder is not named as if it were there", err)
    os.mkdir("before")
    p = start("-o", "before/x.dat", "--", "sleep", "60")
    wait_for(lambda: command_runs(p.pid, "sleep"))
    os.rename("before", "after")
    os.mkdir("after/x.dat") # which cannot be replaced by a file
    p.send_signal(signal.SIGTERM)
    _, err = p.communicate(timeout=LONG)
    told = re.search(r"is in (\S+): schedrec --repair", err)
    claim(p.returncode == 125 and told and os.path.dirname(told[1]) == f"{folder}/after" and
          os.path.exists(told[1]), "where its folder was renamed it is named by the new name", err)
done()
