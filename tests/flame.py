#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A flame graph in a browser: it zooms, and finds what the folded stacks say. Skipped without
Chromium, its driver or Selenium. Usage: flame.py SCHEDREPORT EXAMPLES-DIRECTORY"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

try:
    from selenium import webdriver
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import WebDriverWait
except ImportError:
    print("1..0 # SKIP python3-selenium is not installed")
    sys.exit(0)

SCHEDREPORT, EXAMPLES = map(os.path.abspath, sys.argv[1:3])
TRACE = EXAMPLES + "/stacks.tar"
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver")
if not BROWSER or not DRIVER:
    print("1..0 # SKIP chromium or chromedriver is not installed")
    sys.exit(0)

tests = []


def test(f):
    tests.append(f)
    return f


def report(*args):
    return subprocess.run([SCHEDREPORT, "-q", "stacks", *args, TRACE], stdout=subprocess.PIPE,
                          check=True).stdout.decode()


STACKS = []
for line in report("--folded").splitlines():
    names, value = line.rsplit(" ", 1)
    STACKS.append((["all"] + names.split(";"), int(value)))
TOTAL = sum(value for _, value in STACKS)


def share(pattern, within=None, flags=0):
    """Of the time that is in a stack with such a function, in %; @within: of one task's."""
    chosen = [(names, value) for names, value in STACKS if within in (None, names[1])]
    found = sum(value for names, value in chosen
                if any(re.search(pattern, name, flags) for name in names))
    return 100 * found / sum(value for _, value in chosen)


class Page:
    def __init__(self, path):
        options = webdriver.ChromeOptions()
        options.binary_location = BROWSER
        for argument in "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage":
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        service = webdriver.chrome.service.Service(DRIVER)
        self.driver = webdriver.Chrome(options=options, service=service)
        self.url = "file://" + path

    def open(self):
        self.driver.get(self.url)

    def frames(self):
        """Of every frame that is there: name, x, width, y, opacity, fill and what is written."""
        return self.driver.execute_script("""
            return [...document.querySelectorAll('#frames > g')]
                .filter(g => getComputedStyle(g).display != 'none').map(g => {
                    const rect = g.querySelector('rect'), text = g.querySelector('text');
                    const full = g.querySelector('title').textContent;
                    return [full.slice(0, full.lastIndexOf(': ')), +rect.getAttribute('x'),
                            +rect.getAttribute('width'), +rect.getAttribute('y'),
                            +(g.style.opacity || 1), rect.getAttribute('fill'),
                            text ? text.textContent : ''];
                });""")

    def click(self, name):
        """A click on the widest frame of that name."""
        self.driver.execute_script("""
            const named = [...document.querySelectorAll('#frames > g')].filter(
                g => g.querySelector('title').textContent.startsWith(arguments[0] + ': '));
            const width = g => +g.querySelector('rect').getAttribute('width');
            named.sort((a, b) => width(b) - width(a))[0].dispatchEvent(
                new MouseEvent('click', {bubbles: true}));""", name)

    def text(self, name):
        element = self.driver.find_element(By.ID, name)
        return element.text if element.is_displayed() else ""

    def press(self, id):
        self.driver.find_element(By.ID, id).click()

    def key(self, key):
        webdriver.ActionChains(self.driver).send_keys(key).perform()

    def control_key(self, key):
        """Later, since a question would keep a real key from being let go."""
        self.driver.execute_script("""
            setTimeout(() => window.dispatchEvent(new KeyboardEvent('keydown',
                {key: arguments[0], ctrlKey: true})), 0);""", key)

    def answer(self, pattern):
        WebDriverWait(self.driver, 60).until(lambda driver: self.alert() is not None)
        alert = self.alert()
        alert.send_keys(pattern)
        alert.accept()

    def alert(self):
        try:
            return self.driver.switch_to.alert
        except Exception:   # there is none yet
            return None

    def errors(self):
        return [entry for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]


def matched(page):
    return float(re.fullmatch(r"Matched: ([\d.]+) %", page.text("matched")).group(1))


def widest_task(page):
    frames = page.frames()
    bottom = max(f[3] for f in frames)
    return max((f for f in frames if f[3] == bottom - 17), key=lambda f: f[2])


@test
def every_frame_lies_within_the_one_that_it_was_called_by(page):
    frames = page.frames()
    root = frames[0]
    assert root[0] == "all" and len(frames) > 20, frames[:3]
    for name, x, width, y, *_ in frames[1:]:
        assert any(f[3] == y + 17 and f[1] <= x + 0.02 and x + width <= f[1] + f[2] + 0.02
                   for f in frames), name
    assert page.text("search") == "Search" and not page.text("reset")


