# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of the page share: schedview as a server, a Chromium that opens it, and TAP.

They wait for what they expect, however long a busy machine takes, and never for a time."""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from tap import claim, done, skip   # noqa: E402,F401 for the tests, which take all names of this file

SCHEDVIEW, SCHEDREPORT, SOURCE, SCREENSHOTS = (os.path.abspath(a) for a in sys.argv[1:5])
TRACES = os.path.join(SOURCE, "examples/traces")
OWN = os.path.join(SOURCE, "view/instructions")
LONG = 60   # seconds that nothing takes: only what hangs waits so long

try:
    from selenium import webdriver
    from selenium.common.exceptions import StaleElementReferenceException
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.actions.wheel_input import ScrollOrigin
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys   # noqa: F401 for the tests
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service
except ImportError:
    print("1..0 # SKIP python3-selenium is not installed")
    sys.exit(0)

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
if not CHROMIUM or not DRIVER:
    print("1..0 # SKIP chromium or chromium-driver is not installed")
    sys.exit(0)


def output(*command):
    """What a program prints; its messages are told where it fails."""
    r = subprocess.run(command, capture_output=True, text=True, timeout=LONG)
    if r.returncode:
        raise AssertionError(f"{' '.join(command)} ended with {r.returncode}: {r.stderr}")
    return r.stdout


def answer(*command):
    return json.loads(output(*command))


class Server:
    """schedview with these recordings, by names from a folder."""

    def __init__(self, *paths, options=(), folder=TRACES):
        self.process = subprocess.Popen([SCHEDVIEW, *options, *paths], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, cwd=folder)
        self.address = self.process.stdout.readline().split()[-1:]
        if not self.address:
            sys.exit("schedview does not serve: " + self.process.stderr.read())
        self.address = self.address[0]
        self.origin, _, self.token = self.address.partition("/#token=")

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(LONG)
        finally:
            self.process.kill()


class Page:
    """A window of Chromium with a folder of its own for downloads."""

    WATCH = """window.violations = [];
        document.addEventListener('securitypolicyviolation', e => window.violations.push(
            e.violatedDirective + ' ' + e.blockedURI + ' ' + e.sourceFile + ':' + e.lineNumber));
        window.alert = text => window.violations.push('alert: ' + text);"""

    def __init__(self, width=1440, height=900):
        options = Options()
        options.binary_location = CHROMIUM
        for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                     "--hide-scrollbars", "--force-device-scale-factor=1", "--no-first-run",
                     "--disable-component-update", "--disable-background-networking"):
            options.add_argument(word)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(service=Service(DRIVER), options=options)
        self.folder = tempfile.mkdtemp(prefix="schedview-test-")
        self.first = self.driver.current_window_handle
        self.logs = []
        self.driver.set_page_load_timeout(LONG)
        self.measures = width, height
        self.prepare()

    def prepare(self):
        """Of each new window."""
        self.size(*self.measures)
        self.cdp("Page.addScriptToEvaluateOnNewDocument", source=self.WATCH)
        self.cdp("Browser.setDownloadBehavior", behavior="allow", downloadPath=self.folder)

    def end(self):
        self.driver.quit()
        shutil.rmtree(self.folder, ignore_errors=True)

    def cdp(self, command, **arguments):
        return self.driver.execute_cdp_cmd(command, arguments)

    def size(self, width, height):
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height,
                 deviceScaleFactor=1, mobile=False)

    def scheme(self, name):
        self.cdp("Emulation.setEmulatedMedia",
                 features=[{"name": "prefers-color-scheme", "value": name}])

    def open(self, address):
        # Another fragment alone loads nothing: a window that opens a link is a new one.
        self.driver.get("about:blank")
        self.driver.get(address)

    def second_window(self):
        self.driver.switch_to.new_window("tab")
        self.prepare()

    def close_second(self):
        self.driver.close()
        self.driver.switch_to.window(self.first)

    def js(self, text, *arguments):
        return self.driver.execute_script(text, *arguments)

    @property
    def hash(self):
        return self.js("return location.hash")

    def words(self):
        """What the address says, by its words."""
        return self.js("""return Object.fromEntries(
            new URLSearchParams(location.hash.split('?')[1] || ''))""")

    def until(self, condition, what, *arguments):
        """Waits for a JavaScript expression, or a function, to be true, and gives it."""
        end, found = time.monotonic() + LONG, None
        while time.monotonic() < end:
            try:
                found = condition() if callable(condition) else \
                    self.js("return " + condition, *arguments)
            except StaleElementReferenceException:
                found = None
            if found:
                return found
            time.sleep(0.02)
        raise AssertionError(f"it never came that {what}: {condition}; the page says: " +
                             self.js("return document.body.innerText")[:1500])

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def text(self, selector):
        return self.js("""const e = document.querySelector(arguments[0]);
            return e && !e.hidden ? e.textContent : ''""", selector)

    def texts(self, selector):
        return self.js("""return [...document.querySelectorAll(arguments[0])]
            .map(e => e.textContent)""", selector)

    def keys(self, *keys):
        """Keys one after the other; a tuple is pressed together."""
        chain = ActionChains(self.driver)
        for key in keys:
            if isinstance(key, tuple):
                for k in key[:-1]:
                    chain.key_down(k)
                chain.send_keys(key[-1])
                for k in reversed(key[:-1]):
                    chain.key_up(k)
            else:
                chain.send_keys(key)
        chain.perform()

    def press(self, selector):
        self.find(selector).click()

    def press_button(self, label, within="body"):
        """The button of this label."""
        self.js("""[...document.querySelector(arguments[1]).querySelectorAll('button')]
            .find(b => b.textContent === arguments[0]).click()""", label, within)

    def choose(self, selector, value):
        self.js("""const s = document.querySelector(arguments[0]); s.value = arguments[1];
            s.dispatchEvent(new Event('change'))""", selector, value)

    def fill(self, selector, text):
        box = self.find(selector)
        box.send_keys((Keys.CONTROL + "a") if box.get_attribute("value") else "")
        box.send_keys(text if text else Keys.DELETE)
        box.send_keys(Keys.ESCAPE)   # closes the list of names
        self.js("arguments[0].focus()", box)
        box.send_keys(Keys.ENTER)

    def pointer(self):
        return ActionChains(self.driver)

    # The view Figure

    # Of the picture, without its frame.
    PIXELS = """function pixels() {
            const c = document.querySelector('.plot canvas');
            const copy = new OffscreenCanvas(c.width - 80, c.height - 44);
            const g = copy.getContext('2d', { willReadFrequently: true });
            g.drawImage(c, -65, -9);
            return g.getImageData(0, 0, copy.width, copy.height);
        }\n"""

    def drawn(self):
        """What the picture that is shown was asked for with: recording, x0, off …"""
        text = self.js("return document.querySelector('#figure')?.dataset.drawn || ''")
        return json.loads(text) if text else None

    def settled(self):
        """Waits until the picture is that of the address."""
        def is_drawn():
            drawn, words = self.drawn(), self.words()
            if not drawn or any((drawn.get(w) or "") != words.get(w, "") for w in ("query", "off")) or \
                    drawn["instructions"] != words.get("instructions", drawn["instructions"]):
                return False
            for axis in "xy":
                if axis in words and [drawn[axis + "0"], drawn[axis + "1"]] != [
                        float(v) for v in words[axis].split(",")]:
                    return False
            return drawn
        return self.until(is_drawn, "the figure of the address is drawn")

    def plot_size(self):
        """Width and height of the picture, and where it begins within its element."""
        return self.js("""const p = document.querySelector('.plot');
            return [p.clientWidth - 64 - 14, p.clientHeight - 8 - 34]""")

    def at_plot(self, x, y, chain=None):
        """Moves the pointer to a share of the picture, from its upper left."""
        width, height = self.plot_size()
        over, chain = self.find(".plot .over"), chain or self.pointer()
        size = over.size
        return chain.move_to_element_with_offset(
            over, round(64 + x * width - size["width"] / 2),
            round(8 + y * height - size["height"] / 2))

    def scroll(self, element, x, y, amount, keys=()):
        """Turns the wheel at a place of an element, counted from its upper left."""
        origin = ScrollOrigin.from_element(element, round(x - element.size["width"] / 2),
                                           round(y - element.size["height"] / 2))
        chain = self.pointer()
        for key in keys:
            chain.key_down(key)
        chain.scroll_from_origin(origin, 0, amount)
        for key in keys:
            chain.key_up(key)
        chain.perform()

    def wheel(self, x, y, amount, keys=()):
        width, height = self.plot_size()
        self.scroll(self.find(".plot .over"), 64 + x * width, 8 + y * height, amount, keys)

    def colours(self):
        """How many pixels of the figure have each colour, as "#rrggbb"."""
        return self.js(self.PIXELS + """const d = pixels().data, found = {};
            for (let i = 0; i < d.length; i += 4) {
                const k = '#' + [d[i], d[i + 1], d[i + 2]].map(v =>
                    v.toString(16).padStart(2, '0')).join('');
                found[k] = (found[k] || 0) + 1;
            }
            return found""")

    def place_of(self, colour):
        """Shares of the picture's width and height where a line has this colour, in its middle:
        single rows colour the pixels beside them too."""
        return self.js(self.PIXELS + """const d = pixels();
            const [wanted] = arguments, is = (x, y) => '#' + [0, 1, 2].map(n => d.data[4 * (y * d.width + x) + n]
                .toString(16).padStart(2, '0')).join('') === wanted;
            for (let y = 1; y < d.height; y++) for (let x = 40; x < d.width - 40; x++)
                if ([-1, 0, 1].every(n => is(x - 40, y + n) && is(x + 40, y + n)))
                    return [(x + 1.5) / (d.width + 2), (y + 1.5) / (d.height + 2)];""", colour)

    # Tables of rows

    def loaded(self, view, of=None):
        """Waits until the table of the address is there."""
        def is_loaded():
            text = self.js(f"return document.querySelector('#{view}')?.dataset.loaded || ''")
            if not text:
                return False
            asked, words = json.loads(text), self.words()
            return all((asked.get(w) or "") == words.get(w, "")
                       for w in ("filter", "query", "window", "comm")) or False
        return self.until(is_loaded, f"{view} is loaded")

    def headings(self):
        """Names of columns, without arrow and unit."""
        return self.js("""return [...document.querySelectorAll('.grid-head [role=columnheader]')]
            .map(e => [...e.childNodes].filter(n => !(n instanceof Element))
                .map(n => n.textContent).join('').replace(/\\s[▲▼]\\d*$/, ''))""")

    def cells(self):
        """The rows in sight, as {heading: text}."""
        rows = self.js("""return [...document.querySelectorAll('.grid-row')].map(r =>
            [...r.children].map(c => c.textContent))""")
        return [dict(zip(self.headings(), row)) for row in rows]

    def count(self):
        return self.text(".grid-foot span")

    # Downloads

    def download(self, ending, act):
        """The bytes of the file with this ending that act makes the browser save."""
        before = set(os.listdir(self.folder))
        act()

        def new():
            # Chromium reserves the name with an empty file.
            return [n for n in set(os.listdir(self.folder)) - before if n.endswith(ending) and
                    os.path.getsize(os.path.join(self.folder, n))]
        name = self.until(new, f"a {ending} is saved")[0]
        with open(os.path.join(self.folder, name), "rb") as f:
            return f.read()

    # What must not be

    def complaints(self):
        """Errors in the console, and what the policy did not allow. Answers that refuse are told
        in the page, and by Chromium in the console besides."""
        self.logs += self.driver.get_log("browser")
        own = [e["message"] for e in self.logs if e["level"] in ("SEVERE", "WARNING") and
               "Failed to load resource: the server responded with a status of 4" not in e["message"]]
        return own + self.js("return window.violations || []")

    def refusals(self):
        self.logs += self.driver.get_log("browser")
        return [e["message"] for e in self.logs
                if "the server responded with a status of 4" in e["message"]]

    def screenshot(self, name):
        """Of the view, in either scheme."""
        os.makedirs(SCREENSHOTS, exist_ok=True)
        for scheme in ("light", "dark"):
            self.scheme(scheme)
            self.until("document.documentElement.dataset.theme === arguments[0]",
                       "the page follows the system's scheme", scheme)
            self.driver.save_screenshot(os.path.join(SCREENSHOTS, f"{name}-{scheme}.png"))
        self.scheme("light")
