#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every view of the page says what the programs say, and its keys work.
Usage: views.py SCHEDVIEW SCHEDREPORT SOURCE SCREENSHOTS"""
import io
import re

import numpy
from page import *   # noqa: F403 claim, Page, Server

BUILD = TRACES + "/build.tar"


def digits(text):
    return re.sub(r"[\s\u202f]", "", text)


def recordings(page, server):
    page.open(server.address)
    page.until("document.querySelectorAll('#recordings .grid-row').length === 2", "both are listed")
    claim(server.token not in page.js("return location.href + JSON.stringify(history.state)") and
          page.hash == "#/recordings",
          "several recordings are shown as a list, and the token is out of the address", page.hash)
    rows = {row["name"]: row for row in page.cells()}
    claim(set(rows) == {"build.tar", "pingpong.tar"} and rows["build.tar"]["command"] == "make -s -j4"
          and digits(rows["build.tar"]["rows"]) == "31086" and rows["build.tar"]["CPUs"] == "2" and
          rows["build.tar"]["length"] == "0.085",
          "the list says command, CPUs, length and rows", rows)
    page.screenshot("recordings")
    page.find("#recordings-filter").send_keys("make")
    page.until("document.querySelectorAll('#recordings .grid-row').length === 1", "one is left")
    claim(page.cells()[0]["name"] == "build.tar" and page.words()["filter"] == "make" and
          "1 of 2" in page.count(), "it is filtered by any word", page.cells(), page.hash)
    page.find("#recordings-filter").send_keys(Keys.TAB)
    page.find("#recordings .grid").send_keys(Keys.ENTER)
    page.until("location.hash.startsWith('#/figure')", "Enter chooses")
    claim(page.words()["recording"] == "build.tar", "Enter opens the figure of the recording")


def figure(page):
    page.settled()
    stats = answer(SCHEDVIEW, "stats", "-f", "json", "-i", OWN + "/who-ran.json", BUILD)
    legend = page.js("""return Object.fromEntries([...document.querySelectorAll('.legend li')].map(l =>
        [l.querySelector('.name').textContent, l.querySelector('.count').textContent]))""")
    expected = {c["label"]: c["rows"] for c in stats["categories"]}
    claim({k: int(digits(v)) for k, v in legend.items()} == expected,
          "the legend counts the rows that schedview stats counts", legend, expected)
    colours = page.colours()
    claim(all(colours.get(c["color"], 0) > 5 for c in stats["categories"]),
          "each category's colour is in the picture", colours)
    page.at_plot(*page.place_of("#e69f00")).perform()
    page.until("document.querySelectorAll('.hits tbody tr').length > 0", "rows are listed")
    page.screenshot("figure")


def statistics(page):
    page.keys("5")
    page.loaded("statistics")
    stats = answer(SCHEDVIEW, "stats", "-f", "json", "-i", OWN + "/who-ran.json", BUILD)
    wanted = {(c["label"], column): s for c in stats["categories"] for column, s in c["columns"].items()}
    found = {(r["category"], r["column"]): r for r in page.cells()}
    wrong = [k for k, r in found.items() if int(digits(r["count"])) != wanted[k]["count"] or
             abs(float(digits(r["mean"])) - wanted[k]["mean"]) > 0.0006 or
             abs(float(digits(r["sum"])) - wanted[k]["sum"]) > 0.0006]
    claim(len(found) > 20 and not wrong and digits(page.count()).startswith(str(len(wanted))),
          "Statistics has the means, sums and counts of schedview stats", wrong, page.count())
    page.screenshot("statistics")


def variables(page):
    page.keys("4")
    page.until("document.querySelector('#variables')?.dataset.of === 'build.tar'", "they are listed")
    wanted = {v["name"]: v for v in answer(SCHEDVIEW, "vars", "-f", "json", BUILD)}
    found = {r["name"]: r for r in page.cells()}
    claim(len(found) > 30 and all(int(r["number"]) == wanted[n]["id"] and
                                  int(digits(r["rows"])) == wanted[n]["rows"]
                                  for n, r in found.items()),
          "Variables has the numbers and rows of schedview vars", found)
    page.find("#variables-filter").send_keys("switch")
    page.until("document.querySelectorAll('#variables .grid-row').length === 1", "they are filtered")
    claim(page.cells()[0]["name"] == "CTX_SWITCH", "they are filtered by a part of the name")
    page.screenshot("variables")
    page.find("#variables-filter").clear()
    page.js("document.activeElement.blur()")


def tasks():
    return answer(SCHEDREPORT, "tasks", "-q", "-f", "json", BUILD)["tasks"]["rows"]


def tables(page):
    page.keys("3")
    page.loaded("tables")
    wanted, found = tasks(), page.cells()

    def on_cpu(row):
        low, high = (f"{row[k] / 1e6:.3f}" for k in ("on_cpu_ns", "on_cpu_hi_ns"))
        return low if low == high else f"{low}–{high}"
    claim(digits(page.count()).startswith(str(len(wanted))) and len(found) > 20 and
          [(r["pid"], r["comm"], r["on_cpu"]) for r in found] ==
          [(str(r["pid"]), r["comm"], on_cpu(r)) for r in wanted][:len(found)],
          "the table of tasks is that of schedreport, with bounds where two figures differ",
          found[:3], wanted[:3])
    claim(any("–" in r["on_cpu"] for r in found), "there are such bounds in it")
    page.screenshot("tables")

    page.js("document.querySelector('#tables .grid').focus()")
    page.keys(Keys.END)
    at_end = page.until("""(line => line && [+line.dataset.line, Math.abs(
        line.getBoundingClientRect().bottom -
        document.querySelector('#tables .grid').getBoundingClientRect().bottom)])(
        document.querySelector('.grid-row.active'))""", "a row is the chosen one")
    claim(at_end[0] == len(wanted) - 1 and at_end[1] < 2, "End shows the last row, at the lower edge",
          at_end)
    page.keys(Keys.HOME, Keys.ARROW_RIGHT, "s")
    page.until("new URLSearchParams(location.hash.split('?')[1]).get('sort') === 'comm'", "it is sorted")
    names = [r["comm"] for r in page.cells()]
    page.keys(Keys.ARROW_LEFT, "S")
    both = [(r["comm"], -int(r["pid"])) for r in page.cells()]
    claim(names == sorted(names) and both == sorted(both) and page.words()["sort"] == "comm,-pid",
          "it is sorted by keys, by a second column too", page.hash, both[:8])
    page.keys("u")
    page.until("!location.hash.includes('sort=')", "the order is its own again")

    page.fill("#tables-filter", "on_cpu > 20e6 and comm =~ 'cc*'")
    page.loaded("tables")
    page.until("document.querySelectorAll('#tables .grid-row').length === 3", "three are left")
    chosen = answer(SCHEDREPORT, "tasks", "-q", "-f", "json", "--filter",
                    "on_cpu > 20e6 and comm =~ 'cc*'", BUILD)["tasks"]["rows"]
    claim([r["pid"] for r in page.cells()] == [str(r["pid"]) for r in chosen],
          "a filter leaves the rows that schedreport --filter leaves", page.cells())
    page.fill("#tables-filter", "on_cpu > > 3")
    page.until("!document.querySelector('#tables-filter-error').hidden", "the error is said")
    error = page.text("#tables-filter-error span")
    claim(page.text("#tables-filter-error mark") == ">" and re.search(r"column 10|> ", error),
          "what is wrong in a filter is said and marked", page.text("#tables-filter-error"))
    page.screenshot("wrong-filter")
    page.fill("#tables-filter", "")
    page.loaded("tables")
    page.until("document.querySelector('#tables-filter-error').hidden", "the error is gone")

    columns(page)
    text = page.download(".csv", lambda: page.press_button("CSV", "#tables"))
    claim(text.decode() == output(SCHEDREPORT, "tasks", "-q", "-f", "csv", BUILD),
          "the CSV is that of schedreport", text[:300])
    text = page.download(".json", lambda: page.press_button("JSON", "#tables"))
    claim(json.loads(text)["tasks"]["rows"] == wanted, "so is the JSON", text[:300])
    every_table(page)


def columns(page):
    page.js("document.activeElement.blur()")
    page.keys("k")
    page.until("document.querySelector('dialog.columns')", "columns can be chosen")
    page.js("""for (const l of document.querySelectorAll('dialog.columns label'))
        l.querySelector('input').checked = ['pid', 'charged', 'on_cpu_hi'].includes(l.textContent)""")
    page.press_button("Show these", "dialog.columns")
    page.until("location.hash.includes('columns=')", "they are in the address")
    chosen = page.headings()
    page.open(page.js("return location.origin + location.pathname") + "#/tables?recording=build.tar")
    page.loaded("tables")
    claim(chosen == page.headings() == ["pid", "charged", "on_cpu_hi"],
          "chosen columns are shown, and remembered", chosen, page.headings())
    page.keys("k")
    page.press_button("As at first", "dialog.columns")
    page.until("document.querySelectorAll('[role=columnheader]').length > 5", "all are back")


def every_table(page):
    """Each table of each analysis is shown, with as many rows as schedreport prints."""
    wrong, seen = [], 0
    for analysis in page.js("return [...document.querySelectorAll('#analysis option')].map(o => o.value)"):
        page.js("location.hash = '#/tables?recording=build.tar&analysis=' + arguments[0]", analysis)
        page.until("document.querySelector('#analysis').value === arguments[0]", analysis, analysis)
        names = page.js("return [...document.querySelectorAll('#table option')].map(o => o.value)")
        wanted = answer(SCHEDREPORT, analysis, "-q", "-f", "json", "-t", ",".join(names), BUILD)
        for table in names:
            page.js("""location.hash = '#/tables?recording=build.tar&analysis=' + arguments[0] +
                '&table=' + arguments[1]""", analysis, table)
            page.until("""(l => l.analysis === arguments[0] && l.table === arguments[1])(
                JSON.parse(document.querySelector('#tables').dataset.loaded || '{}'))""",
                       f"{table} is loaded", analysis, table)
            rows, seen = digits(page.count()).split("rows")[0], seen + 1
            if rows != str(len(wanted[table]["rows"])):
                wrong.append((analysis, table, rows, len(wanted[table]["rows"])))
    claim(seen > 25 and not wrong, "each table has as many rows as schedreport prints", seen, wrong)


def more_of_tables(page):
    """Its own parameters, its picture, and what is shown for numpy."""
    page.js("location.hash = '#/tables?recording=build.tar&analysis=tasks&table=tasks'")
    page.until("""JSON.parse(document.querySelector('#tables').dataset.loaded || '{}').table === 'tasks' &&
        document.querySelectorAll('#tables .grid-row').length > 3""", "tasks are there")
    shown = page.cells()
    arrays = numpy.load(io.BytesIO(page.download("npz", lambda: page.press_button("npz",
                                                                                 "#tables"))))
    claim([t.decode() for t in arrays["comm"][:len(shown)]] == [r["comm"] for r in shown] and
          arrays["pid"].dtype == "<i8" and [str(p) for p in arrays["pid"][:len(shown)]] ==
          [r["pid"] for r in shown], "npz has the rows as they stand, for numpy", dict(arrays), shown[:3])
    page.press_button("Picture…", "#tables")
    page.until("document.querySelector('dialog.picture img')?.naturalWidth > 100", "it is drawn")
    page.screenshot("table-picture")
    head = page.download("pdf", lambda: page.press_button("PDF", "dialog.picture"))[:5]
    page.press_button("Close", "dialog.picture")
    claim(head == b"%PDF-", "a picture of the table is shown, and saved as PDF", head)
    page.choose("#analysis", "latency")
    page.until("document.querySelector('#tables-set-worst')", "latency has a parameter")
    limits = page.js("const i = document.querySelector('#tables-set-worst');"
                     "return [i.min, i.max, i.placeholder]")
    page.choose("#table", "latency_worst")
    page.fill("#tables-set-worst", "3")
    page.until("document.querySelector('#tables .grid-foot span').textContent === '3 rows'", "three are left")
    claim(limits == ["1", "1000", "20"] and page.words()["set"] == "worst=3",
          "a parameter of an analysis is set within its range, and is in the address", limits, page.hash)
    page.js("location.hash = '#/tables?recording=build.tar'")
    page.loaded("tables")


def sorting(page):
    """Many numbers are sorted while the page does other things."""
    ticks, wrong = page.driver.execute_async_script("""
        const done = arguments[0], keys = Float64Array.from({ length: 400000 }, (_, n) => n * 7919 % 100003);
        let ticks = 0; const timer = setInterval(() => ticks++, 1);
        import('/sorting.js').then(async ({ sortInTurns }) => {
            const order = await sortInTurns(keys.map((_, n) => n),
                (a, b) => keys[a] - keys[b] || a - b, () => false);
            clearInterval(timer);
            let wrong = order.length === keys.length ? 0 : 1;
            for (let n = 1; n < order.length; n++)
                wrong += !(keys[order[n - 1]] < keys[order[n]] ||
                    (keys[order[n - 1]] === keys[order[n]] && order[n - 1] < order[n]));
            done([ticks, wrong]);
        });""")
    claim(ticks > 1 and not wrong, "400,000 rows are sorted in turns with other work", ticks, wrong)


def log(page):
    page.keys("6")
    page.until("document.querySelectorAll('.log li').length > 3", "the console has lines")
    lines = page.texts(".log .text")
    claim(any("build.tar: " in t and "not recorded" in t for t in lines) and
          any(t == "tasks of build.tar" for t in lines),
          "the console has the notes of a recording and what was asked for", lines[-8:])
    page.screenshot("console")


def commands(page):
    page.keys("?")
    page.until("document.querySelector('dialog.help')", "? is help")
    told = page.js("""return [...document.querySelectorAll('dialog.help section')].flatMap(s =>
        [...s.querySelectorAll('tr')].map(r => [s.querySelector('h3').textContent,
            [...r.querySelectorAll('kbd')].map(k => k.textContent).join(' ') ||
                r.cells[0].textContent, r.cells[1].textContent]))""")
    page.screenshot("help")
    page.keys(Keys.ESCAPE)
    page.until("!document.querySelector('dialog')", "Escape closes it")
    with open(SOURCE + "/docs/view.md", encoding="utf-8") as f:
        document = f.read()
    written = [(heading, *(cell.replace("`", "").replace("\\|", "|").strip() for cell in row))
               for heading, rows in re.findall(r"^### (.*)\n\n\|.*\n\|[-|]+\n((?:\|.*\n)+)", document, re.M)
               for row in re.findall(r"^\|(.*?)\|(.*)\|$", rows, re.M)]
    claim(len(told) > 50 and [tuple(t) for t in told] == written,
          "docs/view.md has the keys of the table of commands", set(map(tuple, told)) ^ set(written))

    page.keys((Keys.CONTROL, Keys.SHIFT, "p"))
    page.until("document.querySelector('dialog.palette')", "Ctrl+Shift+P is the palette")
    page.keys("stat")
    page.until("document.querySelectorAll('#palette-list li').length === 1", "one command is left")
    page.screenshot("palette")
    page.keys(Keys.ENTER)
    page.until("location.hash.startsWith('#/statistics')", "Enter gives it")
    claim(page.text("nav a[aria-current=page]") == "Statistics", "a command is given by its name")


def keyboard(page):
    """From the top of the page, Tab reaches all that can be done, and each place can be seen."""
    page.js("document.activeElement.blur(); scrollTo(0, 0)")
    seen, unseen = [], []
    for _ in range(40):
        page.keys(Keys.TAB)
        at = page.js("""const e = document.activeElement, s = getComputedStyle(e);
            return [e.tagName + '#' + e.id + ' ' + (e.textContent || e.ariaLabel || '').slice(0, 20),
                s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 1,
                !!(e.labels?.length || e.ariaLabel || e.textContent.trim() || e.title)]""")
        if at[0] in seen or at[0].startswith("BODY"):
            break
        seen.append(at[0])
        if not at[1] or not at[2]:
            unseen.append(at)
    claim(len(seen) > 12 and not unseen, "Tab reaches everything; it is named and its focus is seen",
          seen, unseen)
    roles = page.js("""return ['header', 'nav[aria-label]', 'main', 'footer', '[role=grid][aria-label]']
        .filter(s => !document.querySelector(s))""")
    claim(not roles, "the page has landmarks", roles)


def contrast(page):
    """Every text against what is behind it, in either scheme, as WCAG 2 has it for AA."""
    bad = []
    for view in ("figure", "tables", "timeline", "console", "recordings"):
        page.js("location.hash = arguments[0]", f"#/{view}?recording=build.tar")
        page.until("document.querySelector('main > .view')?.id === arguments[0]", view, view)
        if view == "tables":
            page.loaded("tables")
        for scheme in ("light", "dark"):
            page.scheme(scheme)
            page.until("document.documentElement.dataset.theme === arguments[0]", scheme, scheme)
            bad += [(view, scheme, *b) for b in page.js(CONTRAST)]
    page.scheme("light")
    claim(not bad, "every text has a contrast of 4.5 at least, in either scheme", *bad[:10])


CONTRAST = """
const canvas = document.createElement('canvas'); canvas.width = canvas.height = 1;
const g = canvas.getContext('2d', { willReadFrequently: true });
const rgba = text => { g.clearRect(0, 0, 1, 1); g.fillStyle = text; g.fillRect(0, 0, 1, 1);
    return [...g.getImageData(0, 0, 1, 1).data]; };
