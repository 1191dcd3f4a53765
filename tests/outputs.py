#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Files that schedconv and schedreport write: whole, no input of theirs, and read by nobody who may
not read the recording.
Usage: outputs.py SCHEDCONV|- SCHEDREPORT TRACES"""
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

# Whatever started the tests, nohup for one: the signals that they send are not ignored.
for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
    if signal.getsignal(number) == signal.SIG_IGN:
        signal.signal(number, signal.SIG_DFL)

CONV, REPORT, TRACES = (a if a == "-" else os.path.abspath(a) for a in sys.argv[1:4])
n = failed = 0


def claim(ok, sentence, *details):
    global n, failed
    n += 1
    failed += not ok
    print(f"{'ok' if ok else 'not ok'} {n} - {sentence}", flush=True)
    for d in details if not ok else ():
        for line in str(d).splitlines():
            print(f"# {line}")


def run(*args, limit=None, **more):
    """Python gives its children the usual SIGXFSZ and SIGPIPE."""
    def before():
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    return subprocess.run(args, capture_output=True, text=True, preexec_fn=before, **more)


def contents(folder):
    return {name: open(os.path.join(folder, name), "rb").read() for name in os.listdir(folder)}


def at_every_limit(folder, args, result, step):
    """The sentences of all runs that a limit on file sizes ended; the last run is whole."""
    before, outcomes, limit = contents(folder), set(), 0
    while True:
        r = run(*args, limit=limit, cwd=folder)
        if r.returncode == 0:
            return outcomes, contents(folder).keys() - before.keys() == {result}
        outcomes.add((r.returncode, r.stderr.partition(": File too large")[1],
                      contents(folder) == before))
        limit = limit * 2 + step


def open_files(pid):
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            yield os.readlink(f"/proc/{pid}/fd/{fd}")
        except FileNotFoundError:
            pass


def blocked(args, folder):
    """A program that has opened its output, and waits until somebody reads its notes."""
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    try:
        while True:
            os.write(write_end, b"x" * 4096)
    except BlockingIOError:
        os.set_blocking(write_end, True)
    p = subprocess.Popen(args, cwd=folder, stdout=subprocess.DEVNULL, stderr=write_end)
    os.close(write_end)
    while p.poll() is None and not any(
            path.startswith(folder) and not path.endswith(".dat") for path in open_files(p.pid)):
        time.sleep(0.001)
    return p, read_end


def conversions(folder):
    dat = os.path.join(folder, "a.dat")
    shutil.copy(os.path.join(TRACES, "pingpong.dat"), dat)
    os.chmod(dat, 0o600)
    for options in ([], ["--store"], ["--derive"]):
        outcomes, whole = at_every_limit(folder, [CONV, "-q", *options, "a.dat"], "a.tar", 5000)
        claim(outcomes == {(1, ": File too large", True)} and whole,
              f"schedconv {' '.join([*options, ''])}tells of a limit on file sizes and leaves nothing",
              outcomes, whole)
        claim(os.stat(os.path.join(folder, "a.tar")).st_mode & 0o777 == 0o600,
              f"its tarball, made with {options or 'no options'}, is read by whom the recording is")
        os.unlink(os.path.join(folder, "a.tar"))

    for options in ([], ["--compact", "--close-gaps"]):
        outcomes, whole = at_every_limit(folder, [CONV, "-q", *options, "a.dat", "a.pftrace"],
                                         "a.pftrace", 5000)
        claim(outcomes == {(1, ": File too large", True)} and whole,
              f"schedconv {' '.join([*options, ''])}to Perfetto likewise", outcomes, whole)
        os.unlink(os.path.join(folder, "a.pftrace"))

    before = contents(folder)
    os.symlink("a.dat", os.path.join(folder, "soft"))
    os.link(dat, os.path.join(folder, "hard"))
    for output in ("a.dat", "./a.dat", "soft", "hard"):
        r = run(CONV, "a.dat", output, cwd=folder)
        claim(r.returncode == 2 and "is read" in r.stderr and
              contents(folder)["a.dat"] == before["a.dat"],
              f"schedconv a.dat {output} is refused", r.returncode, r.stderr)
    os.unlink(os.path.join(folder, "soft"))
    os.unlink(os.path.join(folder, "hard"))

    read_end, write_end = os.pipe()
    os.close(read_end)
    p = subprocess.run([CONV, "a.dat"], cwd=folder, stderr=write_end)
    os.close(write_end)
    claim(p.returncode == 0 and run(REPORT, "--validate", "cpus", "a.tar", cwd=folder).returncode == 0,
          "schedconv converts although nobody reads its summary", p.returncode)
    os.unlink(os.path.join(folder, "a.tar"))


def reports(folder):
    for name in ("pingpong.tar", "stacks.tar"):
        shutil.copy(os.path.join(TRACES, name), folder)
    with open(os.path.join(folder, "rules"), "w") as f:
        f.write("switches > 0\n")
    os.link(os.path.join(folder, "pingpong.tar"), os.path.join(folder, "hard.tar"))
    os.symlink("pingpong.tar", os.path.join(folder, "soft.tar"))
    before = contents(folder)
    a, o = "pingpong.tar", "hard.tar"
    for args in (["-o", a, "tasks", a], ["-o", o, "tasks", a], ["-o", "soft.tar", "tasks", a],
                 ["--plot", a, "latency", a], ["--flame", "stacks.tar", "stacks.tar"],
                 ["--junit", "rules", "assert", "rules", a], ["-o", "rules", "assert", "rules", a],
                 ["--junit", a, "assert", "rules", a], ["-o", a, "recordings", "stacks.tar", a],
                 ["compare", "tasks", "-o", o, "stacks.tar", a],
                 ["compare", "tasks", "-o", o, "--group", "all=hard*.tar", "stacks.tar"],
                 ["compare", "tasks", "--plot", o, "stacks.tar", a],
                 ["-o", "x", "--junit", "./x", "assert", "rules", a],
                 ["-o", "x", "--folded", "--flame", "x", "stacks.tar"]):
        r = run(REPORT, *args, cwd=folder)
        claim(r.returncode == 2 and ("is read" in r.stderr or "would write one file" in r.stderr) and
              contents(folder) == before, f"schedreport {' '.join(args)} is refused", r.returncode,
              r.stderr)
    with open(os.path.join(folder, a), "a") as f:
        r = subprocess.run([REPORT, "tasks", a], cwd=folder, stdout=f, stderr=subprocess.PIPE,
                           text=True)
    claim(r.returncode == 2 and "the standard output is pingpong.tar" in r.stderr and
          contents(folder) == before, "schedreport tasks a.tar >> a.tar is refused", r.stderr)
    outcomes, whole = at_every_limit(folder, [REPORT, "-q", "-o", "x", "-f", "csv", "tasks", a],
                                     "x", 100)
    claim(outcomes == {(1, ": File too large", True)} and whole,
          "schedreport tells of a limit on file sizes and leaves nothing", outcomes, whole)


def ends(folder):
    """A note of what a recording lacks comes when the output is begun."""
    shutil.copy(os.path.join(TRACES, "build.dat"), os.path.join(folder, "b.dat"))
    before = contents(folder)
    for end in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL):
        p, read_end = blocked([CONV, "b.dat", "new.tar"], folder)
        with open(f"/proc/{p.pid}/status") as f:
            caught = int(next(line for line in f if line.startswith("SigCgt")).split()[1], 16)
        p.send_signal(end)
        p.wait()
        os.close(read_end)
        claim(p.returncode == -end and contents(folder) == before and
              (end == signal.SIGKILL or caught & 1 << end - 1),
              f"schedconv ended by {end.name} leaves nothing", p.returncode, os.listdir(folder))


with tempfile.TemporaryDirectory() as made:
    if CONV != "-":
        conversions(made)
        ends(made)
with tempfile.TemporaryDirectory() as made:
    reports(made)
print(f"1..{n}")
sys.exit(failed > 0)
