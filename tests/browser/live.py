#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The running system in a browser: what is shown is what a recording of the same time says.
Usage: live.py SCHEDVIEW SCHEDREPORT SOURCE SCREENSHOTS"""
import socket

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


MAP = """import mmap, os, time
m = mmap.mmap(-1, 64 << 20)
for at in range(0, 8 << 20, 4096):
    m[at] = 1
while not os.path.exists('seen'):
    time.sleep(0.05)
"""


def connect(token, *headers):
    """A WebSocket that asks by hand; what the server answers first."""
    s = socket.create_connection(("127.0.0.1", PORT), timeout=LONG)
    s.sendall("\r\n".join([
        "GET /api/live HTTP/1.1", f"Host: 127.0.0.1:{PORT}", "Upgrade: websocket", "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Protocol: schedview.live, {token}", *headers, "", ""]).encode())
    return s, s.recv(12)


def say(s, text):
    data = text.encode()
    s.sendall(bytes([0x81, 0x80 | len(data), 0, 0, 0, 0]) + data)   # masked by nothing


def doors(server):
    """Who may connect; one that then takes nothing at all."""
    answers = [connect(token, *headers)[1] for token, headers in (
        ("A" * 32, ()), (server.token, ("Origin: http://evil.example",)),
        (server.token, ("Origin: null",)), (server.token, ("Sec-Fetch-Site: cross-site",)))]
    claim([a[9:12] for a in answers] == [b"401", b"403", b"403", b"403"],
          "a WebSocket needs the token, and comes from our own page", answers)
    stuck, first = connect(server.token)
    claim(first[9:12] == b"101", "with both it is opened", first)
    say(stuck, '{"watch": "tasks", "interval": 0.1}')
    return stuck


def was_skipped(stuck):
    data = b""
    while b'{"skipped":' not in data:
        piece = stuck.recv(1 << 20)
        if not piece:
            break
        data = data[-20:] + piece
    claim(b'{"skipped":' in data, "a client that took nothing is told that updates were left out")


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


def updates_come(page, n):
    """Waits for so many more."""
    last = page.js("return document.querySelector('#tasks').dataset.drawn")
    page.until("(drawn => drawn >= arguments[0] + arguments[1] || drawn < arguments[0])("
               "+document.querySelector('#tasks').dataset.drawn)", "updates come", int(last), n)


def held(page):
    """Rows stay where they are under the pointer, as long as the recording is the same."""
    page.pointer().move_to_element(page.find("#tasks .grid")).perform()
    page.until("document.querySelector('#tasks .grid-body').matches(':hover')", "the pointer is there")
    begun = None
    while begun != was_begun_again(page):
        begun = was_begun_again(page)
        updates_come(page, 1)
        before = [r["pid"] for r in page.cells()]   # those in sight
        updates_come(page, 2)
        after = [r["pid"] for r in page.cells()]
    claim(before and after[:len(before)] == before, "under the pointer no row jumps", len(before),
          len(after), *[(n, *p) for n, p in enumerate(zip(before, after)) if p[0] != p[1]][:9])
    page.pointer().move_to_element(page.find(".program")).perform()


def was_begun_again(page):
    """Clocks of some virtual machines step back: then another recording is begun."""
    return page.driver.execute_async_script("""const done = arguments[0];
        import('/log.js').then(log => done(log.all().filter(e => e.text.includes('set back'))
            .map(e => e.text)))""")


def same_as_kept(page, folder):
    """What the page got of the whole run, and what the file says."""
    if was_begun_again(page):
        print("# the trace clock was set back: there is no recording of the whole run")
        return
    # The file has its name when the page says that recording has stopped, which is after the last update.
    page.until("document.querySelector('#strip').textContent.includes('stopped')", "it is stopped")
    kept = os.path.join(folder, "kept.dat")
    claim(os.path.exists(kept), "what is kept is there when the page says that recording has stopped",
          os.listdir(folder))
    page.until(lambda: received(page, "tasks", [])["last"], "the last update comes")
    got = received(page, "tasks", ["on_cpu_ns", "switches_voluntary", "switches_involuntary", "migrations"])
    claim(got["first"] == 1, "the page has all updates since the recording began", got["updates"])
    rows = answer(SCHEDREPORT, "tasks", "--table", "tasks", "-f", "json", "-q", kept)["tasks"]["rows"]
    ours = [r for r in rows if r["comm"] == HOSTILE and r["end_ns"]]
    wrong = [(r["pid"], c, got["sums"].get(str(r["pid"]), {}).get(c), r[c]) for r in ours
             for c in ("on_cpu_ns", "switches_voluntary", "switches_involuntary", "migrations")
             if got["sums"].get(str(r["pid"]), {}).get(c) != r[c]]
    claim(len(ours) >= 2 and not wrong, "all updates together say what the recording says, to the ns",
          *wrong, *got["spans"])


def migrations(page):
    goes_to(page, "migrations", interval="0.5")
    page.until("document.querySelectorAll('#migrations .grid-row').length > 3", "moves come")
    page.until("document.querySelectorAll('#migrations .matrix td').length > 3", "the matrix is there")
    page.screenshot("live-migrations")


def memory(page, folder):
    goes_to(page, "memory", interval="0.5", filter="%3Cimg")
    open(os.path.join(folder, "map"), "w").close()
    page.until("[...document.querySelectorAll('#memory .grid')].every(g => "
               "g.querySelector('.grid-row'))", "its requests come")
    page.until("document.querySelector('#memory').innerText.includes('67108864')", "the large one too")
    requests = page.js("""return [...document.querySelectorAll('#memory > .view:last-child .grid-row')]
        .map(r => [...r.children].map(c => c.textContent))""")
    large = [r for r in requests if "67108864" in r]
    claim(len(large) == 1 and {HOSTILE, "mmap", "ok"} <= set(large[0]),
          "a request is listed as it was made: name, call and size", *requests[:5])
    page.until("document.querySelectorAll('.pie-legend li').length > 3", "the pie is there")
    page.screenshot("live-memory")
    return int(next(c for c in large[0] if c.isdigit()))


def others(page, pid):
    goes_to(page, "stacks", interval="0.5")
    page.until("document.querySelectorAll('#stacks .grid-row').length > 5", "stacks come")
    rows = page.cells()
    claim(len(rows) <= 20 and all(r["total time"].endswith(" ns") and len(r["hash"]) == 8 for r in rows),
          "the 20 stacks with most time are there, with the unit in each line", rows[:2])
    page.screenshot("live-stacks")
    goes_to(page, "cpus", interval="0.5")
    page.until(lambda: len([r for r in page.cells() if r.get("busy")]) >= os.cpu_count(), "all CPUs")
    page.screenshot("live-cpus")
    goes_to(page, "faults", interval="0.5")
    page.find("#faults-pid").send_keys(str(pid))
    page.press_button("Register", "#faults")
    page.until("document.querySelector('#faults-registered button')?.textContent.startsWith(arguments[0])",
               "it is registered", str(pid))
    page.until(lambda: [r for r in page.cells() if r["pid"] == str(pid) and r.get("source") == "samples"],
               "it is sampled")
    page.screenshot("live-faults")
    page.press("#faults-registered button")
    page.until("!document.querySelector('#faults-registered button')", "it is not any more")
    claim(True, "a process is registered and removed while it is watched")
    goes_to(page, "tasks", interval="0.5")


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
        f.write(f"while [ ! -e go ]; do sleep 0.05; done\nfor i in 1 2; do './{HOSTILE}' spin.py; done\n"
                f"while [ ! -e map ]; do sleep 0.05; done\n'./{HOSTILE}' map.py\n")
    with open("map.py", "w") as f:
        f.write(MAP)
    server = Watched("-o", "kept.dat", "--", "sh", "run.sh", folder=page.folder)
    os.chmod(page.folder, 0o755)
    page.open(server.address.replace(server.token, "A" * 32))
    page.until("!document.querySelector('#banner').hidden", "the banner says what is missing")
    claim("token" in page.text("#banner"), "without the token nothing is shown", page.text("#banner"))
    page.complaints()
    page.open(server.address)
    goes_to(page, "tasks", interval="0.5")
    open("go", "w").close()
    stuck = doors(server)
    for part in (tasks, pause, held):
        part(page)
    # The whole run is watched in one view, that of tasks; the others in a second window.
    page.second_window()
    page.open(server.origin)
    page.until("document.querySelector('#tasks')?.dataset.drawn", "it needs no token again")
    migrations(page)
    others(page, memory(page, page.folder))
    was_skipped(stuck)
    complaints = page.complaints()
    page.close_second()
    open("seen", "w").close()
    same_as_kept(page, page.folder)
    stop_and_start(page)
    complaints += page.complaints()
    claim(not complaints, "the console has no error, and no report of the policy", *complaints)
finally:
    for name in ("go", "map", "seen"):   # whatever became of it, the command ends
        open(name, "w").close()
    page.end()
    status = server.end() if server else None
    # That samples came late is said on a busy machine.
    told = "".join(line for line in server.process.stderr if "samples: " not in line) if server else ""
    if status or told:   # also where the test itself breaks off
        print(f"# schedview ended with {status}: {told}")
claim(status == 0 and not told, "schedview ends with 0 when it is told to", status, told)
done()
