# SPDX-License-Identifier: LGPL-2.1-or-later
"""schedrec list: sets, what this kernel lacks of them, and what they cost."""
from recorder import *

need_kernel()
NAMES = ["sched", "mm", "pages", "power", "futex", "irq", "stacks"]


def sets(text):
    """{set: its lines}"""
    found, lines = {}, None
    for line in text.splitlines():
        m = re.match(r"(\w+) +\S", line)
        if m and m[1] in NAMES:
            lines = found.setdefault(m[1], [])
        elif lines is not None:
            lines.append(line.strip())
    return found


with Folder():
    r = run("list")
    found = sets(r.stdout)
    claim(r.returncode == 0 and list(found)[:len(NAMES)] == NAMES and r.stderr == "",
          "the sets are listed", r.stdout, r.stderr)
    events = re.findall(r"\w+:\w+", " ".join(found["sched"]))
    with open(f"{TRACEFS}/available_events") as f:
        known = set(f.read().split())
    claim("sched:sched_switch" in events and set(events) <= known,
          "the events of a set that has all are those of the kernel", events)
    claim(all(len(l) < 80 for l in r.stdout.splitlines()), "a line fits a terminal", r.stdout)
    r = run("-e", "sched", "-o", "named.dat", "--", "true")
    claim(r.returncode == 0, "the set can be recorded", r.stderr)

    # A kernel with few events, for an ordinary user.
    os.makedirs("kernel/instances")
    for event in ("sched/sched_switch", "sched/sched_waking", "kmem/mm_page_free"):
        os.makedirs(f"kernel/events/{event}")
        open(f"kernel/events/{event}/format", "w").close()
    with open("kernel/available_events", "w") as f:
        f.write("sched:sched_switch\nsched:sched_waking\nkmem:mm_page_free\n")
    r = run("list", "--tracefs", "kernel")
    found = sets(r.stdout)
    claim(r.returncode == 0 and found["sched"][0] == "sched:sched_switch sched:sched_waking" and
          found["sched"][1].startswith("this kernel lacks sched:sched_wakeup ") and
          found["pages"][0] == "kmem:mm_page_free" and found["pages"][1].startswith(
              "this kernel lacks kmem:mm_page_alloc sched:sched_process_fork") and
          found["power"] == ["this kernel lacks power:cpu_frequency power:cpu_idle"],
          "what a kernel lacks of each set is told", r.stdout, r.stderr)
    r = run("list", "--tracefs", "nowhere")
    claim(r.returncode != 0 and "nowhere" in r.stderr and not r.stdout, "no tracefs is no empty list",
          r.stderr)
    r = run("list", "extra")
    claim(r.returncode == 2 and "schedrec -- list" in r.stderr, "an operand is refused", r.stderr)
    r = run("-q", "-o", "l.dat", "--", "list")
    claim(r.returncode == 127 and "not found" in r.stderr,
          "after -- list is a program's name", r.stderr)

    p = start("list", "--measure")
    wait_for(lambda: instances_of(p.pid))
    p.send_signal(signal.SIGINT)
    p.communicate(timeout=LONG)
    claim(p.returncode == -signal.SIGINT and not instances_of(p.pid),
          "a signal ends measuring, and leaves no instance", p.returncode, instances_of(p.pid))
    r = run("list", "--measure", timeout=4 * LONG)
    found = sets(r.stdout)
    for name in ("sched", "mm", "pages", "futex", "irq"):
        last = found[name][-1]
        m = re.match(r"(\d+) ns an event, \+- (\d+) \(.*: ([\d.]+) events\)", last)
        below = re.match(r"below the noise of (\d+) ns", last)
        # From a tenth to a hundred times what any machine took.
        claim(bool(below) or (m and 5 <= int(m[1]) <= 20000 and float(m[3]) >= 1),
              f"the cost of an event of {name} is measured", last, r.stderr)
    m = re.search(r": ([\d.]+) events\)", found["futex"][-1])
    claim(m is None or float(m[1]) == 2.0, "a futex call is two events", found["futex"])
    # Some virtual machines do not tell of idle states, or not on all CPUs.
    claim(re.match(r"\d+ ns an event, \+- \d+ \(elapsed|below the noise of \d+ ns an event \(elapsed|"
                   r"not measured: none of these events came", found["power"][-1]),
          "so is that of an idle state, by elapsed time", found["power"])
done()
