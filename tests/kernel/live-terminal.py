# SPDX-License-Identifier: LGPL-2.1-or-later
"""schedview live --tty on a terminal of the test's own, by its keys."""
import fcntl
import pty
import select
import termios
from recorder import *

need_kernel()
VIEW = os.path.abspath(sys.argv[3])
UP, DOWN, HOME = "\033[A", "\033[B", "\033[H"


class Terminal:
    """A program on a terminal; what it draws are whole screens, each from the upper left on."""

    def __init__(self, *args, columns=120, lines=30, env=None):
        self.main, self.side = pty.openpty()
        self.size(columns, lines)
        self.before = termios.tcgetattr(self.side)
        self.data = ""
        self.process = subprocess.Popen([VIEW, "live", "--tty", *args], stdin=self.side, stdout=self.side,
                                        stderr=subprocess.PIPE, text=True, env={**os.environ, "TERM": "xterm", **(env or {})})

    def size(self, columns, lines):
        fcntl.ioctl(self.side, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def read(self):
        while select.select([self.main], [], [], 0)[0]:
            self.data += os.read(self.main, 1 << 16).decode()

    def screen(self):
        """The last one that was drawn whole, without its looks, by lines."""
        self.read()
        screens = [s for s in self.data.split("\033[H")[1:] if re.search(r"\033\[\d+;1H.*\033\[K$", s, re.S)]
        return re.sub(r"\033\[[\d;]*[mKJ]", "", re.sub(r"\033\[\d+;1H", "\n", screens[-1])).replace("\r", "").split("\n") if screens else []

    def until(self, condition, what):
        found = wait_for(lambda: self.process.poll() is not None or condition(self.screen()))
        claim(found and self.process.poll() is None, what, *self.screen())

    def press(self, *keys):
        for key in keys:
            os.write(self.main, key.encode())

    def pids(self):
        return [int(l.split()[0].rstrip("*")) for l in self.screen()[4:] if re.match(r" *\d+[* ]", l)]

    def end(self, number=None):
        if number:
            self.process.send_signal(number)
        err = self.process.stderr.read()
        status = self.process.wait(timeout=LONG)
        self.read()
        return status, err

    def is_as_before(self):
        self.read()
        return termios.tcgetattr(self.side) == self.before and self.data.rstrip().endswith("\033[?1049l") and \
            self.data.rfind("\033[?25h") > self.data.rfind("\033[?25l")

    def close(self):
        os.close(self.main)
        os.close(self.side)


with Folder():
    spin = subprocess.Popen(["sh", "-c", "while :; do :; done"])
    sleeper = subprocess.Popen(["sh", "-c", "while :; do sleep 0.03; done"])
    t = Terminal("--interval", "0.2")
    try:
        t.until(lambda s: len(s) > 10 and any(f"{spin.pid} " in l for l in s), "a task that spins is there")
        claim("\033[?1049h" in t.data, "on a screen of its own")
        screen = t.screen()
        claim("load" in screen[0] and "pressure" in screen[1] and "lost none" in screen[2] and
              re.search(r"pid +user +%CPU.*%usr.*%wait.*command", screen[3]), "below the system, losses and headings", *screen[:4])
        claim(len(screen) <= 31 and max(map(len, screen)) <= 120, "and fits", len(screen), max(map(len, screen)))

        t.size(50, 20)
        t.until(lambda s: len(s) <= 21 and max(map(len, s)) <= 50 and "%CPU" in s[3] and "majflt/s" not in s[3],
                "a smaller terminal has fewer columns")
        t.size(120, 30)
        t.until(lambda s: "RSS MiB" in s[3], "and a larger one more")

        t.press("\\", *f"{spin.pid}", "\n")
        t.until(lambda s: t.pids() == [spin.pid], "a filter leaves one row")
        t.press("\\", "\033")
        t.until(lambda s: len(t.pids()) > 1, "and without it all are there again")
        t.press("/", *str(sleeper.pid), "\n")
        t.until(lambda s: re.search(rf"\033\[7m *{sleeper.pid} ", t.data.split("\033[H")[-1]), "a search goes to a row")
        before, screens = t.pids(), t.data.count("\033[H")
        wait_for(lambda: t.read() or t.data.count("\033[H") > screens + 3)
        after = t.pids()
        claim(before and after[:len(before)] == before, "and no row moves then", before, after)
        t.press("\033", "I")
        t.until(lambda s: "%CPU^" in s[3], "the order is turned round")
        t.press("I", ">")
        t.until(lambda s: "%usrv" in s[3], "or goes by another column")
        t.press("<", "t")
        t.until(lambda s: any(re.search(rf"^ *\d+ .*`- ", l) for l in s), "as a tree children stand below their parents")
        t.press("/", *str(sleeper.pid), "\n", " ")
        t.until(lambda s: any(re.match(rf" *{sleeper.pid}\*", l) for l in s), "a row is tagged")
        screens = t.data.count("\033[H")
        wait_for(lambda: t.read() or t.data.count("\033[H") > screens + 2)
        claim(any("`- " in l for l in t.screen()), "and it is still a tree after updates", *t.screen())
        t.press("t")
        t.press("Z")
        t.until(lambda s: "PAUSED" in s[0], "a pause is told")
        t.press("Z", "?")
        t.until(lambda s: "only rows with a name" in s[1], "? tells the keys")
        t.press("x", "H")
        t.until(lambda s: "processes" in s[2], "threads are put together")
        t.press("-")
        t.until(lambda s: "every 0.5 s" in s[0], "the interval is longer")
        t.press("R")
        t.until(lambda s: "STOPPED" in s[0], "recording stops")
        t.press("R")
        t.until(lambda s: "recording" in s[0], "and begins again")
        t.press("q")
        status, err = t.end()
        claim((status, err) == (0, "") and t.is_as_before(), "q ends it, and the terminal is as it was", status, err)
    finally:
        t.process.kill()
        t.close()

    t = Terminal("--", "sh", "-c", "echo hidden; exit 3", env={"NO_COLOR": "1"})
    t.until(lambda s: s and "command ended with 3" in s[0] and "STOPPED" in s[0], "how a command ended is told")
    claim("hidden" not in t.data and not re.search(r"\033\[(3|4|9)\dm", t.data), "NO_COLOR has none, and a command prints nothing")
    t.press("q")
    status, err = t.end()
    claim(status == 3 and t.is_as_before(), "its exit status is the command's", status, err)
    t.close()
    for who, number in (("recorder", signal.SIGINT), ("recorder", signal.SIGTERM), ("recorder", signal.SIGKILL),
                        ("viewer", signal.SIGKILL)):
        t = Terminal("--interval", "0.2")
        t.until(lambda s: len(t.pids()) > 1, "it shows tasks")
        viewer, = children_of(t.process.pid)
        os.kill(t.process.pid if who == "recorder" else viewer, number)
        status, err = t.end()
        claim(wait_for(t.is_as_before), f"when {number.name} ends the {who} the terminal is as it was", status, err, t.data[-80:])
        t.close()
        if number == signal.SIGKILL and who == "recorder":
            subprocess.run([VIEW, "live", "--once", "--interval", "0.1"], capture_output=True)
    r = subprocess.run([VIEW, "live", "--tty"], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    claim(r.returncode == 2 and "terminal" in r.stderr, "without a terminal it is refused", r.stderr)
    for p in (spin, sleeper):
        p.kill()
        p.wait()
done()
