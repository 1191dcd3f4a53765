#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What one looks for in a timeline is seen in it: a lock convoy, a noisy neighbour, as docs/view.md
describes them; and many CPUs and tasks stay usable.
Usage: timeline_looks.py SCHEDVIEW SCHEDREPORT SOURCE SCREENSHOTS"""
import numpy as np

from page import *   # noqa: F403 claim, Page, Server
from tarballs import SCHEDLOG, make_tarball, write_tarball

EVENTS = [*SCHEDLOG, "WAKING"]
SWITCH, BLOCK, WAKEUP, RQ_SIZE, WAKING = (EVENTS.index(n) for n in
                                          ("CTX_SWITCH", "BLOCK", "WAKEUP", "RQ_SIZE", "WAKING"))
MS, BEGIN = 1_000_000, 5_000_000_000
CPUS, TASKS, SWITCHES = 64, 1000, 640_000


class Rows:
    """A recording that is written down; names by pid."""

    def __init__(self, names):
        self.rows, self.names = [], names
        self.numbers = {name: i + 1 for i, name in enumerate(sorted(set(names.values())))}

    def add(self, time, pid, event, cpu, arg0=0, arg1=0):
        comm = self.numbers[self.names[pid]] if pid else 0
        self.rows.append((BEGIN + time, pid, event, cpu, arg0, arg1, comm))

    def wake(self, time, pid, cpu, waker, queue):
        self.add(time, pid, WAKING, cpu, waker, cpu)
        self.add(time + 1000, pid, WAKEUP, cpu)
        self.add(time + 1000, pid, RQ_SIZE, cpu, queue, 1)

    def switch(self, time, cpu, away, to, queue=None):
        """queue: how long it is afterwards where the task that goes away sleeps."""
        if queue is not None:
            self.add(time, away, RQ_SIZE, cpu, queue, -1)
            self.add(time, away, BLOCK, cpu)
        self.add(time, away, SWITCH, cpu, to)

    def save(self, path):
        make_tarball(path, sorted(self.rows, key=lambda row: row[0]), self.numbers, events=EVENTS)


def convoy(path):
    """Eight threads on four CPUs, of which the one that has the lock runs, for 0.9 ms, and wakes the
    next one when it gives it away."""
    r = Rows({201 + n: f"worker/{n}" for n in range(8)})
    for n in range(60):
        pid, last, cpu = 201 + n % 8, 201 + (n - 1) % 8, n % 4
        time = n * 900_000
        r.wake(time, pid, cpu, last if n else 0, 1)
        r.switch(time + 4000, cpu, 0, pid)
        if n:
            r.switch(time + 7000, (n - 1) % 4, last, 0, 0)
    r.save(path)


def neighbour(path):
    """web runs for 0.3 ms every 2 ms; batch, on the same CPU, now and then for 7 ms without a pause.
    The other CPU idles."""
    r = Rows({301: "web", 302: "batch", 303: "other"})
    r.wake(0, 303, 1, 0, 1)
    r.switch(5000, 1, 0, 303)
    r.switch(300_000, 1, 303, 0, 0)
    busy = 0
    for n in range(30):
        time = n * 2 * MS + 100_000
        if n % 10 == 3:      # batch begins before web is woken
            r.wake(time - 60_000, 302, 0, 0, 1)
            r.switch(time - 50_000, 0, 0, 302)
            busy = time + 7 * MS
        if time < busy:
            if n % 10 == 3:  # the first one waits; the later ones would be the same wait
                r.wake(time, 301, 0, 0, 2)
                r.switch(busy, 0, 302, 301, 1)
                r.switch(busy + 300_000, 0, 301, 0, 0)
            continue
        if time < busy + 400_000:
            continue
        r.wake(time, 301, 0, 0, 1)
        r.switch(time + 5000, 0, 0, 301)
        r.switch(time + 305_000, 0, 301, 0, 0)
    r.save(path)


def many(path):
    """Each CPU switches among its tasks, each of which thereby runs on one CPU."""
    n = np.arange(SWITCHES)
    cpu, turn = n % CPUS, n // CPUS
    task = [1000 + (cpu + CPUS * (turn + k) % TASKS) % TASKS for k in (0, 1)]
    write_tarball(path, {"timestamp": BEGIN + 1500 * n, "pid": task[0], "event": n * 0 + SWITCH,
                         "cpu": cpu, "arg0": task[1], "arg1": n * 0, "comm": 1 + task[0] % 40},
                  {f"task-{k}": k + 1 for k in range(40)}, events=EVENTS)


def shown(page, name, **words):
    page.js("location.hash = arguments[0]", "#/timeline?" + "&".join(
        f"{k}={v}" for k, v in {"recording": name, **words}.items()))
    page.until("""document.title.includes(arguments[0]) && !document.querySelector('.timeline').hidden &&
        document.querySelector('#timeline .lanes').dataset.drawn""", name, name)
    if "lane" in words:
        page.until("""(document.querySelector('#timeline').dataset.selected || '')
            .startsWith(arguments[0])""", "it is selected", f"{words['lane']} {words['at']} ")
        return dict(zip(page.texts(".details dt"), page.texts(".details dd")))
    return None


def looks(page):
    shown(page, "convoy.tar")
    page.keys("f")
    tasks = page.js("""return import('./timeline_pane.js').then(async m => (await m.modelOf(
        (await import('./app.js')).chosen())).tasks)""")
    number = tasks["name"].index("worker/3")
    found = shown(page, "convoy.tar", x="0,12000000", lane=f"t{number}", at=3_000_000)
    claim(found["Woken by"].startswith("worker/2 203") and found["Woke"].startswith("worker/4 205") and
          found["Before"].startswith("woken") and found["After"].startswith("sleeping"),
          "in a convoy each one that has the lock was woken by the last, and wakes the next", found)
    page.screenshot("timeline-convoy")
    page.keys("]")
    page.until("!location.hash.includes('at=3000000')", "the next one")
    claim(page.words()["lane"] == f"t{tasks['name'].index('worker/4')}", "] follows it", page.hash)

    shown(page, "neighbour.tar")
    tasks = page.js("""return import('./timeline_pane.js').then(async m => (await m.modelOf(
        (await import('./app.js')).chosen())).tasks)""")
    number = tasks["name"].index("web")
    found = shown(page, "neighbour.tar", x="0,20000000", lane=f"t{number}", at=8_000_000)
    claim(found["Did"].startswith("woken") and found["Meanwhile there"].startswith("batch 302 6.99"),
          "a task that waits says who ran meanwhile", found)
    page.keys("0")
    page.until("""!location.hash.includes('x=') &&
        document.querySelector('#timeline .lanes').dataset.drawn""", "all of it")
    wasted = page.js("""const c = document.querySelector('.lanes-fixed canvas');
        const d = c.getContext('2d').getImageData(170, 22 + 32 + 4, c.width - 170, 1).data;
        let n = 0;
        for (let i = 0; i < d.length; i += 4)
            n += d[i] === 0xfb && d[i + 1] === 0xd3 && d[i + 2] === 0xc0;
        return n / (d.length / 4)""")
    page.keys("b")
    shown(page, "neighbour.tar", x="0,20000000", lane=f"t{number}", at=8_000_000)
    page.screenshot("timeline-neighbour")
    # Three waits of 7 of 59 ms, of whose pixels five in six have no mark.
    claim(0.2 < wasted < 0.4, "and the other CPU is marked as idle while it waited", wasted)


def crowd(page):
    shown(page, "many.tar")
    page.js("document.querySelector('.lanes-scroll').focus()")
    took = []
    for _ in range(6):
        for key in "wwdsas":
            before = page.hash
            page.keys(key)
            page.until("location.hash !== arguments[0]", "moved", before)
            page.until("document.querySelector('#timeline .lanes').dataset.drawn", "drawn")
            took.append(float(page.js("return document.querySelector('#timeline').dataset.took")))
    page.keys("0")
    page.until("document.querySelector('#timeline .lanes').dataset.drawn", "drawn")
    page.screenshot("timeline-many")
    height = page.js("return document.querySelector('.lanes-space').clientHeight")
    took.sort()
    print(f"# drawn in {took[len(took) // 2]} ms (median), {took[-2]} ms (95 of 100)")
    claim(height > 64 * 32 + 1000 * 19, f"{CPUS} CPUs and {TASKS} tasks are shown, and moved through", height)


def windows(page):
    """Of either recording; empty until both are drawn."""
    drawn = page.js("return [...document.querySelectorAll('#timeline .lanes')].map(l => l.dataset.drawn)")
    return [json.loads(d)[:2] for d in drawn] if len(drawn) == 2 and all(drawn) else []


def two(page):
    """The neighbour beside itself, begun later, and the convoy beside that."""
    shown(page, "convoy.tar", other="neighbour.tar", x="0,20000000")
    page.until(lambda: windows(page) == [[0, 20 * MS]] * 2, "both are drawn")
    page.js("document.querySelector('.lanes-scroll').focus()")
    page.keys("d")
    page.until(lambda: windows(page) == [[4 * MS, 24 * MS]] * 2, "both moved")
    claim(True, "two recordings are one below the other, and moved together")
    page.press_button("Move it alone")
    page.pointer().move_to_element(page.driver.find_elements("css selector", ".lanes-fixed .over")[1]).perform()
    page.keys("d")
    page.until(lambda: windows(page) == [[4 * MS, 24 * MS], [8 * MS, 28 * MS]], "the second one moved")
    page.until("location.hash.includes('shift=4000000')", "it stands in the link")
    claim("4.000000" in page.text("#timeline-shift"), "the second one is moved alone, and how far is told",
          page.text("#timeline-shift"))
    page.press_button("Move it alone")
    page.press_button("first rows")
    page.until(lambda: windows(page) == [[4 * MS, 24 * MS]] * 2, "aligned again")
    shown(page, "convoy.tar", other="neighbour.tar", x="0,20000000", a=5 * MS, a2=8 * MS)
    page.until(lambda: windows(page) == [[0, 20 * MS]] * 2, "both are drawn")
    page.press_button("markers")
    page.until(lambda: windows(page) == [[0, 20 * MS], [3 * MS, 23 * MS]], "aligned by the markers")
    page.press_button("commands")
    page.until("document.querySelector('#timeline .notes').textContent.includes('does not know')", "told")
    claim(True, "they are aligned by first rows and by markers; without commands that is told")
    shown(page, "convoy.tar", other="neighbour.tar", x="0,20000000", shift=3 * MS, area="1000000,9000000",
          show="cpus")
    page.until("[...document.querySelectorAll('.drawer [data-loaded]')].filter(t => t.dataset.loaded && " +
               "!t.hidden).length === 2", "both tables")
    asked = [json.loads(t)["window"] for t in
             page.js("return [...document.querySelectorAll('.drawer [data-loaded]')].map(t => t.dataset.loaded)")]
    times = [[int(t[1:]) - BEGIN for t in window.split(":")] for window in asked]
    claim(times[0] == [1 * MS, 9 * MS] and times[1][1] - times[1][0] == 8 * MS and
          times[1][0] == 4 * MS, "an area has the tables of both, each in its time",
          asked)
    busy = page.js("""return [...document.querySelectorAll('.drawer .grid')].map(g => {
        const names = [...g.querySelectorAll('[role=columnheader]')].map(h => h.textContent);
        const n = names.findIndex(name => name.startsWith('busy') && name.includes('ms'));
        return [...g.querySelectorAll('.grid-row')].slice(0, 2)
            .map(r => Number(r.children[n].textContent));
    })""")
    claim(len(busy) == 3 and all(abs(other - one - less) < 0.0011 for one, other, less in zip(*busy)) and
          any(abs(v) > 0.1 for v in busy[2]), "and how they differ", busy)
    page.screenshot("timeline-two")
    over = page.driver.find_elements("css selector", ".lanes-fixed .over")[1]
    page.pointer().move_to_element_with_offset(over, 100, 40 - over.size["height"] // 2).click().perform()
    page.until("location.hash.includes('of=2')", "selected in the second one")
    page.until("document.querySelector('.details dd')", "its details")
    claim("area" not in page.words(), "a click in the second one selects there", page.hash)


server, page = None, Page()
try:
    for make in (convoy, neighbour, many):
        make(f"{page.folder}/{make.__name__}.tar")
    server = Server(page.folder)
    page.open(server.address)
    page.until("document.querySelectorAll('#recordings .grid-row').length === 3", "they are listed")
    looks(page)
    two(page)
    crowd(page)
    claim(not page.complaints(), "the console has no error, and no report of the policy",
          *page.complaints())
finally:
    page.end()
    if server:
        server.end()
done()
