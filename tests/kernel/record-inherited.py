# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a recorder gets from the process that starts it: descriptors, signals, limits, a folder."""
import os
import random
import shutil
from recorder import *

need_kernel()


def whole(path):
    """Is the file as the kernel's own counts say?"""
    try:
        _, stats = header(path)
    except (OSError, AssertionError, ValueError):
        return False
    return bool(stats) and report_lines(path) == stat_sum(stats, "read events")


def without(*missing):
    """Before schedrec begins, these descriptors are closed."""
    def close():
        for fd in missing:
            os.close(fd)
    return close


def standard_descriptors(pid):
    return sorted(int(n) for n in os.listdir(f"/proc/{pid}/fd") if int(n) < 3)


def remove(*names):
    for name in names:
        if os.path.exists(name):
            os.unlink(name)


def end(p, sig=signal.SIGTERM):
    """Ends a recording by a signal; what it wrote on standard error."""
    p.send_signal(sig)
    return p.communicate(timeout=LONG)[1]


with Folder() as folder:
    # ---- descriptors
    for missing in ((0,), (1,), (2,), (0, 1, 2)):
        names = ", ".join(str(fd) for fd in missing)
        p = subprocess.Popen([SCHEDREC, "-o", "fds.dat", "--", "sleep", "60"],
                             preexec_fn=without(*missing))
        wait_for(lambda: command_runs(p.pid, "sleep"))
        kept = [fd for fd in (0, 1, 2) if fd not in missing]
        # While it loads its libraries it opens some.
        lacks = wait_for(lambda: [standard_descriptors(c) for c in children_of(p.pid)] == [kept])
        p.send_signal(signal.SIGTERM)
        p.wait(timeout=LONG)
        claim(p.returncode == 143 and whole("fds.dat") and not leftovers(),
              f"without descriptor {names} a recording is whole, and its status the command's",
              p.returncode, os.listdir("."))
        claim(lacks, f"the command lacks descriptor {names} too, and only that")
        remove("fds.dat")
    with open("/dev/full", "w") as full:
        p = subprocess.run([SCHEDREC, "-o", "full.dat", "--", "sh", "-c", "exit 4"], stderr=full)
    claim(p.returncode == 4 and whole("full.dat"), "a full standard error changes nothing",
          p.returncode)
    for words, kw in (("No space left", {"stdout": open("/dev/full", "w")}),
                      ("Bad file descriptor", {"preexec_fn": without(1)})):
        p = subprocess.run([SCHEDREC, "list"], stderr=subprocess.PIPE, text=True, **kw)
        claim(p.returncode == 1 and words in p.stderr, f"a list that cannot be printed is told: {words}",
              p.returncode, p.stderr)
    p = subprocess.Popen(f"{SCHEDREC} list | true; echo ${{PIPESTATUS[0]}}", shell=True,
                         executable="/bin/bash", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    out, err = p.communicate(timeout=LONG)
    claim(out in ("0\n", "141\n") and not err, "a reader that has seen enough is no failure", out, err)

    # ---- signals
    def ignoring(*signals):
        def ignore():
            for s in signals:
                signal.signal(s, signal.SIG_IGN)
        return ignore

    def blocking(*signals):
        return lambda: signal.pthread_sigmask(signal.SIG_BLOCK, signals)

    everything = [s for s in signal.valid_signals() if s not in (signal.SIGKILL, signal.SIGSTOP)]
    p = start("-q", "-o", "blocked.dat", "--", "grep", "SigBlk", "/proc/self/status",
              preexec_fn=blocking(*everything))
    out, err = p.communicate(timeout=LONG)
    blocked = int(out.split()[1], 16) if out else 0
    claim(p.returncode == 0 and whole("blocked.dat") and
          all(blocked >> s - 1 & 1 for s in everything if s < 32),
          "with every signal blocked a recording ends with its command, which has them blocked too",
          p.returncode, out, err)
    p = start("-q", "-o", "term.dat", "--", "sleep", "60", preexec_fn=blocking(signal.SIGTERM))
    wait_for(lambda: command_runs(p.pid, "sleep"))
    child = children_of(p.pid)
    p.send_signal(signal.SIGTERM)
    done_ = wait_for(lambda: whole("term.dat"))
    for c in child: # which has it blocked
        os.kill(c, signal.SIGKILL)
    p.communicate(timeout=LONG)
    claim(done_, "a blocked SIGTERM ends the recording all the same")
    p = start("-q", "-o", "hup.dat", "--", "sleep", "60", preexec_fn=ignoring(signal.SIGHUP))
    wait_for(lambda: command_runs(p.pid, "sleep"))
    p.send_signal(signal.SIGHUP)
    time.sleep(0.3)
    goes_on = p.poll() is None
    end(p)
    claim(goes_on and p.returncode == 143, "an ignored SIGHUP is ignored, as nohup wants it",
          p.returncode)
    p = start("--flight", "5", "-o", "usr.dat", "--", "sleep", "60",
              preexec_fn=ignoring(signal.SIGUSR1))
    wait_for(lambda: command_runs(p.pid, "sleep"))
    p.send_signal(signal.SIGUSR1)
    saved = wait_for(lambda: os.path.exists("usr.1.dat"))
    err = end(p)
    claim(saved and whole("usr.1.dat"), "a flight recorder saves at SIGUSR1 although it was ignored",
          err)
    p = start("-q", "-o", "alarm.dat", "--", "sleep", "60",
              preexec_fn=lambda: signal.alarm(3))
    wait_for(lambda: command_runs(p.pid, "sleep") or p.poll() is not None)
    child = children_of(p.pid)
    _, err = p.communicate(timeout=LONG)
    claim(p.returncode == 142 and not leftovers() and not instances_of(p.pid) and
          not any(os.path.exists(f"/proc/{c}") for c in child),
          "an alarm that was set before ends the command and the recording in order",
          p.returncode, err, leftovers())
    p = start("-q", "-o", "cpu.dat", "--", "sleep", "60")
    wait_for(lambda: command_runs(p.pid, "sleep"))
    err = end(p, signal.SIGXCPU)
    claim(p.returncode == 152 and whole("cpu.dat") and not leftovers(),
          "the limit on CPU time ends a recording in order", p.returncode, err)

    # ---- a signal to the whole group at any moment of setting up
    random.seed(1)
    for sig in (signal.SIGTERM, signal.SIGINT):
        bad = []
        for _ in range(12):
            p = start("-o", "group.dat", "--", "sleep", "60", preexec_fn=os.setsid)
            time.sleep(random.uniform(0, 0.25))
            os.killpg(p.pid, sig)
            _, err = p.communicate(timeout=LONG)
            if p.returncode not in (128 + sig, -sig) or "died" in err or leftovers():
                bad.append((p.returncode, err, leftovers()))
        claim(not bad, f"{sig.name} to all at any moment gives 128 + {int(sig)}", *bad)

    # ---- limits
    bad = []
    for n in range(4, 48):
        r = run("-o", "nofile.dat", "--", "touch", "ran", prefix=("prlimit", f"--nofile={n}:{n}"))
        good = r.returncode == 0 and whole("nofile.dat") and os.path.exists("ran")
        refused = r.returncode == 125 and "Too many open files" in r.stderr
        if not (good or refused) or leftovers():
            bad.append((n, r.returncode, r.stderr, leftovers()))
        remove("nofile.dat", "ran")
    claim(not bad, "with few descriptors a recording is whole, or refused as they are too few", *bad)
    r = run("-o", "fsize.dat", "--", "touch", "ran", prefix=("prlimit", "--fsize=0"))
    claim(r.returncode == 125 and "ulimit" in r.stderr and not os.path.exists("ran"),
          "where no file may have a byte nothing is recorded", r.returncode, r.stderr)
    r = run("-q", "-o", "stack.dat", "--", "sh", "-c", "ulimit -s",
            prefix=("prlimit", "--stack=262144:262144"))
    claim(r.returncode == 0 and r.stdout == "256\n" and whole("stack.dat"),
          "a small limit on stacks is the command's too, and the threads work with it",
          r.returncode, r.stdout, r.stderr)

    # ---- the umask
    if may_unshare("-m") and shutil.which("setpriv"):
        r = run("-o", "mask.dat", "--", "sh", "-c", "umask", prefix=(
            "unshare", "-m", "sh", "-c", "mount -t tmpfs nodev /run && umask 777 && exec setpriv "
            "--bounding-set=-dac_override,-dac_read_search \"$@\"", "sh"))
        claim(r.returncode == 0 and "cannot reach" not in r.stderr and whole("mask.dat") and
              r.stdout.strip() == "0777",
              "a umask that forbids everything is the command's, and keeps nothing from working",
              r.returncode, r.stdout, r.stderr)
    else:
        skip("a umask that forbids everything", "mounts cannot be changed here")

    # ---- words
    for args in ([""], ["x" * 100000]):
        p = subprocess.run([*args, "-o", "name.dat", "--bad"], executable=SCHEDREC,
                           capture_output=True, text=True)
        claim(p.returncode == 125 and p.stderr.startswith("schedrec: "),
              f"called by a name of {len(args[0])} bytes it names itself schedrec", p.stderr[:200])
    r = run("-q", "-o", "env.dat", "--", "sh", "-c", "echo ${#V7}",
            env={f"V{i}": "x" * 100000 for i in range(10)} | {"TERM": "x" * 100000})
    claim(r.returncode == 0 and r.stdout == "100000\n" and whole("env.dat"),
          "an environment of a megabyte is the command's too", r.returncode, r.stderr)
    r = run("-q", "-o", "args.dat", "--", "sh", "-c", "echo $#", "sh", *["word"] * 100000)
    claim(r.returncode == 0 and r.stdout == "100000\n" and whole("args.dat"),
          "a command may have a hundred thousand words", r.returncode, r.stderr)

    # ---- a folder that is gone
    os.mkdir("gone")
    os.chdir("gone")
    os.rmdir("../gone")
    r = run("-o", "here.dat", "--", "true")
    claim(r.returncode == 125 and "here.dat" in r.stderr and "removed" in r.stderr,
          "in a folder that was removed nothing can be written, and that is told", r.stderr)
    r = run("-q", "-o", f"{folder}/there.dat", "--", "true")
    claim(r.returncode == 0 and whole(f"{folder}/there.dat"),
          "from a folder that was removed a recording can go elsewhere", r.stderr)
    os.chdir(folder)
done()
