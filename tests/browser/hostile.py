#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Names of tasks, files, commands and categories that would do harm are shown as they are.
Usage: hostile.py SCHEDVIEW SCHEDREPORT SOURCE SCREENSHOTS"""
import csv
import io

from page import *   # noqa: F403 claim, Page, Server
from tarballs import SCHEDLOG, make_tarball   # its folder is that of page.py's tap

IMAGE = "<img src=x onerror=alert(1)>"
NAMES = ["<img onerror=x>", "=cmd|' /C x'!A0", "\u202eevil\u2066", "a\x1b[31m\nb", "@SUM(1+1)",
         "</script>", "\"'><svg onload=alert(1)>"]
# As the page shows them: what changes lines, colours or directions is made seen.
SHOWN = ["<img onerror=x>", "=cmd|' /C x'!A0", "\\u202eevil\\u2066", "a\\x1b[31m\\x0ab", "@SUM(1+1)",
         "</script>", "\"'><svg onload=alert(1)>"]


def make(path):
    """The tasks run one after the other on CPU 0, for a millisecond each."""
    rows, before = [], 0
    for i, pid in enumerate([101 + n for n in range(len(NAMES))] + [0]):
        now = 5_000_000_000 + i * 1_000_000
        if before:
            rows.append((now, before, SCHEDLOG.index("BLOCK"), 0, 0, 0, before - 100))
        rows.append((now, before, SCHEDLOG.index("CTX_SWITCH"), 0, pid, 0, max(before - 100, 0)))
        before = pid
    make_tarball(path, rows, {name: i + 1 for i, name in enumerate(NAMES)},
                 meta={"command": IMAGE + "\u202e", "host": IMAGE})


def instructions():
    steps = [["query", "event == $CTX_SWITCH"], ["=", "x", "timestamp"], ["=", "y", "cpu"]]
    return {"input": ["timestamp", "event", "cpu"], "output": ["x", "y"],
            "c": [{"label": IMAGE, "color": "#aa0000", "concatenate": [steps]},
                  {"label": "</style><script>alert(1)</script>", "color": "#00aa00",
                   "concatenate": [[["query", "nothing == 1"]]]}]}


def unharmed(page, view):
    strangers = page.js("""return [...document.querySelectorAll('img, svg, iframe, object, [onerror]')]
        .map(e => e.outerHTML).concat([...document.scripts].filter(s => s.src !==
            location.origin + '/main.js').map(s => s.outerHTML))""")
    styled = page.js("""return [...document.querySelectorAll('style')].length""")
    claim(not strangers and not styled and not page.complaints(), f"nothing of it runs in {view}",
          *strangers, *page.complaints())


server, page = None, Page()
try:
    os.chdir(page.folder)
    names = ["<b onmouseover=alert(1)>.tar", "a%22%3E&token=x#.tar", "build.tar"]
    for name in names[:2]:
        make(name)
    os.symlink(TRACES + "/build.tar", names[2])
    os.mkdir("sub")
    make("sub/" + names[0])
    server = Server(*names, "sub/" + names[0], folder=page.folder)
    page.open(server.address)
    page.until("document.querySelectorAll('#recordings .grid-row').length === 4", "they are listed")
    claim(sorted(r["name"] for r in page.cells()) == sorted([*names, names[0]]),
          "names of files are shown as they are, two of one name too", page.cells())
    claim(all(IMAGE in r["command"] for r in page.cells() if r["name"] != "build.tar"),
          "so is the command", page.cells())
    unharmed(page, "Recordings")
    page.screenshot("hostile-recordings")

    page.js("location.hash = '#/tables?recording=' + encodeURIComponent(arguments[0])", names[1])
    page.loaded("tables")
    found = {r["pid"]: r["comm"] for r in page.cells()}
    claim([found.get(str(101 + i)) for i in range(len(NAMES))] == SHOWN,
          "names of tasks are shown, with what is hidden in them made seen", found)
    unharmed(page, "Tables")
    page.screenshot("hostile-tables")
    text = page.download(".csv", lambda: page.press_button("CSV", "#tables")).decode()
    cells = [c for row in csv.reader(io.StringIO(text)) for c in row]
    claim(len(cells) > 20 and not [c for c in cells if c[:1] in "=+@" and c] and
          any(IMAGE[:4] in c for c in cells),
          "in the CSV no cell of text begins as a formula does", text)
    text = page.download(".json", lambda: page.press_button("JSON", "#tables"))
    claim(b"<" not in text and [r["comm"] for r in json.loads(text)["tasks"]["rows"]
                                if r["pid"] == 101] == [NAMES[0]],
          "in the JSON no tag is written, and the names are whole", text[:400])

    page.keys("2")
    page.settled()
    with open("mine.json", "w", encoding="utf-8") as f:
        json.dump(instructions(), f)
    page.find("#figure input[type=file]").send_keys(os.path.abspath("mine.json"))
    page.until("location.hash.includes('instructions=mine')", "it is chosen")
    page.settled()
    claim(page.texts(".legend .name") == [IMAGE] and "alert(1)" in page.text(".legend .sentence"),
          "labels of categories are shown as they are, of one that fails too", page.texts(".legend *"))
    page.at_plot(0.5, 0.5).perform()
    unharmed(page, "Figure")
    page.screenshot("hostile-figure")
    page.fill("#query", "cpu == '<img src=x onerror=alert(1)>'")
    page.until("document.querySelector('#query-error:not([hidden]), #figure .notes .error')", "it is told")
    unharmed(page, "an error")
    page.fill("#query", "")
    for view in ("timeline", "statistics", "variables", "console"):
        page.js("location.hash = '#/' + arguments[0] + location.hash.slice(location.hash.indexOf('?'))",
                view)
        page.until("document.querySelector('main > .view')?.id === arguments[0]", view, view)
        unharmed(page, view.capitalize())
    page.js("location.hash = arguments[0]",
            "#/figure?recording=%3Cimg%20src%3Dx%3E&query=%3Cimg%3E&x=1,a&off=9,-")
    page.until("document.querySelector('#figure .notes').textContent.includes('There is no')",
               "it is empty")
    unharmed(page, "a link that was made to do harm")
    page.js("""document.body.insertAdjacentHTML('beforeend',
        '<p style="color: red">' + arguments[0])""", IMAGE)
    page.until("violations.length >= 2", "the policy reports")
    told = " ".join(page.complaints())
    claim("style-src-attr" in told and "script-src-attr" in told and "alert: " not in told,
          "and if a tag came in, the policy would stop it, and these tests would see it", told)
finally:
    page.end()
    if server:
        server.end()
done()
