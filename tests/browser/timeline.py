#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The timeline: what is drawn, what pointer and keys do, what it says of spans, areas and events.
Usage: timeline.py SCHEDVIEW SCHEDREPORT SOURCE SCREENSHOTS"""
import base64
import random
import struct

from page import *   # noqa: F403 claim, Page, Server
from tarballs import SCHEDLOG, make_tarball

BUILD = TRACES + "/build.tar"
ORIGIN, LENGTH = 8207117771387, 83425931   # of its rows
GUTTER, AREAS = 170, 50


def at(page, **words):
    """Shows the timeline with these words in the address, and waits for it."""
    text = "&".join(f"{k}={v}" for k, v in words.items())
    page.js("location.hash = arguments[0]", "#/timeline" + (text and "?" + text))
    return settled(page)


def settled(page):
    """Waits until the lanes are those of the address, and gives the window."""
    def is_drawn():
        drawn = page.js("return document.querySelector('#timeline .lanes')?.dataset.drawn || ''")
        x = page.words().get("x")
        if not drawn:
            return False
        drawn = json.loads(drawn)
        return drawn[:2] == ([float(v) for v in x.split(",")] if x else [0, LENGTH]) and drawn
    return page.until(is_drawn, "the lanes of the address are drawn")[:2]


def moved(page, act):
    before = page.hash
    act()
    page.until("location.hash !== arguments[0]", "the address changes", before)
    return settled(page)


def selected(page, what):
    """The details of what is selected, by their names."""
    lane, time = page.words().get("lane"), page.words().get("at")
    page.until("(document.querySelector('#timeline').dataset.selected || '').startsWith(arguments[0])",
               what, f"{lane} {time} ")
    return dict(zip(page.texts(".details dt"), page.texts(".details dd")))


def over(page, x, y, chain=None):
    """Moves the pointer to a place on the lanes: a share of their width, and pixels from the top."""
    canvas = page.find(".lanes-fixed .over")
    size = canvas.size
    left = GUTTER + x * (size["width"] - GUTTER)
    return (chain or page.pointer()).move_to_element_with_offset(
        canvas, round(left - size["width"] / 2), round(y - size["height"] / 2))


def wheel(page, x, y, amount, *keys):
    canvas = page.find(".lanes-fixed .over")
    page.scroll(canvas, GUTTER + x * (canvas.size["width"] - GUTTER), y, amount, keys)


def focus(page):
    page.js("document.querySelector('.lanes-scroll').focus()")


def row_colours(page, y):
    """How many pixels of a line of the lanes have each colour."""
    return page.js("""const c = document.querySelector('.lanes-fixed canvas'), [y, left] = arguments;
        const copy = new OffscreenCanvas(c.width, 1), g = copy.getContext('2d');
        g.drawImage(c, 0, -y);
        const d = g.getImageData(left, 0, c.width - left, 1).data, found = {};
        for (let i = 0; i < d.length; i += 4) {
            const k = '#' + [d[i], d[i + 1], d[i + 2]].map(v => v.toString(16).padStart(2, '0')).join('');
            found[k] = (found[k] || 0) + 1;
        }
        return found""", y, GUTTER)


def close(values, wanted, by):
    return all(abs(a - b) <= by for a, b in zip(values, wanted))


def tasks_of(trace, begin, end):
    found = answer(SCHEDREPORT, "-f", "json", "--window", f"@{begin}:@{end}", "tasks", trace)
    return {r["pid"]: r for r in found["tasks"]["rows"]}


# ---- what is drawn

def pictures(page):
    claim(settled(page) == [0, LENGTH] and page.text(".lanes-legend").startswith(" running"),
          "all of the recording is shown at first, with a legend")
    page.screenshot("timeline")
    width = page.js("return document.querySelector('.lanes-scroll').clientWidth") - GUTTER
    # The lane of the first task: below two headings and two CPUs.
    colours = row_colours(page, 22 + 2 * 32 + 22 + 2)
    first = max(tasks_of(BUILD, ORIGIN, ORIGIN + LENGTH).values(), key=lambda r: r["on_cpu_ns"])
    share = first["on_cpu_ns"] / LENGTH
    claim(abs(colours.get("#0072b2", 0) / width - share) < 0.01,
          "in the lane of a task, as many columns as it ran are those of running", colours, share)
    page.size(800, 600)
    page.until("document.querySelector('.lanes-fixed canvas').width === 800", "narrow")
    settled(page)
    page.screenshot("timeline-narrow")
    page.size(*page.measures)
    page.until("document.querySelector('.lanes-fixed canvas').width === 1440", "wide")
    settled(page)


def by_keys(page):
    focus(page)
    sixth, end = LENGTH / 6, LENGTH
    for keys, wanted, what in (
            ("w", (sixth, end - sixth), "w zooms in"),
            ("d", (sixth + LENGTH * 0.1333, end - sixth + LENGTH * 0.1333), "d goes to the right"),
            (Keys.HOME, (0, LENGTH * 2 / 3), "Home to the begin"),
            (Keys.END, (LENGTH / 3, end), "End to the end"),
            (Keys.ARROW_LEFT, (LENGTH * 0.2, LENGTH * 0.8667), "an arrow to the left"),
            ("s", (LENGTH * 0.0333, LENGTH * 1.0333), "s zooms out"), ("0", (0, end), "0 shows all")):
        now = moved(page, lambda keys=keys: page.keys(keys))
        claim(close(now, wanted, LENGTH * 0.01), what, now, wanted)
    moved(page, lambda: page.keys("w"))
    page.keys("b")
    page.until("!location.hash.includes('x=')", "back")
    claim(settled(page) == [0, LENGTH], "b goes back, as the browser does")
    page.keys("B")
    page.until("location.hash.includes('x=')", "forward")
    moved(page, lambda: page.keys("0"))


def by_pointer(page):
    a = moved(page, lambda: wheel(page, 0.25, 40, -400, Keys.CONTROL))
    pointed = 0.25 * LENGTH
    claim(a[1] - a[0] < 0.7 * LENGTH and abs((pointed - a[0]) / (a[1] - a[0]) - 0.25) < 0.01,
          "Ctrl and the wheel zoom, and what is at the pointer stays there", a)
    page.until("performance.now() > 0", "")
    b = moved(page, lambda: wheel(page, 0.5, 40, 300, Keys.SHIFT))
    claim(b[0] > a[0] and close([b[1] - b[0]], [a[1] - a[0]], 2), "Shift and the wheel pan", a, b)
    wheel(page, 0.5, 100, 200)
    page.until("document.querySelector('.lanes-scroll').scrollTop > 50", "the lanes scroll")
    claim(settled(page) == b, "the wheel alone scrolls the lanes")
    page.js("document.querySelector('.lanes-scroll').scrollTop = 0")
    c = moved(page, lambda: over(page, 0.5, 60, over(page, 0.3, 60, page.pointer().key_down(Keys.SHIFT))
                                 .click_and_hold()).release().key_up(Keys.SHIFT).perform())
    claim(abs((b[0] - c[0]) / (b[1] - b[0]) - 0.2) < 0.01, "a drag with Shift pans", b, c)
    page.until("performance.now() > 0", "")
    over(page, 0.6, 60, over(page, 0.4, 60, page.pointer().key_down(Keys.ALT)).click_and_hold()) \
        .release().key_up(Keys.ALT).perform()
    page.until("location.hash.includes('area=')", "an area is there")
    begin, end = (int(v) for v in page.words()["area"].split(","))
    claim(close([(begin - c[0]) / (c[1] - c[0]), (end - c[0]) / (c[1] - c[0])], [0.4, 0.6], 0.005) and
          settled(page) == c, "a drag chooses an area", begin, end, c)
    page.until("document.querySelector('.drawer .grid-row')", "its table is there")
    page.screenshot("timeline-area")
    top = page.find(".lanes-top")
    size, middle = top.size, -top.size["height"] / 2 + 12
    d = moved(page, lambda: page.pointer().move_to_element_with_offset(
        top, round(GUTTER + 0.02 * (size["width"] - GUTTER) - size["width"] / 2), round(middle))
        .click().perform())
    claim(close([(d[0] + d[1]) / 2], [0.02 * LENGTH], LENGTH * 0.01), "a click in the minimap goes there", d)
    focus(page)
    page.keys(Keys.ESCAPE)
    page.until("!location.hash.includes('area=')", "nothing is selected")
    moved(page, lambda: page.keys("0"))


# ---- spans

def spans(page):
    at(page, x="39000000,47000000")
    over(page, 0.95, 40).click().perform()
    page.until("location.hash.includes('lane=c0')", "it is selected")
    found = selected(page, "a run")
    claim(found["Task"].startswith("cc1 pid 28706") and found["Length"] == "18.684397\u202fms" and
          "3.997984\u202fms after it was preempted, for CPU 0" in found["Waited"] and
          found["Priority"].startswith("120 (nice 0)") and
          found["Meanwhile there"].startswith("cc1 28704 3.994097") and
          "126.132\u202fµs" in found["After"],
          "a click says who ran, how long, how long it waited and who ran meanwhile", found)
    page.screenshot("timeline-selected")
    focus(page)
    page.keys(",")
    page.until("location.hash.includes('at=46287729')", "the one before")
    found = selected(page, "the run before")
    claim(found["Task"].startswith("cc1 pid 28704"), "a comma selects the one before in the lane", found)
    page.keys(".")
    page.until("location.hash.includes('at=46287730')", "the next one")
    selected(page, "the run")
    page.keys("[")
    page.until("location.hash.includes('lane=t')", "its wait")
    found = selected(page, "its wait")
    claim(found["Did"].startswith("preempted") and found["Length"] == "3.997984\u202fms",
          "[ goes back to the wait before it", found)
    page.keys("]")
    page.until("location.hash.includes('at=46287730')", "what came of it")
    claim(selected(page, "the run again")["Did"].startswith("running"), "] to what came of the wait")
    page.keys("]")
    page.until("!location.hash.includes('at=46287730')", "whom it woke")
    found = selected(page, "whom it woke")
    claim("rcu_preempt" in found["Task"], "and ] again to whom it woke", found)
    moved(page, lambda: page.keys("f"))
    x0, x1 = settled(page)
    claim(x0 < int(page.words()["at"]) < x1 and x1 - x0 < 1e7, "f shows what is selected from edge to edge",
          x0, x1, page.hash)
    # A wakeup, as the table of the longest waits has it.
    worst = [r for r in answer(SCHEDREPORT, "-f", "json", "latency", BUILD)["latency_worst"]["rows"]
             if r["kind"] == "wakeup" and r.get("waker_pid")][0]
    tasks = page.js("""return fetch('/api/lanes?recording=1', { headers: { Authorization: 'Bearer ' +
        JSON.parse(localStorage.getItem('schedview.token')) } }).then(r => r.json())
        .then(d => d.tasks)""")
    task = max(i for i, p in enumerate(tasks["pid"]) if p == worst["pid"])
    at(page, lane=f"t{task}", at=worst["begin_ns"] - ORIGIN)
    found = selected(page, "a wait")
    claim(f" {worst['waker_pid']} " in found.get("Woken by", ""), "who woke a task is told", worst, found)
    page.screenshot("timeline-woken")
    at(page)


def lanes_by_key(page):
    at(page)
    focus(page)
    page.keys(Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ENTER)
    page.until("location.hash.includes('lane=c1')", "the second CPU")
    claim(selected(page, "CPU 1")["Did"].startswith("running on CPU 1"),
          "arrows choose a lane, Enter selects what it has in the middle")
    page.keys("T")
    page.until("location.hash.includes('pin=')", "it is pinned")
    claim(page.text("#said") != "" and page.words()["pin"].isdigit(), "T pins its task", page.hash)
    page.screenshot("timeline-pinned")
    page.keys("T")
    page.until("!location.hash.includes('pin=')", "it is let go")
    page.keys("C")
    page.until("location.hash.includes('colour=task')", "other colours")
    page.choose("#timeline-colour", "priority")
    page.until("location.hash.includes('colour=priority')", "by priority")
    page.until("document.querySelector('.lanes-legend').textContent.includes('usual (nice 0)')", "legend")
    claim(True, "CPUs are coloured by what one chooses, and the legend says how")
    at(page)


def marks(page):
    at(page, lane="c0", at=46287730)
    selected(page, "a run")
    focus(page)
    page.pointer().move_to_element(page.find("header")).perform()
    page.keys("m")
    page.until("location.hash.includes('b=')", "markers")
    claim(page.words()["a"] == "46287730" and page.words()["b"] == "64972127" and
          page.text("#delta").endswith("18.684397\u202fms"),
          "m puts markers around the selection, and their distance is told", page.text("#delta"))
    page.keys("M")
    page.find("dialog input").send_keys("here, 100 % <b>", Keys.ENTER)
    page.until("location.hash.includes('notes=')", "a note")
    claim(page.words()["notes"] == "46287730:here%2C 100 %25 <b>", "M adds a note", page.words()["notes"])
    page.keys("r")
    page.until("location.hash.includes('area=46287730')", "the area")
    claim(page.words()["area"] == "46287730,64972127", "r makes the selection the area")
    link = page.js("return location.href")
    page.screenshot("timeline-marked")
    page.second_window()
    page.open(link)
    settled(page)
    page.until("document.querySelector('.drawer .grid-row')", "the area's table")
    claim(page.text("#delta").endswith("18.684397\u202fms") and page.hash == link[link.index("#"):],
          "a link restores all of it in a second window", page.hash)
    page.close_second()
    page.prepare()   # downloads were those of that window
    page.keys(Keys.DELETE)
    page.until("!location.hash.includes('notes=')", "they are gone")
    claim("a" not in page.words(), "Delete takes markers and notes away")
    page.keys(Keys.ESCAPE)


# ---- search and events

def searched(page, text):
    page.keys("/")
    box = page.find("#timeline-search")
    box.send_keys(Keys.CONTROL + "a")
    box.send_keys(text, Keys.ENTER)


def search(page):
    at(page)
    focus(page)
    searched(page, "cc1")
    page.until("location.hash.includes('lane=t')", "a run of it")
    first = int(page.words()["at"])
    claim(selected(page, "cc1")["Task"].startswith("cc1") and "3 tasks" in page.text("#timeline .query .quiet"),
          "a name is found, and how many tasks have it is told", page.text("#timeline .query .quiet"))
    page.find("#timeline-search").send_keys(Keys.ENTER)
    page.until("!location.hash.includes('at=' + arguments[0])", "the next one", first)
    second = int(page.words()["at"])
    page.find("#timeline-search").send_keys(Keys.SHIFT + Keys.ENTER)
    page.until("location.hash.includes('at=' + arguments[0])", "the one before", first)
    claim(second > first, "Enter goes on to the next time that it runs, Shift+Enter back", first, second)
    searched(page, "28706")
    page.until("document.querySelector('#timeline .query .quiet').textContent.startsWith('1 task')", "a pid")
    searched(page, "page_fault_user")
    page.until("document.querySelector('#timeline .query .quiet').textContent.includes('PAGE_FAULT_USER')",
               "an event")
    found = moved(page, lambda: (at(page, x="0,8000000"), focus(page), searched(page, "40.5 ms")))
    claim(close([sum(found) / 2], [40.5e6], 2), "a time is gone to", found)
    searched(page, "cpu:1")
    page.until("location.hash.includes('lane=c1')", "a CPU")
    searched(page, "= cpu == 1 and event == 12")
    page.until("document.querySelector('#timeline .query .quiet').textContent.includes('condition')", "rows")
    for wrong, told in (("nobody", "No task"), ("cpu:77", "no CPU"), ("= cpu ==", "query")):
        searched(page, wrong)
        page.until("document.querySelector('#timeline .query .error')?.textContent.includes(arguments[0])",
                   wrong, told)
    page.find("#timeline-search").send_keys(Keys.ESCAPE)
    claim(page.js("return document.activeElement.className") == "lanes-scroll",
          "tasks, events, times, CPUs and conditions are found; what is not there is told")


def events(page):
    at(page, lane="c1", at=41000000)
    focus(page)
    page.keys("e")
    page.until("document.querySelectorAll('.events tbody tr').length > 50", "events")
    cpus = set(page.texts(".events tbody td:nth-child(2)"))
    claim(cpus == {"1"}, "the events of the lane are listed", cpus)
    page.screenshot("timeline-events")
    page.js("document.querySelector('.events tr[aria-selected]').nextSibling.click()")
    page.until("Number(new URLSearchParams(location.hash.split('?')[1]).get('at')) > 41000000", "moved")
    before = int(page.words()["at"])
    page.until("document.querySelector('.drawer .view[data-row]').dataset.row", "chosen")
    focus(page)
    page.keys("n")
    page.until("Number(new URLSearchParams(location.hash.split('?')[1]).get('at')) > arguments[0]",
               "the next event", before)
    page.keys("p")
    page.until("Number(new URLSearchParams(location.hash.split('?')[1]).get('at')) === arguments[0]",
               "the event before", before)
    claim(True, "a row that is clicked is gone to; n and p step from event to event")
    page.keys("e", Keys.ESCAPE)


def filters(page):
    at(page, cpus="1", tasks="cc1", ran="1")
    rows = page.js("return document.querySelector('#timeline-tasks').value")
    height = page.js("return document.querySelector('.lanes-space').clientHeight")
    claim(rows == "cc1" and height == 22 + 32 + 22 + 3 * 19 + 4,
          "CPUs and tasks are filtered", height)
    at(page)
    focus(page)
    before = page.js("return document.querySelector('.lanes-space').clientHeight")
    page.pointer().move_to_element_with_offset(page.find(".lanes-fixed .over"),
                                               40 - 720, 10 - page.find(".lanes-fixed .over").size["height"] // 2) \
        .click().perform()
    page.until("location.hash.includes('closed=cpus')", "closed")
    page.until("document.querySelector('.lanes-space').clientHeight === arguments[0]", "lower", before - 64)
    claim(True, "a group is closed by a click on its heading")
    at(page)


# ---- areas

def frame(data):
    """Columns of a table as the page was sent it."""
    length, = struct.unpack_from("<I", data, 4)
    head = json.loads(data[8:8 + length])
    columns = {}
    for c in head["columns"]:
        begin = 8 + length + c["at"]
        if c["type"] == "text":
            offsets = struct.unpack_from(f"<{head['rows'] + 1}I", data, begin)
            begin += 4 * len(offsets)
            columns[c["name"]] = [data[begin + a:begin + b] for a, b in zip(offsets, offsets[1:])]
            columns[c["name"]] = [None if v == b"\xff" else v.decode() for v in columns[c["name"]]]
        else:
            values = struct.unpack_from(f"<{head['rows']}{'q' if c['type'] == 'int' else 'd'}", data, begin)
            columns[c["name"]] = [None if v != v or v == -2 ** 63 else v for v in values]
    return [dict(zip(columns, row)) for row in zip(*columns.values())]


def areas(page):
    """What the area's tables get is what schedreport --window says, to the ns."""
    page.js("""const own = window.fetch;
        window.fetch = async (...what) => {
            const answer = await own(...what);
            if (String(what[0]).startsWith('/api/table?')) {
                const bytes = new Uint8Array(await answer.clone().arrayBuffer());
                window.lastTable = btoa(Array.from(bytes, b => String.fromCharCode(b)).join(''));
            }
            return answer;
        }""")
    chosen, wrong = random.Random(50), []
    tables = [("tasks", "tasks"), ("cpus", "cpus"), ("states", "states"), ("latency", "latency_kinds"),
              ("runqueue", "work_conservation")]
    for n in range(AREAS):
        begin = chosen.randrange(LENGTH)
        end = begin + chosen.randrange(1, LENGTH - begin + 1)
        analysis, table = tables[n % len(tables)]
        at(page, area=f"{begin},{end}", show=table)
        window = f"@{ORIGIN + begin}:@{ORIGIN + end}"
        page.until("""(document.querySelector('.drawer [data-loaded]')?.dataset.loaded || '')
            .includes(JSON.stringify(arguments[0]) + '}') && document.querySelector('.drawer [data-loaded]')
            .dataset.loaded.includes(JSON.stringify(arguments[1]))""", "the area's table", window, table)
        found = frame(base64.b64decode(page.js("return lastTable")))
        wanted = answer(SCHEDREPORT, "-f", "json", "--window", window, analysis, BUILD)[table]["rows"]
        same = len(found) == len(wanted) and all(
            f[k] == w[k] or (isinstance(w[k], float) and abs(f[k] - w[k]) < 1e-9)
            for f, w in zip(found, wanted) for k in w)
        if not same:
            wrong.append((window, table, found[:2], wanted[:2]))
    claim(not wrong, f"tables of {AREAS} random areas are those of schedreport --window, to the ns", *wrong[:2])
    csv = page.download(".csv", lambda: page.press_button("CSV", ".drawer"))
    claim(csv.startswith(b"idle_cpu") or b"," in csv, "and saved as CSV", csv[:200])