const light = c => { const [r, g, b] = c.map(v => { v /= 255;
    return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const behind = e => { let stack = [];
    for (; e; e = e.parentElement) { const c = rgba(getComputedStyle(e).backgroundColor);
        stack.push(c); if (c[3] === 255) break; }
    return stack.reverse().reduce((under, over) =>
        under.map((v, i) => v + (over[i] - v) * over[3] / 255), [255, 255, 255]); };
const bad = [];
for (const e of document.querySelectorAll('body *')) {
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()) ||
        !e.checkVisibility() || e.matches('option, optgroup, .skip, #said, noscript, :disabled'))
        continue;
    const a = light(rgba(getComputedStyle(e).color)), b = light(behind(e));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) bad.push([e.tagName + '.' + e.className, e.textContent.slice(0, 30), ratio]);
}
return bad;"""

def kept_pictures():
    """README shows two of the screenshots."""
    with open(SOURCE + "/README.md", encoding="utf-8") as f:
        shown = re.findall(r"\]\((docs/pictures/page-.*?\.png)\)", f.read())
    claim(len(shown) == 2 and all(os.path.getsize(f"{SOURCE}/{name}") <= 300_000 for name in shown),
          "README shows two pictures of the page, of at most 300 KB each", shown)


server, page = Server("build.tar", "pingpong.tar"), Page()
try:
    for part in (recordings, ):
        part(page, server)
    for part in (figure, statistics, variables, tables, more_of_tables, sorting, log, commands, keyboard,
                 contrast):
        part(page)
    claim(not page.complaints(), "the console has no error, and no report of the policy",
          *page.complaints())
    claim(len(page.refusals()) == 1, "nothing was refused but the one wrong filter", *page.refusals())
finally:
    page.end()
    status = server.end()
kept_pictures()
claim(status == 0, "schedview ends with 0 when it is told to", status)
done()
