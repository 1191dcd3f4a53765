# SPDX-License-Identifier: LGPL-2.1-or-later
"""Programs started without descriptors, with few of them, with names of any bytes."""
import os
import shutil
import subprocess
import sys
import tempfile

conv, report, traces = (os.path.abspath(a) for a in sys.argv[1:4])
others = [os.path.abspath(a) for a in sys.argv[4:]]
n = failed = 0


def claim(ok, sentence, *details):
    global n, failed
    n += 1
    failed += not ok
    print(f"{'ok' if ok else 'not ok'} {n} - {sentence}")
    for d in details if not ok else ():
        for line in str(d).splitlines():
            print(f"# {line[:600]}")
    sys.stdout.flush()


def run(*args, **kw):
    return subprocess.run(args, capture_output=True, **kw)


def without(*missing):
    """Before the program begins, these descriptors are closed."""
    def close():
        for fd in missing:
            os.close(fd)
    return close


def remove(*names):
    for name in names:
        if os.path.exists(name):
            os.unlink(name)


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    shutil.copy(os.path.join(traces, "pingpong.dat"), "in.dat")
    run(conv, "-q", "in.dat", "in.tar", check=True)
    table = run(report, "cpus", "in.tar").stdout
    before = sorted(os.listdir("."))

    for missing in ((0,), (1,), (2,), (0, 2), (0, 1, 2)):
        names = ", ".join(str(fd) for fd in missing)
        p = subprocess.run([conv, "in.dat", "out.tar"], preexec_fn=without(*missing),
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        same = run(report, "cpus", "out.tar").stdout == table
        claim(p.returncode == 0 and same, f"without descriptor {names} schedconv makes the same tarball",
              p.returncode)
        p = subprocess.run([report, "cpus", "in.dat", "-o", "out.txt"], preexec_fn=without(*missing),
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with open("out.txt", "rb") as f:
            same = f.read() == table
        claim(p.returncode == 0 and same, f"without descriptor {names} schedreport -o prints the same",
              p.returncode)
        remove("out.tar", "out.txt")
    p = subprocess.run([report, "cpus", "in.tar"], preexec_fn=without(1), stderr=subprocess.PIPE)
    claim(p.returncode == 1 and b"standard output: Bad file descriptor" in p.stderr,
          "what cannot be printed for want of a descriptor is told", p.returncode, p.stderr)
    p = subprocess.run([report, "cpus", "in.dat"], preexec_fn=without(0, 2), stdout=subprocess.PIPE)
    claim(p.returncode == 0 and p.stdout == table, "the others are not needed to print", p.returncode)
    read, write = os.pipe()
    os.close(read)
    p = subprocess.run([conv, "in.dat", "out.tar"], stderr=write)
    os.close(write)
    claim(p.returncode == 0 and run(report, "cpus", "out.tar").stdout == table,
          "a standard error that nobody reads does not end schedconv", p.returncode)
    remove("out.tar")

    bad = []
    for limit in range(4, 14):
        prefix = ("prlimit", f"--nofile={limit}:{limit}")
        p = run(*prefix, conv, "-q", "in.dat", "out.tar")
        if not (p.returncode == 0 and run(report, "cpus", "out.tar").stdout == table or
                p.returncode == 1 and b"Too many open files" in p.stderr):
            bad.append((limit, "schedconv", p.returncode, p.stderr))
        remove("out.tar")
        p = run(*prefix, report, "cpus", "in.dat")
        if not (p.returncode == 0 and p.stdout == table or
                p.returncode == 1 and b"Too many open files" in p.stderr):
            bad.append((limit, "schedreport", p.returncode, p.stderr))
        if sorted(os.listdir(".")) != before:
            bad.append((limit, os.listdir(".")))
    claim(not bad, "with few descriptors the result is the same, or refused as they are too few", *bad)

    for name, told in ((b"\xff\x9b31m", b"\\xff\\x9b31m"), (b"a\xc2\x9b31m", b"a\\xc2\\x9b31m"),
                       (b"\xe2\x80\xaetad", b"\\xe2\\x80\\xaetad"), (b"a\x1b[31m", b"a\\x1b[31m"),
                       ("grün".encode(), "grün".encode())):
        for program, *args in ((conv, name), (conv, "in.dat", name + b"/out.tar"), (report, "cpus", name),
                               (report, name), (report, "cpus", "in.tar", b"--format=" + name),
                               (report, "cpus", "in.tar", b"--comm", name, b"--no-" + name),
                               *((o, b"--repair", name) for o in others),
                               *((o, b"-o", name + b"/x", b"-d", name) for o in others)):
            p = run(program, *args, env={**os.environ, "LC_ALL": "C"})
            claim(p.returncode and told in p.stderr and len(p.stderr.splitlines()) == 1,
                  f"{os.path.basename(program)} prints {told.decode()} on standard error, and nothing "
                  "raw", args, p.returncode, p.stderr)
print(f"1..{n}")
sys.exit(failed > 0)