# ---- little and bad recordings

EVENTS = [*SCHEDLOG, "WAKING", "GAP", "LOST", "CPU_OFFLINE"]
SWITCH, TICK, GAP, LOST = (EVENTS.index(n) for n in ("CTX_SWITCH", "TICK", "GAP", "LOST"))
BAD = {
    "none": ([], "There are no rows"),
    "one": ([(100, 7, SWITCH, 0, 8, 0, 1)], "of one moment"),
    "no-switches": ([(t * 1000, 0, TICK, t % 2, 0, 5, 0) for t in range(1, 9)], "nobody knows who ran"),
    "gap": ([(1000, 7, SWITCH, 0, 8, 0, 1), (2000, 8, SWITCH, 0, 7, 0, 1), (2500, 0, GAP, 0, 0, 0, 0),
             (4000, 0, LOST, 0, 12, 2500, 0), (5000, 7, SWITCH, 0, 8, 0, 2),
             (6000, 8, SWITCH, 0, 7, 0, 2)], "12 records were lost"),
    "clock": ([(1000, 7, SWITCH, 0, 8, 0, 1), (2000, 8, SWITCH, 0, 7, 0, 1), (2500, 0, LOST, 0, 0, 2400, 0),
               (5000, 7, SWITCH, 0, 8, 0, 2)], "The clock was set back once"),
    "cpus": ([(t * 1000, 7 + t % 3, SWITCH, t * 7 % 300, 7 + (t + 1) % 3, 0, 1) for t in range(1, 600)], ""),
}


