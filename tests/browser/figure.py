#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The figure: what pointer and keys do to it, queries, categories, files down and up.
Usage: figure.py SCHEDVIEW SCHEDREPORT SOURCE SCREENSHOTS"""
from page import *   # noqa: F403 claim, Page, Server
from tarballs import large_tarball

BUILD = TRACES + "/build.tar"
BLUE, ORANGE = "#0072b2", "#e69f00"   # of the first two categories of who-ran


def window(page):
    drawn = page.settled()
    return [drawn[k] for k in ("x0", "x1", "y0", "y1")]


def moved(page, act):
    """The window after something that changes the address."""
    before = page.hash
    act()
    page.until("location.hash !== arguments[0]", "the address changes", before)
    return window(page)


def by_pointer(page):
    x0, x1, y0, y1 = all_of_it = window(page)
    a0, a1, *rest = moved(page, lambda: page.wheel(0.25, 0.5, -400))
    pointed = x0 + 0.25 * (x1 - x0)
    claim(a1 - a0 < 0.7 * (x1 - x0) and abs((pointed - a0) / (a1 - a0) - 0.25) < 0.01 and
          rest == [y0, y1], "the wheel zooms along x, and what is at the pointer stays there",
          a0, a1, rest)
    page.until("performance.now() > 0", "")
    b0, b1, c0, c1 = moved(page, lambda: page.at_plot(0.5, 0.5, page.at_plot(0.3, 0.5)
                                                      .click_and_hold()).release().perform())
    claim(abs((b1 - b0) / (a1 - a0) - 1) < 1e-3 and
          abs((a0 - b0) / (a1 - a0) - 0.2) < 0.01 and abs(c0 - y0) < 0.02, "a drag pans", b0, b1, c0)
    d = moved(page, lambda: page.at_plot(
        0.6, 0.8, page.at_plot(0.4, 0.2, page.pointer().key_down(Keys.SHIFT)).click_and_hold())
        .release().key_up(Keys.SHIFT).perform())
    wanted = [b0 + 0.4 * (b1 - b0), b0 + 0.6 * (b1 - b0), c1 - 0.8 * (c1 - c0), c1 - 0.2 * (c1 - c0)]
    claim(all(abs(a - b) < 0.01 * s for a, b, s in zip(d, wanted, [b1 - b0] * 2 + [c1 - c0] * 2)),
          "a drag with Shift zooms to a box", d, wanted)
    page.driver.back()
    page.until("true", "")
    claim(moved_back(page, [b0, b1, c0, c1]), "the browser goes back to the window before")
    page.keys("B")
    claim(moved_back(page, d), "and B goes forward again")
    e = moved(page, lambda: page.wheel(0.5, 0.5, -300, [Keys.ALT]))
    claim(e[1] - e[0] < 0.7 * (d[1] - d[0]) and e[3] - e[2] < 0.7 * (d[3] - d[2]),
          "the wheel with Alt zooms along both", d, e)
    f = moved(page, lambda: page.pointer().double_click(page.find(".plot .over")).perform())
    claim(f == all_of_it, "a double click shows all of it", f, all_of_it)


def moved_back(page, wanted):
    def is_there():
        drawn = page.drawn()
        return drawn and [drawn[k] for k in ("x0", "x1", "y0", "y1")] == wanted
    return page.until(is_there, "the window is back")


def by_keys(page):
    page.js("document.querySelector('.plot').focus()")
    x0, x1, y0, y1 = window(page)
    length = x1 - x0
    for keys, wanted, what in (
            ("w", (x0 + length / 6, x1 - length / 6), "w zooms in"),
            ("d", (x0 + length * 0.3, x1 - length * 0.0333), "d goes to the right"),
            (Keys.HOME, (x0, x0 + length * 2 / 3), "Home to the begin"),
            (Keys.END, (x1 - length * 2 / 3, x1), "End to the end"),
            (Keys.ARROW_LEFT, (x0 + length * 0.2, x1 - length * 0.1333), "an arrow to the left"),
            ("s", (x0 + length * 0.0333, x1 + length * 0.0333), "s zooms out"),
            ("0", (x0, x1), "0 shows all of it")):
        now = moved(page, lambda keys=keys: page.keys(keys))
        claim(all(abs(a - b) < 0.01 * length for a, b in zip(now, wanted)), what, now, wanted)
    now = moved(page, lambda: page.keys("+"))
    claim(now[3] - now[2] < 0.7 * (y1 - y0) and now[:2] == [x0, x1], "+ zooms in along y", now)
    moved(page, lambda: page.keys("b"))


def rows_at_the_pointer(page):
    hits = page.place_of(BLUE)
    page.at_plot(*hits).perform()
    page.until("document.querySelectorAll('.hits tbody tr').length > 0", "rows are listed")
    texts = page.texts(".hits tbody tr:first-child td")
    claim(texts[0] == "pid modulo 8 is 0" and "time since the first row" in page.text(".reading"),
          "the rows on the pixel at the pointer are listed", texts, page.text(".reading"))
    listed = page.text(".hits")
    page.pointer().click().perform()
    page.until("document.querySelector('.reading').textContent.includes('held')", "they are held")
    page.at_plot(0.99, 0.01).perform()
    claim(page.text(".hits") == listed, "a click holds them")
    page.keys("h")
    page.until("!document.querySelector('.reading').textContent.includes('held')", "they are let go")
    before = page.text(".reading")
    page.keys(*[(Keys.SHIFT, Keys.ARROW_LEFT)] * 3)
    page.until("document.querySelector('.reading').textContent !== arguments[0]", "the cross moved",
               before)
    claim(page.text(".reading") != before, "Shift and arrows move the cross", before)
    page.keys("x")
    page.until("document.querySelector('.reading').textContent.includes(' ns')", "raw times")
    claim(" ms" not in page.text(".reading"), "x shows times in nanoseconds", page.text(".reading"))
    page.keys("x")


def categories(page):
    claim(page.colours().get(ORANGE, 0) > 5, "a category is in the picture")
    page.js("document.querySelectorAll('.legend input')[1].click()")
    page.settled()
    page.until(lambda: ORANGE not in page.colours(), "the colour is gone")
    claim(page.words()["off"] == "1" and page.colours().get(BLUE, 0) > 5,
          "a category that is switched off is not in the picture", page.hash)
    page.press_button("none", ".legend")
    page.settled()
    page.until(lambda: BLUE not in page.colours(), "all colours are gone")
    page.keys("v")
    page.settled()
    page.until(lambda: page.colours().get(ORANGE, 0) > 5, "they are back")
    claim("off" not in page.words(), "v switches all on again")


def queries(page):
    page.keys("/")
    page.keys("cp")
    page.until("document.querySelectorAll('#query-list li').length > 0", "names are offered")
    page.keys(Keys.TAB)
    claim(page.js("return document.querySelector('#query').value") == "cpu", "a name is completed")
    page.keys(" == 0", Keys.ENTER)
    page.settled()
    stats = answer(SCHEDVIEW, "stats", "-f", "json", "-i", OWN + "/who-ran.json", "--query", "cpu == 0",
                   BUILD)
    wanted = [str(c["rows"]) for c in stats["categories"] if c["rows"]]
    page.until(lambda: page.texts(".legend .count") == wanted, "the legend counts the chosen rows")
    claim(page.texts(".legend .count") == wanted, "a query chooses rows as schedview stats --query does",
          page.texts(".legend .count"), wanted)
    page.fill("#query", "cpu = 0 and pid > 3")
    page.until("!document.querySelector('#query-error').hidden", "the error is said")
    claim(page.text("#query-error mark").startswith("=") and "==" in page.text("#query-error"),
          "what is wrong in a query is said and marked", page.text("#query-error"))
    page.screenshot("wrong-query")
    page.fill("#query", "")
    page.settled()
    page.until("document.querySelector('#query-error').hidden", "the error is gone")
    page.js("document.activeElement.blur()")


def only_when_told(page):
    page.keys("u")
    before = page.drawn()
    page.keys("w")
    page.until("location.hash.includes('x=')", "the window changes")
    claim(page.drawn() == before, "with automatic updates off nothing is drawn")
    page.keys(Keys.ENTER)
    page.settled()
    claim(page.drawn() != before, "Enter draws it")
    page.keys("u", "0")
    page.settled()


def height(page):
    page.fill("#height", "900")
    page.until("document.querySelector('.plot').clientHeight >= 900", "the figure is higher")
    page.until(lambda: (page.drawn() or {}).get("height", 0) > 800, "it is drawn so")
    claim(page.words()["height"] == "900", "a height is chosen, and is in the address")
    page.fill("#height", "")
    page.until("document.querySelector('.plot').clientHeight < 900", "it fits again")
    page.settled()
    page.js("document.activeElement.blur()")


def downloads(page):
    for ending, begins in (("png", b"\x89PNG\r\n"), ("svg", b"<?xml"), ("pdf", b"%PDF-")):
        got = page.download("." + ending, lambda e=ending: page.press_button(e.upper(), "#figure"))
        claim(got.startswith(begins) and len(got) > 2000, f"the figure is saved as {ending}", got[:20])
    page.keys(">")
    page.keys("instruction file")
    page.until("document.querySelectorAll('#palette-list li').length >= 1", "it is found")
    got = page.download(".json", lambda: page.js("""[...document.querySelectorAll('#palette-list li')]
        .find(l => l.textContent.startsWith('Download the instruction file')).click()"""))
    with open(OWN + "/who-ran.json", "rb") as f:
        claim(got == f.read(), "so is the instruction file, as it is")


def write(page, name, text):
    path = os.path.join(page.folder, name)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


def uploads(page):
    own = {"input": ["timestamp", "event", "cpu"], "output": ["x", "y"],
           "c": [{"label": "mine", "color": "#cc00cc", "concatenate": [
               [["query", "event == $WAKEUP"], ["=", "x", "timestamp"], ["=", "y", "cpu"]]]}]}
    box = page.find("#figure input[type=file]")
    box.send_keys(write(page, "mine.json", json.dumps(own)))
    page.until("location.hash.includes('instructions=mine')", "it is chosen")
    page.settled()
    page.until(lambda: page.colours().get("#cc00cc", 0) > 0, "it is drawn")
    stats = answer(SCHEDVIEW, "stats", "-f", "json", "-i", page.folder + "/mine.json", BUILD)
    claim(page.texts(".legend .name") == ["mine"] and
          page.texts(".legend .count") == [str(stats["categories"][0]["rows"])],
          "an instruction file of one's own is uploaded and drawn", page.texts(".legend li"))

    own["c"][0]["concatenate"][0][0][0] = "qeury"
    box = page.find("#figure input[type=file]")
    box.send_keys(write(page, "wrong.json", json.dumps(own)))
    page.until("document.querySelector('dialog.refused')", "it is refused")
    text = page.text("dialog.refused .error")
    claim("$.c[0].concatenate[0][0]" in text and "did you mean" in text,
          "one that is wrong is refused, with the place and a proposal", text)
    page.screenshot("wrong-file")
    page.press_button("Close", "dialog.refused")

    page.keys("e")
    page.until("document.querySelector('dialog.editor textarea')", "it can be edited")
    page.screenshot("editor")
    page.js("""const t = document.querySelector('dialog.editor textarea');
        t.value = t.value.replace('#cc00cc', '#00aa00');
        document.querySelector('dialog.editor input').value = 'green.json'""")
    page.press_button("Draw by it", "dialog.editor")
    page.until("location.hash.includes('instructions=green')", "the edited one is chosen")
    page.settled()
    page.until(lambda: page.colours().get("#00aa00", 0) > 0, "it is drawn")
    claim(page.js("return document.querySelector('#figure select').value").startswith("green"),
          "an instruction file is edited in the page",
          page.js("return document.querySelector('#figure select').value"))


def cancelling(page):
    page.keys("0")
    page.settled()
    page.cdp("Network.enable")
    page.cdp("Network.emulateNetworkConditions", offline=False, latency=LONG * 1000,
             downloadThroughput=-1, uploadThroughput=-1)
    page.keys("w")
    page.until("!document.querySelector('#working').hidden", "it is told what takes long")
    told, before = page.text("#working-what"), page.drawn()
    page.screenshot("working")
    page.press("#working-cancel")
    page.until("document.querySelector('#figure .notes').textContent.includes('cancelled')",
               "it is cancelled")
    page.cdp("Network.emulateNetworkConditions", offline=False, latency=0, downloadThroughput=-1,
             uploadThroughput=-1)
    page.press_button("Try again", "#figure")
    page.settled()
    claim("build.tar" in told and not before and page.js("return document.querySelector('#working').hidden"),
          "what takes long is told, can be cancelled, and tried again", told, before)


def sizes(page):
    wide = []
    for width, height in ((1024, 700), (1440, 900), (2560, 1440)):
        page.size(width, height)
        page.until("innerWidth === arguments[0]", "the window has its size", width)
        page.until(lambda: (page.drawn() or {}).get("width") == page.plot_size()[0],
                   "the figure is drawn for it")
        page.screenshot(f"figure-{width}")
        wide += page.js("""return document.documentElement.scrollWidth > innerWidth ||
            document.querySelector('.plot').clientHeight < 200 ? [[innerWidth,
            document.documentElement.scrollWidth, document.querySelector('.plot').clientHeight]] : []""")
    claim(not wide, "it fits a laptop and a large screen", wide)


def first_look(page):
    """Of a large recording, by a server of its own."""
    with tempfile.TemporaryDirectory() as folder:
        n = large_tarball(folder + "/large.tar")
        own = Server("large.tar", folder=folder)
        try:
            page.open(own.origin + "/#/figure?instructions=run-queue-length-points&token=" + own.token)
            page.until("document.querySelector('#figure')?.dataset.drawn", "the exact figure is drawn")
            hits = page.text("#figure .hits")
            asked = page.js("""return performance.getEntriesByType('resource').map(e => e.name)
                .filter(name => name.includes('/api/figure?'))""")
        finally:
            page.open("about:blank")
            own.end()
    claim(n > 4 << 20 and "first look" not in hits and any("coarse=1" in name for name in asked),
          "a large recording is asked for a first look, and the figure takes its place", hits, asked)


server, page = Server("build.tar"), Page()
try:
    page.open(server.address)
    page.settled()
    claim(page.hash.startswith("#/figure"), "a single recording is drawn at once", page.hash)
    page.until("[...document.querySelectorAll('footer *')].some(e => e.textContent === '1 note' && !e.hidden)",
               "what is to know of it is told when it has been read")
    for part in (by_pointer, by_keys, rows_at_the_pointer, categories, queries, only_when_told, height,
                 downloads, uploads, cancelling, sizes, first_look):
        part(page)
    claim(not page.complaints(), "the console has no error, and no report of the policy",
          *page.complaints())
    claim(len(page.refusals()) == 2, "nothing was refused but the wrong query and the wrong file",
          *page.refusals())
finally:
    page.end()
    server.end()
done()
