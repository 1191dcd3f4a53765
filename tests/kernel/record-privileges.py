# SPDX-License-Identifier: LGPL-2.1-or-later
"""What schedrec may do while it records, what its command may do and sees, and what the environment
can change."""
import errno
import stat
from recorder import *

need_kernel()
SCHEDCONV, SCHEDREPORT = (os.path.abspath(a) for a in sys.argv[3:5])
NAMES = {1: "DAC_OVERRIDE", 2: "DAC_READ_SEARCH", 3: "FOWNER", 5: "KILL", 6: "SETGID", 7: "SETUID",
         12: "NET_ADMIN", 14: "IPC_LOCK", 19: "SYS_PTRACE", 38: "PERFMON"}
FILES = {"DAC_OVERRIDE", "DAC_READ_SEARCH"}
NOBODY = {"SUDO_UID": "65534", "SUDO_GID": "65534", "SUDO_USER": "nobody"}
AS_NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


def capabilities(status):
    """Of the text of a /proc/PID/status: effective ones, the same permitted."""
    sets = [int(re.search(rf"^{name}:\s*(\w+)", status, re.M)[1], 16) for name in
            ("CapEff", "CapPrm")]
    return {NAMES.get(bit, bit) for bit in range(64) if (sets[0] | sets[1]) >> bit & 1}


def of_threads(pid):
    """{name of the thread: its capabilities}."""
    found = {}
    for tid in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{tid}/status") as f:
            status = f.read()
        found[re.search(r"^Name:\s*(.*)", status, re.M)[1]] = capabilities(status)
    return found


def while_recording(*args, env=None, prefix=()):
    """Capabilities of the threads of schedrec while the command runs, and how it ended."""
    e = {**{k: v for k, v in os.environ.items() if not k.startswith("SUDO_")}, **(env or {})}
    p = start("-q", *args, "--", "sh", "-c", until("go"), prefix=prefix, env=e)
    wait_for(lambda: command_runs(p.pid, "sh"))
    wait_begun(p)
    found = of_threads(p.pid)
    touch("go")
    out, err = p.communicate(timeout=LONG)
    os.unlink("go")
    return found, (p.returncode, err)


def keeps(sentence, main, readers, *args, **kw):
    """With these arguments the main thread keeps `main`, the readers keep `readers`."""
    found, ended = while_recording(*args, **kw)
    claim(found.pop("schedrec", None) == main and found and
          all(c == readers for c in found.values()) and ended[0] == 0 and
          not ended[1], sentence, found, *ended)


with open("/proc/self/status") as f:
    OURS = capabilities(f.read())
if len(OURS) < 20:
    print("1..0 # SKIP needs root with its capabilities")
    sys.exit(0)

