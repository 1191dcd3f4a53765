#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The running system in a browser: what is shown is what a recording of the same time says.
Usage: live.py SCHEDVIEW SCHEDREPORT SOURCE SCREENSHOTS"""
from page import *   # noqa: F403 claim, Page, Server

if os.geteuid() != 0 or not os.path.exists("/sys/kernel/tracing/instances"):
    print("1..0 # SKIP needs root and tracefs")
    sys.exit(0)

PORT = 5106
HOSTILE = "<img src=x>"   # a task's name
SPIN = "import time\nend = time.process_time() + 1\nwhile time.process_time() < end:\n    pass\n"

# What the page got in all updates so far, of a table: sums by pid.
SUMS = """const done = arguments[arguments.length - 1], [table, columns] = arguments;
    import('/live.js').then(live => {
        const sums = {};
        for (const update of live.history) {
            const t = update.tables[table], by = Object.fromEntries(t.columns.map(c => [c.name, c.values]));
            for (let row = 0; row < t.rows; row++) {
                const sum = sums[by.pid.digits(row)] ||= { comm: by.comm.digits(row) };
                for (const c of columns)
                    sum[c] = (sum[c] || 0) + (by[c].known(row) ? by[c].number(row) : 0);
                // What goes on at the end of an interval stands apart, and is taken from the next.
                const lasts = by.lasts?.digits(row);
                if (lasts === 'running')
                    sum.on_cpu_ns += by.lasting_ns.number(row);
            }
        }
        const spans = live.history.map(u => [u.number, u.interval_ns, u.begin_ns, u.end_ns, u.tables[table].rows, u.tables[table].all_rows]);
        done({ sums, spans, updates: live.history.length, last: live.history.at(-1)?.last || false,
               first: live.history[0]?.number });
    });"""


class Watched(Server):
    """schedview live with a page."""

    def __init__(self, *words, folder):
        super().__init__("live", "--port", str(PORT), *words, folder=folder)


def received(page, table, columns):
    return page.driver.execute_async_script(SUMS, table, columns)


def goes_to(page, view, **words):
    page.js("location.hash = arguments[0]",
            f"#/{view}?" + "&".join(f"{k}={v}" for k, v in words.items()))
    page.until("+document.querySelector('main > .view')?.dataset.drawn > 0 && "
               "document.querySelector('main > .view').id === arguments[0]", f"{view} has an update", view)


def named(page, comm):
    return [r for r in page.cells() if r["command"] == comm]


def tasks(page):
    goes_to(page, "tasks", interval="0.5")
    page.until(lambda: named(page, HOSTILE), "the command's task is there")
    claim(not page.js("return document.querySelectorAll('img').length"),
          "a task's name is text, whatever stands in it")
    page.until("document.querySelector('#tasks').dataset.drawn > 2", "updates come")
    strip = page.text("#strip")
    claim(all(word in strip for word in ("load", "pressure", "forks/s", "lost", "skipped", "recorder")) and
          "● " not in strip and "recording" in strip, "above it stands how the system is", strip)
    page.screenshot("live-tasks")


def pause(page):
    page.press_button("Pause", "#tasks")
    shown = page.text("#tasks .when")
    before = page.js("return document.querySelector('#tasks input[type=range]').max")
    page.until("+document.querySelector('#tasks input[type=range]').max > +arguments[0]",
               "updates go on", before)
    claim(page.text("#tasks .when").split(" · ")[0] == shown.split(" · ")[0],
          "a pause stops what is shown, and nothing else", shown, page.text("#tasks .when"))
    page.press_button("Go on", "#tasks")
    page.until("!document.querySelector('#tasks').classList.contains('past')", "it goes on")


def held(page):
    """Rows stay where they are under the pointer."""
    page.pointer().move_to_element(page.find("#tasks .grid-row")).perform()
    page.until("document.querySelector('#tasks .grid-body').matches(':hover')", "the pointer is there")
    drawn = page.js("return document.querySelector('#tasks').dataset.drawn")
    page.until("document.querySelector('#tasks').dataset.drawn !== arguments[0]", "an update comes", drawn)
    before = [r["pid"] for r in page.cells()]
    drawn = page.js("return document.querySelector('#tasks').dataset.drawn")
    page.until("+document.querySelector('#tasks').dataset.drawn > +arguments[0] + 1", "more come", drawn)
    after = [r["pid"] for r in page.cells()]
    claim(before and after[:len(before)] == before, "under the pointer no row jumps", before[:9], after[:9])
    page.pointer().move_to_element(page.find(".program")).perform()


def same_as_kept(page, folder):
    """What the page got of the whole run, and what the file says."""
    page.until(lambda: received(page, "tasks", [])["last"], "the recording ends with the command")
    got = received(page, "tasks", ["on_cpu_ns", "switches_voluntary", "switches_involuntary", "migrations"])
    claim(got["first"] == 1, "the page has all updates since the recording began", got["updates"])
    rows = answer(SCHEDREPORT, "tasks", "--table", "tasks", "-f", "json", "-q",
                  os.path.join(folder, "kept.dat"))["tasks"]["rows"]
    ours = [r for r in rows if r["comm"] == HOSTILE and r["end_ns"]]
    wrong = [(r["pid"], c, got["sums"].get(str(r["pid"]), {}).get(c), r[c]) for r in ours
             for c in ("on_cpu_ns", "switches_voluntary", "switches_involuntary", "migrations")
             if got["sums"].get(str(r["pid"]), {}).get(c) != r[c]]
    claim(len(ours) >= 2 and not wrong, "all updates together say what the recording says, to the ns",
          *wrong, *got["spans"])


def stop_and_start(page):
    page.until("document.querySelector('#strip').textContent.includes('stopped')", "it is stopped")
    claim("ended with 0" in page.text("#strip"), "the page says how the command ended", page.text("#strip"))
    page.press_button("Start", "#strip")
    page.until("document.querySelector('.recording.on')", "it records again")
    page.until("document.querySelector('#tasks .when').textContent.includes('since the recording began') "
               "|| document.querySelector('#tasks').dataset.drawn > 1", "updates come again")
    page.press_button("Stop", "#strip")
    page.until("!document.querySelector('.recording.on')", "it stops")
    claim(True, "recording is stopped and begun again by the page")


server, page = None, Page()
try:
    os.chdir(page.folder)
    os.symlink(os.path.realpath(sys.executable), HOSTILE)
    with open("spin.py", "w") as f:
        f.write(SPIN)
    with open("run.sh", "w") as f:   # waits until the page is there
        f.write(f"while [ ! -e go ]; do sleep 0.05; done\nfor i in 1 2 3; do './{HOSTILE}' spin.py; done\n"
                "while [ ! -e seen ]; do sleep 0.05; done\n")
    server = Watched("-o", "kept.dat", "--", "sh", "run.sh", folder=page.folder)
    os.chmod(page.folder, 0o755)
    page.open(server.address.replace(server.token, "A" * 32))
    page.until("!document.querySelector('#banner').hidden", "the banner says what is missing")
    claim("token" in page.text("#banner"), "without the token nothing is shown", page.text("#banner"))
    page.complaints()
    page.open(server.address)
    goes_to(page, "tasks", interval="0.5")
    open("go", "w").close()
    for part in (tasks, pause, held):
        part(page)
    open("seen", "w").close()
    same_as_kept(page, page.folder)
    stop_and_start(page)
    claim(not page.complaints(), "the console has no error, and no report of the policy", *page.complaints())
finally:
    for name in ("go", "seen"):   # whatever became of it, the command ends
        open(name, "w").close()
    page.end()
    status = server.end() if server else None
    told = server.process.stderr.read() if server else ""
claim(status == 0 and not told, "schedview ends with 0 when it is told to", status, told)
done()