@test
def a_click_makes_a_frame_as_wide_as_all(page):
    before = page.frames()
    task = widest_task(page)
    page.click(task[0])
    after = page.frames()
    zoomed = [f for f in after if f[0] == task[0] and f[3] == task[3]][0]
    root = after[0]
    assert abs(zoomed[2] - root[2]) < 0.01 and abs(zoomed[1] - root[1]) < 0.01, zoomed
    assert root[4] == 0.5 and zoomed[4] == 1, (root, zoomed)   # its caller is pale
    inside = [f for f in before if f[3] < task[3] and f[1] >= task[1] - 0.02 and
              f[1] + f[2] <= task[1] + task[2] + 0.02]
    assert len(after) == len(inside) + 2, (len(after), len(inside))
    scale = root[2] / task[2]
    for old, new in zip(inside, [f for f in after if f[3] < task[3]]):
        assert old[0] == new[0] and abs(new[2] - old[2] * scale) < 0.01, (old, new)
    # What has more room says more of its name.
    assert sum(len(f[6]) for f in after[2:]) > sum(len(f[6]) for f in inside)
    assert page.text("reset") == "Reset zoom"


@test
def reset_zoom_brings_everything_back(page):
    before = page.frames()
    page.click(widest_task(page)[0])
    page.press("reset")
    after = page.frames()
    assert len(before) == len(after)
    for a, b in zip(before, after):
        assert a[0] == b[0] and all(abs(p - q) < 0.01 for p, q in zip(a[1:5], b[1:5])), (a, b)
        assert a[5:] == b[5:], (a, b)
    assert not page.text("reset")


@test
def a_search_paints_what_it_finds_and_tells_its_share(page):
    page.press("search")
    page.answer("^do_")
    painted = {f[0] for f in page.frames() if f[5] == "#e600e6"}
    assert painted and all(name.startswith("do_") for name in painted), painted
    assert abs(matched(page) - share("^do_")) < 0.11, (page.text("matched"), share("^do_"))
    assert page.text("search") == "Reset search"
    page.press("search")
    assert not page.text("matched") and page.text("search") == "Search"
    assert not [f for f in page.frames() if f[5] == "#e600e6"]


@test
def a_search_in_what_is_zoomed_tells_the_share_of_it(page):
    task = widest_task(page)
    page.key(Keys.F3)
    page.answer("schedule")
    page.click(task[0])
    expected = share("schedule", within=task[0].replace(" ", "_"))
    assert abs(matched(page) - expected) < 0.11, (page.text("matched"), expected)


@test
def control_f_asks_and_escape_ends_search_and_zoom(page):
    before = page.frames()
    page.control_key("f")
    page.answer("schedule")
    assert page.text("matched")
    page.click(widest_task(page)[0])
    page.key(Keys.ESCAPE)
    assert page.frames()[0][4] == 1 and len(page.frames()) == len(before)
    assert not page.text("matched")


@test
def upper_and_lower_case_differ_unless_told_otherwise(page):
    page.press("search")
    page.answer("SCHEDULE")
    assert matched(page) == round(share("SCHEDULE"), 1)
    page.press("case")
    assert abs(matched(page) - share("SCHEDULE", flags=re.I)) < 0.11, page.text("matched")


@test
def a_pattern_that_is_none_says_so(page):
    page.press("search")
    page.answer("(")
    assert "expression" in page.text("matched"), page.text("matched")


@test
def the_frame_under_the_mouse_is_told_whole(page):
    task = widest_task(page)
    group = page.driver.execute_script("""
        return [...document.querySelectorAll('#frames > g')].find(
            g => g.querySelector('title').textContent.startsWith(arguments[0] + ': '));""",
                                       task[0])
    webdriver.ActionChains(page.driver).move_to_element(group).perform()
    assert re.match(re.escape(task[0]) + r": [\d.]+ \w+, [\d.]+ %", page.text("details")), \
        page.text("details")


with tempfile.TemporaryDirectory() as folder:
    path = folder + "/flame.svg"
    report("--flame", path)
    page = Page(path)
    print("1..%d" % len(tests))
    failed = 0
    try:
        for number, f in enumerate(tests, 1):
            name = f.__name__.replace("_", " ")
            try:
                page.open()
                f(page)
                assert not page.errors(), page.errors()
                print("ok %d - %s" % (number, name), flush=True)
            except Exception as e:   # an assertion, or what the browser says
                failed = 1
                print("not ok %d - %s" % (number, name))
                print("\n".join("# " + line for line in
                                ("%s: %s" % (type(e).__name__, str(e)[:2000])).splitlines()),
                      flush=True)
    finally:
        page.driver.quit()
sys.exit(failed)
