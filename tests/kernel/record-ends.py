# SPDX-License-Identifier: LGPL-2.1-or-later
"""How a recording ends: statuses, signals, the terminal."""
import os
import pty
import select
import stat
from recorder import *

need_kernel()


def whole(path):
    """Is the file as the kernel's own counts say?"""
    if not os.path.exists(path):
        return False
    _, stats = header(path)
    return bool(stats) and report_lines(path) == stat_sum(stats, "read events")


def on_terminal(args, keys):
    """schedrec on a terminal of its own; keys: [(condition(pid, screen), bytes or what to do)].
    (status, screen)."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execv(SCHEDREC, [SCHEDREC, *args])
    screen, keys, end = b"", list(keys), time.time() + LONG
    while time.time() < end:
        if select.select([fd], [], [], 0.05)[0]:
            try:
                data = os.read(fd, 65536)
            except OSError:
                break
            if not data:
                break
            screen += data
        if keys and keys[0][0](pid, screen):
            key = keys.pop(0)[1]
            if callable(key):
                key()
            else:
                os.write(fd, key)
    if time.time() >= end:
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    os.close(fd)
    return os.waitstatus_to_exitcode(status), screen.decode(errors="replace")


def shell_job(args, resumed):
    """A recording as a shell's foreground job that Ctrl-Z stops and fg continues; resumed() is
    called when fg is typed."""
    pid, fd = pty.fork()
    if pid == 0:
        os.environ["PS1"] = "prompt> "
        os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
    steps = [("prompt> ", f"{SCHEDREC} {args}\n"), ("ready\r\n", "\x1a"), ("Stopped", "fg\n"),
             ("prompt> ", "echo status=$?\n"), ("status=6", "exit\n")]
    screen, seen, end = "", 0, time.time() + LONG
    while time.time() < end:
        if select.select([fd], [], [], 0.05)[0]:
            try:
                data = os.read(fd, 65536)
            except OSError:
                break
            screen += data.decode(errors="replace")
        if steps and steps[0][0] in screen[seen:]:
            seen = len(screen)
            typed = steps.pop(0)[1]
            os.write(fd, typed.encode())
            if typed == "fg\n":
                resumed()
    if time.time() >= end:
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    os.close(fd)
    return os.waitstatus_to_exitcode(status), screen


with Folder():
    for command, expected in ((("sh", "-c", "exit 0"), 0), (("sh", "-c", "exit 7"), 7),
                              (("sh", "-c", "kill -SEGV $$"), 139),
                              (("sh", "-c", "kill -KILL $$"), 137)):
        r = run("-q", "--", *command)
        claim(r.returncode == expected and r.stderr == "",
              f"'{command[2]}' gives status {expected} and no message", r.returncode, r.stderr)

    r = run("-o", "none.dat", "--", "no-such-program-here")
    claim(r.returncode == 127 and "not found" in r.stderr and os.listdir(".") == ["trace.dat"],
          "a program that does not exist gives 127 and leaves no file", r.stderr, os.listdir("."))
    r = run("-o", "none.dat", "--", "/etc/passwd")
    claim(r.returncode == 126 and not os.path.exists("none.dat") and not leftovers(),
          "a file that is no program gives 126 and leaves no file", r.stderr)
    with open("script", "w") as f:
        f.write("#!/no/such/interpreter\n")
    os.chmod("script", 0o755)
    r = run("-o", "none.dat", "--", "./script")
    claim(r.returncode == 127 and "interpreter" in r.stderr and not os.path.exists("none.dat")
          and not leftovers(), "an exec that fails late leaves no file either", r.stderr)

    for sig in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        name = f"{sig.name}.dat"
        p = start("-o", name, "--", "sleep", str(LONG))
        began = wait_for(lambda: command_runs(p.pid, "sleep"))
        child = children_of(p.pid)
        p.send_signal(sig)
        _, err = p.communicate(timeout=LONG)
        claim(began and p.returncode == 128 + sig,
              f"{sig.name} sent to the recorder ends the command too, with 128 + {int(sig)}",
              p.returncode, err)
        claim(whole(name) and not leftovers() and not instances_of(p.pid) and
              not any(os.path.exists(f"/proc/{c}") for c in child),
              f"after {sig.name} the file is whole and nothing is left behind", err)

    def running(name):
        return lambda pid, screen: command_runs(pid, name)

    status, screen = on_terminal(["-o", "tty.dat", "--", "sleep", str(LONG)],
                                 [(running("sleep"), b"\x03")])
    claim(status == 130 and whole("tty.dat"), "Ctrl-C on a terminal gives 130 and a whole file",
          status, screen)
    status, screen = on_terminal(["-o", "trap.dat", "--", "sh", "-c",
                                  "trap 'exit 9' INT; echo ready; while :; do sleep 0.1; done"],
                                 [(lambda pid, screen: b"ready" in screen, b"\x03")])
    claim(status == 9 and whole("trap.dat"),
          "a command that handles Ctrl-C gives its own status", status, screen)
    status, screen = on_terminal(["-o", "deaf.dat", "--", "sh", "-c",
                                  f"trap '' INT; echo ready; exec sleep {LONG}"],
                                 [(lambda pid, screen: b"ready" in screen, b"\x03"),
                                  (lambda pid, screen: b"events in" in screen, b"\x03")])
    claim(status == 130 and whole("deaf.dat"),
          "the file is saved at the first Ctrl-C; a second one does not wait for a deaf command",
          status, screen)
    status, screen = on_terminal(
        ["-o", "status.dat", "--", "sh", "-c", until("seen")],
        [(lambda pid, screen: b"recording" in screen and b"lost" in screen, lambda: touch("seen"))])
    claim(status == 0 and "recording" in screen and "lost" in screen and "events in" in screen,
          "a terminal shows a status line and then the summary", screen)
    claim(re.search(r"\d+ ring buffers of \d+ KiB take \d+ MiB of memory", screen),
          "it shows before what the buffers take", screen)
    status, screen = on_terminal(["-q", "-o", "status.dat", "--", "sleep", "0.6"], [])
    claim(status == 0 and screen == "", "-q shows neither", screen)

    # The terminal's stop key, as the job of a shell: it comes back, and fg goes on.
    status, screen = shell_job(f"-q -o stop.dat -- sh -c 'echo ready; {until('go')}; exit 6'",
                               lambda: touch("go"))
    claim("Stopped" in screen and "status=6" in screen and whole("stop.dat"),
          "Ctrl-Z gives the shell its prompt back, and fg goes on to the command's status", screen)

    p = start("-o", "dur.dat", "-d", "0.4", "--", "sh", "-c", f"{until('over')}; exit 5")
    began = wait_for(lambda: command_runs(p.pid, "sh"))
    over = wait_for(lambda: not traces(p.pid))
    touch("over")
    _, err = p.communicate(timeout=LONG)
    claim(began and over and p.returncode == 5 and whole("dur.dat"),
          "a duration that is over lets the command run on and gives its status", err)
    r = run()
    claim(r.returncode == 125 and "COMMAND" in r.stderr, "nothing to record is refused", r.stderr)

    # A daemon: two forks, a session of its own, and the command has ended long before it.
    with open("daemon.py", "w") as f:
        f.write("import os, sys, time\n"
                "if os.fork() == 0:\n"
                "    os.setsid()\n"
                "    if os.fork() == 0:\n"
                "        with open('new', 'w') as f: f.write(str(os.getpid()))\n"
                "        os.rename('new', 'pid')\n"
                "        for fd in range(3): os.close(fd)\n"
                "        end = time.time() + float(sys.argv[1])\n"
                "        while time.time() < end and not os.path.exists('go'): time.sleep(0.02)\n"
                "        open('daemon-done', 'w').close()\n"
                "        os._exit(1)\n"
                "    os._exit(2)\n"
                "while not os.path.exists('pid'): time.sleep(0.01)\n"
                "os._exit(6)\n")

    def daemon(seconds):
        for name in ("pid", "daemon-done", "go"):
            if os.path.exists(name):
                os.unlink(name)
        return "--", "/usr/bin/python3", "daemon.py", str(seconds)

    def daemon_pid():
        with open("pid") as f:
            return int(f.read())

    def waits(p):
        """Is the daemon the recorder's only child, the command's end past?"""
        return os.path.exists("pid") and children_of(p.pid) == [daemon_pid()]

    def end_daemon():
        if os.path.exists(f"/proc/{daemon_pid()}"):
            os.kill(daemon_pid(), signal.SIGKILL)

    def exit_of(pid, path):
        r = subprocess.run(["trace-cmd", "report", path], capture_output=True, text=True,
                           errors="replace")
        return re.search(rf"sched_process_exit:.*pid={pid}\b", r.stdout)

    p = start("-o", "left.dat", *daemon(LONG))
    _, err = p.communicate(timeout=LONG)
    claim(p.returncode == 6 and os.path.exists(f"/proc/{daemon_pid()}") and "go" not in err,
          "a daemon is not waited for by itself", err)
    end_daemon()
    for args, name in (((), "all.dat"), (("--rotate", "64M"), "all.0001.dat"),
                       (("--only", "-e", "sched,mm"), "all.dat")):
        r = run("--follow-all", "-o", "all.dat", *args, *daemon(0.8))
        claim(r.returncode == 6 and os.path.exists("daemon-done") and whole(name) and
              exit_of(daemon_pid(), name) and "of the command" not in r.stderr,
              f"with --follow-all {' '.join(args)} the end of a daemon is recorded, and the status "
              "is the command's", r.returncode, r.stderr)
    r = run("--follow-all", "-q", "-o", "none.dat", "--", "sh", "-c", "exit 7")
    claim(r.returncode == 7 and r.stderr == "", "--follow-all with nobody to follow is no different",
          r.stderr)
    r = run("--follow-all", "-o", "many.dat", "--", "sh", "-c",
            "i=0; while [ $i -lt 200 ]; do (sleep 0.1 & ) & i=$((i+1)); done; exit 5")
    claim(r.returncode == 5 and whole("many.dat"), "hundreds of orphans end well", r.stderr)

    for sig in (signal.SIGTERM, signal.SIGINT):
        p = start("--follow-all", "-o", "cut.dat", *daemon(LONG))
        seen = wait_for(lambda: waits(p))
        p.send_signal(sig)
        _, err = p.communicate(timeout=LONG)
        claim(seen and p.returncode == 6 and whole("cut.dat") and not leftovers() and
              "1 process of the command goes on, not recorded" in err and
              os.path.exists(f"/proc/{daemon_pid()}"),
              f"{sig.name} ends the recording and leaves the daemon alone", p.returncode, err)
        end_daemon()
    p = start("--follow-all", "-o", "both.dat", "--", "sh", "-c", f"sleep {LONG} >log 2>&1 & sleep {LONG} >log 2>&1")
    wait_for(lambda: command_runs(p.pid, "sh") and children_of(children_of(p.pid)[0])[1:])
    sleeps = children_of(children_of(p.pid)[0])
    p.send_signal(signal.SIGTERM)
    _, err = p.communicate(timeout=LONG)
    claim(p.returncode == 143 and "2 processes of the command go on" in err and
          all(os.path.exists(f"/proc/{s}") for s in sleeps),
          "while the command lives the signal is its own", p.returncode, err)
    for s in sleeps:
        os.kill(s, signal.SIGKILL)
    for args in (("-d", "1"), ("-e", "sched", "--max-size", "1K")):
        r = run("--follow-all", "-o", "limit.dat", *args, *daemon(LONG))
        claim(r.returncode == 6 and whole("limit.dat") and "goes on, not recorded" in r.stderr,
              f"{args[-2]} ends it too", r.returncode, r.stderr)
        end_daemon()

    p = start("--follow-all", "--sample", "-o", "sample.dat", *daemon(LONG))
    seen = wait_for(lambda: waits(p))
    sampled = wait_for(lambda: re.search(
        rf"\b{daemon_pid()} python3",
        subprocess.run([SCHEDREC, "ctl", f"--recorder={p.pid}", "status"], capture_output=True,
                       text=True).stdout))
    end_daemon()
    _, err = p.communicate(timeout=LONG)
    claim(seen and p.returncode == 6 and sampled, "the daemon is sampled", err)

    p = start("--follow-all", "--flight", "5", "--save-when", "exit != 0", "-o", "flight.dat",
              *daemon(LONG))
    saved = wait_for(lambda: os.path.exists("flight.1.dat"))
    claim(saved and os.path.exists(f"/proc/{daemon_pid()}") and p.poll() is None,
          "a flight recorder saves when the command ends, and waits for the daemon")
    end_daemon()
    _, err = p.communicate(timeout=LONG)
    claim(p.returncode == 6 and "saved 1 file" in err, "then it has saved once", err)

    os.chmod(".", 0o777)
    args = daemon(0.8)
    r = run("--follow-all", "-o", "sudo.dat", *args,
            env={"SUDO_UID": "65534", "SUDO_GID": "65534", "SUDO_USER": "nobody"})
    claim(r.returncode == 6 and os.stat("daemon-done").st_uid == 65534 and whole("sudo.dat"),
          "under sudo the user's daemon is waited for", r.returncode, r.stderr)

    screen_args = ["--follow-all", "-o", "status.dat", *daemon(LONG)]
    status, screen = on_terminal(screen_args, [
        (lambda pid, screen: b"waiting for 1 process" in screen, lambda: touch("go"))])
    claim(status == 6 and "waiting for 1 process" in screen,
          "a terminal shows what is waited for", screen)
    r = run("--follow-all", "-d", "1")
    claim(r.returncode == 125 and "COMMAND" in r.stderr, "--follow-all without a command is refused",
          r.stderr)
    p = subprocess.Popen(["sh", "-c", f"sleep 5 & exec {SCHEDREC} --follow-all -- true"],
                         stderr=subprocess.PIPE, text=True)
    err = p.stderr.readline()
    p.wait(timeout=LONG)
    claim(p.returncode == 125 and "before it became schedrec" in err,
          "children of others would be followed too: that is refused", err)
    p = start("-q", "-o", "ignored.dat", "--", "sh", "-c", "exit 8",
              preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))
    p.wait(timeout=LONG)
    claim(p.returncode == 8, "a parent that ignores SIGCHLD changes nothing", p.returncode)

    # Descriptors: the child has those of its parent and not one more.
    r1 = subprocess.run(["ls", "-l", "/proc/self/fd"], capture_output=True, text=True,
                        stdin=subprocess.DEVNULL)
    r2 = run("-q", "--", "ls", "-l", "/proc/self/fd")
    claim(len(r1.stdout.splitlines()) == len(r2.stdout.splitlines()) and "tracing" not in r2.stdout,
          "the command inherits no descriptor of the recorder", r1.stdout, r2.stdout)
    r = run("-q", "--", "sh", "-c", "ulimit -n; ulimit -f",
            prefix=("prlimit", "--nofile=100:1000"))
    claim(r.stdout.split() == ["100", "unlimited"], "the command has the limits of its parent",
          r.stdout, r.stderr)
    r = run("-q", "--", "sh", "-c", "grep Sig /proc/self/status")
    r1 = subprocess.run(["sh", "-c", "grep Sig /proc/self/status"], capture_output=True, text=True)
    masks = [[l for l in x.splitlines() if l.startswith(("SigBlk", "SigIgn"))]
             for x in (r.stdout, r1.stdout)]
    claim(masks[0] == masks[1] and masks[0],
          "the command has the signal mask and the ignored signals that it would have had", masks)
done()
