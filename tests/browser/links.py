#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Links show the same in a second window, the token guards the data, and a page whose server has
gone says so. Usage: links.py SCHEDVIEW SCHEDREPORT SOURCE SCREENSHOTS"""
import urllib.error
import urllib.request

from page import *   # noqa: F403 claim, Page, Server

BUILD = TRACES + "/build.tar"
PORT = "5206"   # that no other test takes while the first server has gone


def picture(page):
    return page.js("return document.querySelector('.plot canvas').toDataURL()")


def figure_link(page, server):
    page.open(server.address)
    page.until("document.querySelectorAll('#recordings .grid-row').length > 1", "they are listed")
    page.js("location.hash = '#/figure?recording=build.tar&instructions=events-per-cpu'")
    page.settled()
    page.js("document.querySelector('.plot').focus()")
    page.keys("w", "w", "d")
    page.js("document.querySelectorAll('.legend input')[0].click()")
    page.fill("#query", "cpu == 1")
    drawn, link = page.settled(), page.js("return location.href")
    page.until("document.querySelectorAll('.legend li.off').length === 1", "one is off")
    legend, shown = page.texts(".legend li"), picture(page)
    page.js("document.activeElement.blur()")
    page.cdp("Browser.grantPermissions", origin=server.origin,
             permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
    page.keys("c")
    page.until("document.querySelector('#said').textContent.includes('copied')", "it is copied")
    claim(page.driver.execute_async_script("""const done = arguments[0];
        navigator.clipboard.readText().then(done, done)""") == link, "c copies the link", link)
    page.second_window()
    page.open(link)
    again = page.settled()
    page.until(lambda: picture(page) == shown, "the picture is the same")
    claim(again == drawn and page.texts(".legend li") == legend and server.token not in link and
          page.js("return document.querySelector('#query').value") == "cpu == 1",
          "a link to a figure restores file, window, categories and query in a second window",
          link, drawn, again)
    page.close_second()


def table_link(page, server):
    page.js("""location.hash = '#/tables?recording=build.tar&analysis=waits&table=waits&' +
        'sort=-wall_ns,pid&columns=pid,comm,wall_ns&window=0.01:0.05&filter=' +
        encodeURIComponent("comm =~ 'c*'")""")
    page.loaded("tables")
    page.until("document.querySelector('[role=columnheader][aria-sort=descending]')", "it is sorted")
    rows, link = page.cells(), page.js("return location.href")
    wanted = answer(SCHEDREPORT, "waits", "-q", "-f", "json", "-w", "0.01:0.05", "--filter",
                    "comm =~ 'c*'", "-t", "waits", BUILD)["waits"]["rows"]
    wanted.sort(key=lambda r: (-r["wall_ns"], r["pid"]))
    claim(len(rows) > 5 and list(rows[0]) == ["pid", "comm", "wall"] and
          [tuple(r.values()) for r in rows] ==
          [(str(r["pid"]), r["comm"], f"{r['wall_ns'] / 1e6:.3f}") for r in wanted],
          "a table has the window, filter, order and columns of its address", rows, wanted)
    page.second_window()
    page.open(link)
    page.loaded("tables")
    page.until("document.querySelectorAll('.grid-row').length === arguments[0]", "rows", len(rows))
    claim(page.cells() == rows and
          page.js("return document.querySelector('#tables-window').value") == "0.01:0.05",
          "a link to a table restores them in a second window", page.cells())
    page.close_second()


def token(server):
    for words, status in (({}, 401), ({"Authorization": "Bearer " + "x" * 32}, 401),
                          ({"Authorization": "Bearer " + server.token}, 200)):
        request = urllib.request.Request(server.origin + "/api/recordings", headers=words)
        try:
            with urllib.request.urlopen(request) as got:
                found = got.status
        except urllib.error.HTTPError as e:
            found = e.code
        claim(found == status, f"data asked for with {'a token' if words else 'no token'} is {status}",
              words, found)


def without_token(page, server):
    page.js("localStorage.clear()")
    page.open(server.origin + "/#/figure?recording=build.tar")
    page.until("!document.querySelector('#banner').hidden", "the token is asked for")
    claim("token" in page.text("#banner") and "make" not in page.text("body") and not page.drawn(),
          "without the token the page says what to do, and shows nothing", page.text("#banner"))
    page.screenshot("no-token")
    page.open(server.address)
    page.until("document.querySelectorAll('#recordings .grid-row').length > 1", "it works again")
    claim(page.js("return document.querySelector('#banner').hidden"), "the printed address helps")


def server_gone(page, server):
    page.js("location.hash = '#/figure?recording=build.tar'")
    page.settled()
    server.end()
    page.keys("w")
    page.until("!document.querySelector('#banner').hidden", "it is noticed")
    claim("since" in page.text("#banner") and page.js("return document.body.className") == "stale",
          "a page whose server has gone says since when, and what it shows is pale",
          page.text("#banner"))
    page.screenshot("disconnected")
    again = Server("build.tar", "pingpong.tar", options=["--port", PORT])
    page.until("document.querySelector('#banner').textContent.includes('token')", "it is back")
    claim("token" in page.text("#banner"), "when another one is there it asks for that one's token",
          page.text("#banner"))
    page.open(again.address)
    page.until("document.querySelectorAll('#recordings .grid-row').length > 1", "it works again")
    return again


def broken(page):
    """A folder in which one file is no recording."""
    folder = os.path.join(page.folder, "recordings")
    os.mkdir(folder)
    shutil.copy(BUILD, folder)
    with open(folder + "/broken.tar", "w", encoding="utf-8") as f:
        f.write("nothing")
    server = Server(folder)
    page.open(server.address)
    page.until("document.querySelectorAll('#recordings .grid-row').length === 2", "both are listed")
    rows = {r["name"]: r["what is wrong"] for r in page.cells()}
    claim("too short for a tar" in rows["broken.tar"] and rows["build.tar"] == "–",
          "a folder's list says what is wrong with a file", rows)
    page.screenshot("broken-recordings")
    wrong = []
    for view, shown in (("figure", ".figure"), ("tables", "#tables .grid"),
                        ("statistics", "#statistics .grid"), ("variables", "#variables .grid")):
        for name in ("build.tar", "broken.tar"):
            page.js("location.hash = `#/${arguments[0]}?recording=${arguments[1]}`", view, name)
            page.until("""document.querySelector(arguments[0])?.checkVisibility() === arguments[1] &&
                document.querySelector(`#${arguments[2]} .notes`).textContent.includes('too short')
                    === !arguments[1]""", f"{view} of {name}", shown, name == "build.tar", view)
        if page.js("return document.querySelector(arguments[0])?.checkVisibility()", shown) or \
                "broken.tar" not in page.text(f"#{view} .notes"):
            wrong.append((view, page.text(f"#{view} .notes")))
    page.screenshot("broken-variables")
    claim(not wrong, "every view of it says so, and shows nothing of another recording", wrong)
    server.end()


server, page = Server("build.tar", "pingpong.tar", options=["--port", PORT]), Page()
try:
    figure_link(page, server)
    table_link(page, server)
    token(server)
    claim(not page.complaints(), "the console has no error, and no report of the policy",
          *page.complaints())
    without_token(page, server)
    server = server_gone(page, server)
    broken(page)
    claim(not [c for c in page.complaints() if "ERR_" not in c],
          "nor later, but for what did not answer", *page.complaints())
finally:
    page.end()
    server.end()
done()