with Folder():
    os.chmod(".", 0o777)
    keeps("a recorder keeps what it signals the command and asks for exits with, its readers nothing",
          {"KILL", "NET_ADMIN"}, set())
    keeps("one that samples from the begin asks no more", {"KILL"}, set(), "--sample")
    keeps("under sudo it can still become the user", {"KILL", "NET_ADMIN", "SETUID", "SETGID"},
          set(), "-o", "user.dat", env=NOBODY)
    keeps("with user stacks it may still read what is mapped where",
          {"KILL", "NET_ADMIN", "SYS_PTRACE", "PERFMON", "IPC_LOCK"}, set(),
          "-e", "sched,stacks", "--user-stacks")
    os.mkdir("foreign")
    os.chown("foreign", 65534, 65534)
    keeps("it overrides permissions of files where the output needs that",
          {"KILL", "NET_ADMIN"} | FILES, FILES, "-o", "foreign/f.dat")
    claim(os.path.exists("foreign/f.dat"), "and then the file gets its name there")
    os.chmod("foreign", 0o1777)
    keeps("in a folder like /tmp of another user it may replace files",
          {"KILL", "NET_ADMIN", "FOWNER"}, set(), "-o", "foreign/f.dat")

    # The command has all that it would have had without schedrec.
    plain = subprocess.run(["cat", "/proc/self/status"], capture_output=True, text=True).stdout
    for env in ({}, NOBODY):
        inner = run("-q", "--as-root", "--", "cat", "/proc/self/status", env=env).stdout
        same = [re.findall(r"^(?:Cap\w+|NoNewPrivs|Uid|Groups):.*", s, re.M) for s in (plain, inner)]
        claim(same[0] == same[1] and same[0],
              "the command has the capabilities of schedrec's parent" +
              (", under sudo too with --as-root" if env else ""), *same)
    inner = run("-q", "-o", "user.dat", "--", "cat", "/proc/self/status", env=NOBODY).stdout
    claim(capabilities(inner) == set(), "under sudo the command has none", inner)

    # Rotation as another user, with what is left.
    r = run("-q", "-e", "sched,mm,pages", "--rotate", "1M", "-o", "r.dat", "--", *BUSY, env=NOBODY)
    files = [f for f in os.listdir(".") if f.startswith("r.")]
    claim(r.returncode == 0 and len(files) >= 2 and not r.stderr and
          all((os.stat(f).st_uid, os.stat(f).st_mode & 0o7777) == (65534, 0o600) for f in files),
          "under sudo each numbered file is the user's", r.stderr, files)
    load = subprocess.Popen([*AS_NOBODY, "sh", "-c", "while :; do :; done"])
    r = run("-q", "--sample=50", "-p", str(load.pid), "-d", "0.5", "-o", "s.dat")
    load.kill()
    load.wait()
    out = subprocess.run([SCHEDREPORT, "-f", "csv", "-t", "faults", "faults", "s.dat"],
                         capture_output=True, text=True)
    claim(re.search(rf"^{load.pid},", out.stdout, re.M) and r.returncode == 0,
          "processes of other users are sampled", out.stdout, out.stderr, r.stderr)

    # With less, and with nothing.
    r = run("-q", "-o", "less.dat", "--", "true",
            prefix=("setpriv", "--bounding-set=-dac_override,-dac_read_search,-sys_admin"))
    claim(r.returncode == 0 and report_lines("less.dat"),
          "root needs none of the capabilities that override permissions", r.stderr)
    r = run("-q", "-o", "ambient.dat", "--", "cat", "/proc/self/status", prefix=(
        *AS_NOBODY, "--inh-caps=+dac_override", "--ambient-caps=+dac_override"))
    claim(r.returncode == 0 and report_lines("ambient.dat") and
          os.stat("ambient.dat").st_uid == 65534,
          "an ordinary user needs CAP_DAC_OVERRIDE and nothing else", r.stderr)
    r = run("-o", "n.dat", "--", "touch", "ran", prefix=AS_NOBODY)
    claim(r.returncode == 125 and "CAP_DAC_OVERRIDE is missing" in r.stderr and
          not os.path.exists("ran"), "who is refused is told the capability that is missing",
          r.stderr)
    for program in (SCHEDREC, SCHEDCONV, SCHEDREPORT):
        try:
            granted = os.getxattr(program, "security.capability")
        except OSError as e:
            granted = None if e.errno in (errno.ENODATA, errno.ENOTSUP) else e
        claim(not os.stat(program).st_mode & (stat.S_ISUID | stat.S_ISGID) and granted is None,
              f"{os.path.basename(program)} is not set-uid and is granted no capability", granted)

    # The environment.
    os.mkdir("trap")
    for name in ("sh", "mount", "modprobe", "trace-cmd", "cat", "perf"):
        with open(f"trap/{name}", "w") as f:
            f.write("#!/bin/sh\necho trapped\n")
        os.chmod(f"trap/{name}", 0o755)
    strange = {"PATH": os.path.abspath("trap") + ":" + os.environ["PATH"], "TMPDIR": "/nowhere",
               "HOME": "/nowhere", "XDG_RUNTIME_DIR": "/nowhere", "TRACEFS": "/nowhere",
               "LANG": "xx_XX", "LC_ALL": "xx_XX", "DEBUGINFOD_URLS": "http://nowhere"}
    if shutil.which("strace"):
        r = run("-q", "-e", "sched,mm,stacks", "--sample", "-o", "t.dat", "--", "true", env=strange,
                prefix=("strace", "-f", "-qq", "-o", "calls", "-e", "trace=execve,execveat"))
        with open("calls") as f:
            executed = [l for l in f.read().splitlines() if " = 0" in l]
        claim(r.returncode == 0 and len(executed) == 2 and '/true"' in executed[1],
              "schedrec runs no program but the command, whatever PATH and others say", executed,
              r.stderr)
    else:
        skip("schedrec runs no program but the command, whatever PATH and others say", "no strace")
    r = run("-q", "-o", "t.dat", "--", "cat", env=strange)
    claim(r.stdout == "trapped\n", "the command is looked up by PATH", r.stdout, r.stderr)
    os.mkdir("hidden", 0o700)
    shutil.copy("/bin/true", "hidden/only-roots")
    r = run("-q", "-o", "user.dat", "--", "only-roots",
            env={**NOBODY, "PATH": os.path.abspath("hidden") + ":" + os.environ["PATH"]})
    claim(r.returncode in (126, 127), "under sudo with the user's rights", r.returncode, r.stderr)

    # Descriptors of the command: those of schedrec's parent.
    for args in (("-e", "sched,mm,stacks", "--only", "--sample", "--user-stacks"),
                 ("--flight", "1", "--save-when", "latency > 5s"), ("--rotate", "1M")):
        p = start("-q", "-o", "fd.dat", *args, "--", "sh", "-c", until("go"))
        wait_for(lambda: command_runs(p.pid, "sh"))
        child = children_of(p.pid)[0]
        held = {fd: os.readlink(f"/proc/{child}/fd/{fd}") for fd in os.listdir(f"/proc/{child}/fd")}
        touch("go")
        p.communicate(timeout=LONG)
        os.unlink("go")
        claim(sorted(held) == ["0", "1", "2"] and "tracing" not in str(held),
              f"the command has no descriptor of schedrec {args[0]} {args[1]}", held)
done()
