# SPDX-License-Identifier: LGPL-2.1-or-later
"""A recorder that is killed leaves a readable file and a clean kernel."""
import os
import shutil
from recorder import *

need_kernel()


def events(path):
    return set(subprocess.run(["trace-cmd", "report", "-R", path], capture_output=True, text=True,
                              errors="replace").stdout.splitlines()[1:])


with Folder():
    # A low rate: only what these sleeps do, and what else happens on the machine.
    p = start("-o", "low.dat", "--", "sh", "-c", until("go") + "; echo lives >lived")
    wait_for(lambda: command_runs(p.pid, "sh") and leftovers() and report_lines(leftovers()[0]))
    p.kill()
    p.wait()
    left = leftovers()
    claim(len(left) == 1 and not os.path.exists("low.dat"),
          "SIGKILL leaves a working file beside the target and no target", left)
    claim(wait_for(lambda: not traces(p.pid), 60), "the kernel has stopped tracing by itself")
    n = report_lines(left[0])
    claim(bool(n), "trace-cmd reads the working file as it is", n)
    if WITNESS:
        claim(iterate_count(left[0]) == n, "libtracecmd does so too")
    touch("go")
    p.communicate() # until the command has ended, too
    claim(os.path.exists("lived"), "the command lives on untouched")

    before = events(left[0])
    subprocess.run(["cp", "--sparse=always", left[0], "copy.dat"])
    r = run("--repair", left[0], "-o", "repaired.dat")
    claim(r.returncode == 0 and events("repaired.dat") >= before and before,
          "--repair -o writes an ordinary file with all of its events", r.stderr)
    claim(os.stat("repaired.dat").st_size < 1 << 30, "that file has no holes")
    r = run("--repair", "copy.dat")
    claim(r.returncode == 0 and events("copy.dat") == events("repaired.dat") and
          os.stat("copy.dat").st_size < 1 << 30, "--repair in place gives the same", r.stderr)
    again = run("--repair", "copy.dat")
    claim(again.returncode == 0 and events("copy.dat") == events("repaired.dat"),
          "a second --repair changes nothing", again.stderr)

    for name, output in ("again.dat", ()), ("more.dat", ("-o", "made.dat")):
        subprocess.run(["cp", "--sparse=always", left[0], f".{name}.AbCdEf"])
        r = run("--repair", name, *output)
        made = output[1] if output else name
        claim(r.returncode == 0 and f".{name}.AbCdEf" in r.stderr and
              events(made) == events("repaired.dat") and
              not os.path.exists(f".{name}.AbCdEf") and os.path.exists(name) == (not output),
              f"--repair {' '.join((name,) + output)} names what was left for it, and it goes",
              r.stderr, os.listdir("."))
    for letters in "AbCdEf", "GhIjKl":
        shutil.copy("repaired.dat", f".two.dat.{letters}")
    r = run("--repair", "two.dat")
    claim(r.returncode == 2 and ".two.dat.AbCdEf" in r.stderr and ".two.dat.GhIjKl" in r.stderr and
          not os.path.exists("two.dat"), "of several that were left it asks which", r.stderr)
    for letters in "AbCdEf", "GhIjKl":
        os.unlink(f".two.dat.{letters}")
    r = run("--repair", "none.dat")
    claim(r.returncode == 1 and ".none.dat.XXXXXX" in r.stderr, "where none is it says so", r.stderr)

    r = run("-o", "low.dat", "--", "true")
    claim(left[0] in r.stderr and "--repair" in r.stderr and "GiB are holes" in r.stderr,
          "the next recording names the working file that was left, and its holes", r.stderr)
    claim(not instances_of(p.pid), "the next recording removes the instance that was left")
    os.unlink(left[0])

    # Working files without events: those of flight recorders have none most of the time.
    def left_by_flight():
        p = start("--flight", "5", "-o", "box.dat", "-d", str(LONG))
        wait_for(lambda: leftovers() and instances_of(p.pid) and
                 os.stat(leftovers()[0]).st_size > 1 << 29)
        wait_begun(p)
        return p, leftovers()[0]

    def age(path):
        os.utime(path, (time.time() - 61, time.time() - 61))

    p, name = left_by_flight()
    age(name)
    r = run("-o", "box.1.dat", "--", "true")
    claim(os.path.exists(name) and name not in r.stderr, "a working file in use is left alone",
          r.stderr)
    p.kill()
    p.communicate()
    shutil.copy("low.dat", ".box.dat.rsync1")
    with open(".box.dat.empty1", "w"):
        pass
    for other in (".box.dat.rsync1", ".box.dat.empty1"):
        os.chmod(other, 0o600)
        age(other)
    os.utime(name)
    r = run("-o", "box.1.dat", "--", "true")
    claim(os.path.exists(name), "one without events stays for a minute", r.stderr)
    age(name)
    r = run("-o", "box.2.dat", "--", "true")
    claim(not os.path.exists(name) and f"removed ./{name}" in r.stderr,
          "then the next recording of such a name removes it, and says so", r.stderr)
    claim(os.path.exists(".box.dat.rsync1") and os.path.exists(".box.dat.empty1"),
          "what only is named like a working file is left alone", os.listdir("."))
    os.unlink(".box.dat.rsync1")
    os.unlink(".box.dat.empty1")
    modes = []
    for mask in (0o777, 0o077, 0):
        run("-q", "-o", "mode.dat", "--", "true", umask=mask)
        modes.append(os.stat("mode.dat").st_mode & 0o7777)
    claim(modes == [0o600] * 3, "only its owner may read the file, whatever the umask", modes)

    # A table that is behind its pages: as if killed just before it was written.
    p = start("-o", "late.dat", "--", "sleep", str(LONG))
    wait_for(lambda: command_runs(p.pid, "sleep"))
    subprocess.run(BUSY)
    subprocess.run(BUSY)
    wait_for(lambda: report_lines(leftovers()[0]) > 500)
    child = children_of(p.pid)
    p.kill()
    for c in child: # it holds the pipe that communicate() reads
        os.kill(c, signal.SIGKILL)
    p.communicate()
    left = leftovers()[0]
    table, _ = header(left)
    whole = events(left)
    with open(left, "rb") as f:
        head = f.read(16 << 20)
    at = head.index(struct.pack("<QQ", *table[0]))
    with open(left, "r+b") as f:
        for i, (offset, size) in enumerate(table):
            f.seek(at + 16 * i)
            f.write(struct.pack("<QQ", offset, 0))
    r = run("--repair", left)
    claim(r.returncode == 0 and len(whole) > 500 and events(left) >= whole,
          "--repair finds the pages that the table does not tell of yet", r.stderr)
    os.unlink(left)
    run("-q", "-o", "late.dat", "--", "true")

    # Killed at every step of finishing the file.
    shutil.copy("/bin/true", "only-ours")
    OWN = (*FEW[:2], FEW[2].replace("/bin/true", "./only-ours"))
    if shutil.which("strace"):
        calls = (("fallocate", 3), ("fallocate", 4), ("ftruncate", 3), ("fsync", 1),
                 ("renameat", 1))
        for call, nth in calls:
            with open("old.dat", "w") as f:
                f.write("what stood there before\n")
            r = run("-o", "old.dat", "--", *OWN,
                    prefix=("strace", "-f", "-o", "/dev/null", "-e", f"trace={call}", "-e",
                            f"inject={call}:signal=SIGKILL:when={nth}"))
            left = leftovers()
            with open("old.dat", "rb") as f:
                kept = f.read(8) == b"what sto"
            claim(r.returncode in (-9, 137) and len(left) == 1 and kept,
                  f"killed at {call} {nth} of the end: the old target is untouched",
                  r.returncode, left, r.stderr)
            for name in left:
                fixed = run("--repair", name, "-o", "fixed.dat")
                out = subprocess.run(["trace-cmd", "report", "-R", "fixed.dat"],
                                     capture_output=True, text=True, errors="replace").stdout
                claim(fixed.returncode == 0 and out.count("filename=./only-ours") == 20,
                      f"killed at {call} {nth}: --repair gives every event",
                      fixed.stderr, out.count("filename=./only-ours"))
                os.unlink(name)
    else:
        skip("killed at every step of finishing the file", "no strace")

    with open("text", "w") as f:
        f.write("no trace\n" * 1000)
    r = run("--repair", "text")
    claim(r.returncode == 3 and "no trace.dat" in r.stderr, "--repair refuses what is no trace.dat",
          r.stderr)
    with open("fixed.dat", "rb") as f:
        data = f.read()
    with open("cut.dat", "wb") as f:
        f.write(data[:len(data) - 5000])
    r = run("--repair", "cut.dat")
    with open("cut.dat", "rb") as f:
        same = f.read() == data[:len(data) - 5000]
    claim(r.returncode == 3 and "cut" in r.stderr and same,
          "--repair names a cut file and leaves it as it is", r.stderr)
    run("-q", "--", "true") # sweeps what the killed ones left
done()
