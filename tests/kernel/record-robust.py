# SPDX-License-Identifier: LGPL-2.1-or-later
"""Signals at any moment, commands that behave oddly, tracefs that is not as usual, few resources."""
import json
import random
from recorder import *

need_kernel()
SCHEDCONV, SCHEDREPORT = (os.path.abspath(a) for a in sys.argv[3:5])
DELAYS = 12


def ends(path):
    """The markers of begin and end."""
    parts = events(path)[1]
    return json.loads(parts[1]), json.loads(parts[2])


def whole(path):
    _, stats = header(path)
    return bool(stats) and report_lines(path) == stat_sum(stats, "read events")


with Folder():
    # The same signal at many moments of setting up, running and saving, however long these take.
    random.seed(1)
    SHORT = ("-q", "-d", "0.1", "-o", "old.dat", "--", "sleep", "0.2")
    began = time.monotonic()
    run(*SHORT)
    whole_run = time.monotonic() - began
    for sig in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL):
        bad = []
        for i in range(DELAYS):
            with open("old.dat", "w") as f:
                f.write("what stood there before\n")
            p = start(*SHORT, preexec_fn=os.setsid)
            time.sleep(random.uniform(0, whole_run))
            if p.poll() is None:
                os.killpg(p.pid, sig)
            _, err = p.communicate(timeout=LONG)
            with open("old.dat", "rb") as f:
                old = f.read(8) == b"what sto"
            left = leftovers()
            # What was killed closes its files one after the other, and its child has them too.
            if not wait_for(lambda: not traces(p.pid), 60) or not (old or whole("old.dat")) or \
                    (sig != signal.SIGKILL and (left or instances_of(p.pid))):
                bad.append((i, p.returncode, err, old, left, instances_of(p.pid)))
            for name in left:
                os.unlink(name)
        claim(not bad, f"{sig.name} at any moment leaves the old file or a whole one, and no tracing",
              *bad)

    p = start("-b", "16384", "-o", "k.dat", "--", "sleep", str(LONG))
    wait_for(lambda: command_runs(p.pid, "sleep"))
    name = instances_of(p.pid)[0]
    size = f"{TRACEFS}/instances/{name}/buffer_total_size_kb"
    with open(size) as f:
        before = int(f.read())
    child = children_of(p.pid)
    p.kill()
    os.kill(child[0], signal.SIGKILL)
    p.communicate()

    def total():
        with open(size) as f:
            return int(f.read())
    claim(before >= 16384 and wait_for(lambda: total() < before / 100),
          "a killed recorder's buffers are given back", before, total())
    run("-q", "-o", "k.dat", "--", "true")
    for n in leftovers():
        os.unlink(n)

    # Commands.
    r = run("-q", "-o", "d.dat", "--", "sh", "-c",
            f"(exec >/dev/null 2>&1 sleep {LONG}) & echo $!; exit 4")
    left_behind = int(r.stdout)
    claim(r.returncode == 4 and os.path.exists(f"/proc/{left_behind}") and whole("d.dat"),
          "the recording ends with the command, not with a process that it left behind",
          r.returncode, r.stderr)
    os.kill(left_behind, signal.SIGKILL)
    p = start("-q", "--sample", "-o", "m.dat", "--", "/usr/bin/python3", "-c",
              "import os, time\nfor i in range(3000):\n"
              "    if os.fork() == 0: os._exit(0)\n    os.wait()\nopen('ready', 'w')\n"
              "while not os.path.exists('go'): time.sleep(0.02)")
    wait_for(lambda: os.path.exists("ready"))

    def sampled():
        r = subprocess.run([SCHEDREC, "ctl", "status", "--json", "--recorder", str(p.pid)],
                           capture_output=True, text=True)
        return json.loads(r.stdout)["sampler"]["processes"]
    one = wait_for(lambda: len(sampled()) == 1, 60)
    kept = sampled()
    open("go", "w").close()
    p.communicate(timeout=LONG)
    claim(p.returncode == 0 and one,
          "of thousands of processes those that have ended are no longer kept", kept)

    # tracefs.
    def refused(sentence, words, *prefix):
        r = run("-o", "n.dat", "--", "touch", "ran", prefix=prefix)
        claim(r.returncode == 125 and all(w in r.stderr for w in words) and
              not os.path.exists("ran") and not leftovers(), sentence, r.returncode, r.stderr)

    if may_unshare("-m"):
        refused("a tracefs that is mounted read-only is told, with the cure",
                ("read-only", "remount,rw"), "unshare", "-m", "sh", "-c",
                f"mount --bind {TRACEFS} {TRACEFS} && mount -o remount,bind,ro {TRACEFS} && "
                "exec \"$@\"", "sh")
        r = run("-q", "-o", "bind.dat", "--", "true", prefix=(
            "unshare", "-m", "sh", "-c", f"mkdir elsewhere && mount --bind {TRACEFS} elsewhere && "
            "umount -l /sys/kernel/tracing; exec \"$@\"", "sh"))
        claim(r.returncode == 0 and whole("bind.dat"), "tracefs may be mounted elsewhere", r.stderr)
    else:
        skip("a tracefs that is mounted read-only or elsewhere", "unshare -m is refused here")
    r = run("-b", "101", "-o", "b.dat", "--", "true")
    told = re.search(r"the kernel made the buffers (\d+) KiB a CPU", r.stderr)
    begin, end = ends("b.dat")
    claim(told and int(told[1]) >= 101 and begin["buffer_kb"] == int(told[1]),
          "a buffer size that the kernel rounded is told, and in the file", r.stderr, begin)

    # What the file says of itself.
    p = start("-q", "-o", "w.dat", "--", "sleep", "0.3")
    p.communicate(timeout=LONG)
    begin, end = ends("w.dat")
    offsets = [m["wall_ns"] - m["trace_ns"] for m in (begin, end)]
    claim(begin["recorder_pid"] == p.pid and begin["command_pid"] > 0,
          "the file tells who the recorder and the command were", begin)
    claim(all(abs(o - (time.time_ns() - time.monotonic_ns())) < 10**9 for o in offsets),
          "the wall clock's offset is there twice", offsets)

    # Few resources.
    if may_unshare("-m"):
        said = []
        for program, args in ((SCHEDREC, ("-q", "-o", "t.dat", "--", "true")),
                              (SCHEDCONV, ("-q", "t.dat", "t.tar")), (SCHEDREPORT, ("cpus", "t.tar"))):
            shutil.copy(program, "program") # which may be in /tmp itself
            r = subprocess.run(["unshare", "-m", "sh", "-c", "mount -t tmpfs -o ro none /tmp && "
                                "mount -t tmpfs -o ro none /dev/shm && exec \"$@\"", "sh",
                                "./program", *args], capture_output=True, text=True)
            said.append((r.returncode, r.stderr))
        claim([s[0] for s in said] == [0, 0, 0] and whole("t.dat"),
              "recording, converting and reporting need no /tmp and no /dev/shm", *said)
    else:
        skip("recording, converting and reporting need no /tmp and no /dev/shm", "unshare -m is refused here")
    r = run("-o", "f.dat", "--", "touch", "ran", prefix=("prlimit", "--nofile=16"))
    claim((r.returncode == 0 and whole("f.dat")) or
          (r.returncode == 125 and "Too many open files" in r.stderr and not leftovers()),
          "with 16 descriptors a recording is whole or refused", r.returncode, r.stderr)
done()