def bad_recordings(page):
    folder = os.path.join(page.folder, "bad")
    os.mkdir(folder)
    for name, (rows, _) in BAD.items():
        make_tarball(f"{folder}/{name}.tar", rows, {"<img src=x onerror=alert(1)>": 1, "\u202e\x1b[31m": 2},
                     events=EVENTS)
    server = Server(folder)
    page.open(server.address)
    page.until("document.querySelectorAll('#recordings .grid-row').length === arguments[0]", "listed", len(BAD))
    for name, (_, told) in BAD.items():
        page.js("location.hash = '#/timeline?recording=' + arguments[0] + '.tar'", name)
        page.until("""document.title.includes(arguments[0]) && !document.querySelector('.timeline').hidden &&
            document.querySelector('#timeline .notes').textContent.includes(arguments[1]) &&
            document.querySelector('#timeline .lanes').dataset.drawn""", name, name, told)
        focus(page)
        page.keys(Keys.ARROW_DOWN, Keys.ENTER, "w", "d", ".", "]", "f", "0", "m")
        page.until("document.querySelector('#timeline .lanes').dataset.drawn", "still drawn")
        if name in ("gap", "cpus"):
            page.screenshot("timeline-" + name)
        strangers = page.js("return document.querySelectorAll('img, svg, iframe').length")
        claim(not strangers and not page.complaints(), f"a recording with {name} is shown, and keys do no harm",
              *page.complaints())
    server.end()


server, page = Server("build.tar"), Page()
try:
    page.open(server.address)
    page.until("document.querySelector('.plot')", "the page is there")
    page.keys("7")
    page.until("document.querySelector('#timeline .lanes')?.dataset.drawn", "lanes")
    for part in (pictures, by_keys, by_pointer, spans, lanes_by_key, marks, search, events, filters, areas):
        part(page)
    claim(not page.complaints(), "the console has no error, and no report of the policy",
          *page.complaints())
    bad_recordings(page)
finally:
    page.end()
    server.end()
done()
