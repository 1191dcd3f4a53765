#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The page's server, asked by sockets as browsers and others do: who may ask, what is answered, and
what becomes of clients that lie, linger or leave. Usage: page-server.py SCHEDVIEW SOURCE"""
import atexit
import base64
import http.client
import json
import os
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from tap import claim, done   # noqa: E402
from tarballs import large_tarball   # noqa: E402

VIEW, SOURCE = os.path.abspath(sys.argv[1]), sys.argv[2]
TRACES = SOURCE + "/examples/traces/"
PATIENCE = 120  # seconds: only for what hangs


class Server:
    """A schedview that serves a page."""

    def __init__(self, *args):
        self.process = subprocess.Popen([VIEW, *args], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        atexit.register(self.process.kill)  # whatever becomes of the test
        self.url = self.process.stdout.readline().strip()
        found = re.fullmatch(r"http://([\w.:\[\]]+):(\d+)/#token=([\w-]+)", self.url)
        self.host, self.port, self.token = found and found.groups() or ("", 0, "")
        self.port = int(self.port)

    def ask(self, path, method="GET", body=None, token=True, address="127.0.0.1", **headers):
        """Status, headers and body of an answer."""
        c = http.client.HTTPConnection(address, self.port, timeout=PATIENCE)
        headers = {k.replace("_", "-"): v for k, v in headers.items()}
        if token:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        c.request(method, path, body, headers)
        r = c.getresponse()
        data = r.read()
        c.close()
        return r.status, r.headers, data

    def json(self, path, **arguments):
        status, _, data = self.ask(path + "?" + urllib.parse.urlencode(arguments))
        return json.loads(data) if status == 200 else {"status": status, **json.loads(data)}

    def socket(self):
        s = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        return s

    def raw(self, request):
        """What comes until the server closes; the request is bytes."""
        with self.socket() as s:
            s.sendall(request)
            data = b""
            try:
                while piece := s.recv(65536):
                    data += piece
            except ConnectionResetError:
                pass
        return data

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        try:
            out, err = self.process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            out, err = self.process.communicate()
        return self.process.returncode, err


def fds(server):
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def wait_until(what):
    end = time.monotonic() + PATIENCE
    while not what():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def png_dots(data):
    """Width, height and (r, g, b, a) of each pixel of a PNG without filters."""
    at, packed = 8, b""
    while at < len(data):
        n, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + n]
        assert zlib.crc32(data[at + 4:at + 8 + n]) == struct.unpack(">I", data[at + 8 + n:at + 12 + n])[0]
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", body[:10])
            assert (depth, colour) == (8, 6)
        packed += body if kind == b"IDAT" else b""
        at += 12 + n
    raw = zlib.decompress(packed)
    step = 4 * width + 1
    assert all(raw[y * step] == 0 for y in range(height))
    return width, height, [raw[y * step + 1 + 4 * x:y * step + 5 + 4 * x]
                           for y in range(height) for x in range(width)]


folder = tempfile.mkdtemp()
atexit.register(shutil.rmtree, folder, True)
shown = folder + "/shown"
os.mkdir(shown)
for name in ("build.tar", "memory.tar", "build.dat"):
    shutil.copy(TRACES + name, shown)
os.symlink(TRACES + "pingpong.tar", shown + "/link.tar")
with open(shown + "/broken.tar", "wb") as f:
    f.write(open(TRACES + "build.tar", "rb").read()[:9000])
os.mkfifo(shown + "/fifo.tar")
server = Server(shown)

# Who may ask.
claim(server.port >= 5006 and len(server.token) == 32, "the address on stdout has port and token",
      server.url)
status, headers, data = server.ask("/", token=False)
claim(status == 200 and b"<html" in data and "script-src 'self'" in headers["content-security-policy"]
      and headers["x-content-type-options"] == "nosniff", "the page itself needs no token", headers)
statuses = [server.ask("/api/recordings", token=False)[0],
            server.ask("/api/recordings", Authorization="Bearer " + "A" * 32)[0],
            server.ask("/api/recordings", Authorization="Basic " + server.token)[0],
            server.ask("/api/recordings?token=" + server.token, token=False)[0],
            server.ask("/api/recordings", token=False, Cookie="token=" + server.token)[0],
            server.ask("/api/nothing", token=False)[0]]
claim(statuses == [401] * 6, "below /api/ nothing is answered without the token in its header", statuses)
own = [f"{h}:{server.port}" for h in ("localhost", "127.0.0.1", "[::1]", "LOCALHOST")]
claim([server.ask("/api/analyses", Host=h)[0] for h in own] == [200] * 4,
      "this machine's names are taken as Host")
claim([server.ask(p, Host=h)[0] for p in ("/", "/api/analyses")
       for h in ("evil.example", f"evil.example:{server.port}", "localhost", "localhost:1", "",
                 f"localhost:{server.port}.evil.example")] == [403] * 12,
      "another Host is refused, for the page too")
origins = [f"http://localhost:{server.port}", "null", "http://evil.example", f"https://localhost:{server.port}",
           f"http://localhost:{server.port}.evil.example"]
claim([server.ask("/api/analyses", Origin=o)[0] for o in origins] == [200] + [403] * 4,
      "another Origin is refused, with the token too")
claim([server.ask("/api/analyses", Sec_Fetch_Site=s)[0]
       for s in ("same-origin", "cross-site", "same-site", "none")] == [200, 403, 403, 403],
      "what a browser calls cross-site gets no data")
claim("access-control-allow-origin" not in server.ask("/api/analyses", Origin=origins[0])[1],
      "no answer lets other sites read it")
claim([server.ask("/api/analyses", m)[0] for m in ("PUT", "DELETE", "HEAD", "OPTIONS", "PATCH")] ==
      [405] * 5 and server.ask("/api/analyses", "POST")[0] == 405,
      "other methods, and POST where nothing is taken, are refused")
listening = set()
for name in ("tcp", "tcp6"):
    try:
        with open("/proc/net/" + name) as f:
            lines = [line.split() for line in f][1:]
    except FileNotFoundError:
        continue
    listening |= {l[1].split(":")[0] for l in lines if l[3] == "0A" and int(l[1].split(":")[1], 16) == server.port}
claim("0100007F" in listening and listening <= {"0100007F", "00000000000000000000000001000000"},
      "it listens on this machine's own addresses only", listening)

# What is answered.
listed = {r["name"]: r for r in server.json("/api/recordings")["recordings"]}
claim(set(listed) == {"build.tar", "memory.tar", "build.dat", "broken.tar"},
      "a folder's recordings are listed, but no links and pipes", listed)
claim(listed["build.tar"]["command"] == "make -s -j4" and listed["build.tar"]["rows"] > 30000 and
      listed["broken.tar"]["error"] and "broken.tar" in listed["broken.tar"]["error"],
      "with what is known of each, and what is wrong", listed)
build, broken = listed["build.tar"]["id"], listed["broken.tar"]["id"]
whole = server.json("/api/recording", recording=build)
p = subprocess.run([VIEW, "vars", "-f", "json", TRACES + "build.tar"], capture_output=True, text=True)
claim(whole["variables"] == json.loads(p.stdout), "a recording's events are those of schedview vars")
claim(server.json("/api/recording", recording=listed["build.dat"]["id"])["rows"] == whole["rows"],
      "a trace.dat is read as its tarball is")
for given in ({"recording": broken}, {"recording": "99"}, {"recording": "../build.tar"}, {}):
    answer = server.json("/api/recording", **given)
    claim(answer["status"] in (400, 404, 422) and "/proc/" not in answer["error"],
          f"a sentence says why there is no recording {given}", answer)
names = [i["name"] for i in server.json("/api/instructions")]
claim("who-ran" in names, "the installed instruction files are listed", names)
for which in ("who-ran", "run-queue-length-points", "wakeup-latency"):
    p = subprocess.run([VIEW, "stats", "-f", "json", "-i", which, "--query", "cpu == 0",
                        TRACES + "build.tar"], capture_output=True, text=True)
    here = server.json("/api/statistics", recording=build, instructions=which, query="cpu == 0")
    claim(here == json.loads(p.stdout) and here["categories"],
          f"sums of {which} are those of schedview stats", p.stderr)
figure = server.json("/api/figure", recording=build, instructions="who-ran")
claim(figure["rows"] == sum(c["rows"] for c in figure["categories"]) > 100 and figure["x"]["time"] and
      figure["y"]["integer"] and figure["coarse"] == 0, "a figure says its axes and categories", figure)
answer = server.json("/api/figure", recording=build, instructions="who-ran", coarse=1)
claim(answer["status"] == 404 and "build.tar" in answer["error"],
      "a small recording has no first look before its figure", answer)
window = {"x0": figure["x"]["begin"], "x1": figure["x"]["end"], "y0": figure["y"]["begin"],
          "y1": figure["y"]["end"], "width": 300, "height": 40}
query = {"recording": build, "instructions": "who-ran", **window}
status, headers, data = server.ask("/api/figure/pixels?" + urllib.parse.urlencode(query))
width, height, dots = png_dots(data)
off = ",".join(str(i) for i in range(len(figure["categories"])) if i)
_, _, one = server.ask("/api/figure/pixels?" + urllib.parse.urlencode({**query, "off": off}))
colour = bytes.fromhex(figure["categories"][0]["color"][1:]) + b"\xff"
claim((width, height) == (300, 40) and len(set(dots)) > 3 and
      set(png_dots(one)[2]) <= {colour, b"\0\0\0\0"} and colour in png_dots(one)[2],
      "pixels come as a PNG, transparent where there is no row, without the categories that are off")
found, wrong = 0, []
random.seed(seed := int(os.environ.get("SEED", time.time_ns() % 1000000)))
print(f"# SEED={seed}")
coloured = [i for i, dot in enumerate(dots) if dot[3]]   # one in twenty: chance may miss them all
for at in random.sample(range(300 * 40), 60) + random.sample(coloured, 3):
    r = server.json("/api/figure/rows", px=at % 300, py=at // 300, **query)
    found += r["total"]
    if (r["total"] > 0) != (dots[at][3] == 255) or len(r["rows"]) != min(r["total"], 100):
        wrong.append((at % 300, at // 300, r["total"], dots[at]))
claim(not wrong and found, "a pixel is coloured exactly where rows are told of it", wrong[:5], found)
claim(any("not recorded" in n for n in whole["notes"]), "what a recording lacks is among its notes", whole["notes"])
sparse = {**query, "instructions": "run-queue-length-points", "width": 700, "height": 500}
f = server.json("/api/figure", recording=build, instructions=sparse["instructions"])
sparse.update({"x0": f["x"]["begin"], "x1": f["x"]["end"], "y0": f["y"]["begin"], "y1": f["y"]["end"]})
_, _, dots = png_dots(server.ask("/api/figure/pixels?" + urllib.parse.urlencode(sparse))[2])
drawn = [i for i, d in enumerate(dots) if d[3]]
exact = near = 0
for at in random.sample(drawn, 40):
    exact += server.json("/api/figure/rows", px=at % 700, py=at // 700, **sparse)["total"] > 0
    near += server.json("/api/figure/rows", px=at % 700, py=at // 700, near=3, **sparse)["total"] > 0
claim(near == 40 and exact < 40, "near a point, which is drawn larger than it is, its rows are told", near, exact)
with server.socket() as s:
    one = b"GET /api/figure?recording=" + build.encode() + b"&instructions=who-ran HTTP/1.1\r\nHost: localhost:" + str(
        server.port).encode() + b"\r\nAuthorization: Bearer " + server.token.encode() + b"\r\n\r\n"
    s.sendall(one * 3)
    answer = s.recv(65536)
claim(not answer or b" 200 " in answer[:20], "requests that do not wait for each other's answers do no harm")
for form, begin in (("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")):
    status, headers, data = server.ask("/api/figure/file?" + urllib.parse.urlencode(
        {**query, "width": 800, "height": 500, "format": form}))
    claim((status == 200 and data.startswith(begin) and
           headers["content-disposition"] == f'attachment; filename="build.tar-who-ran.{form}"') or
          b"cairo" in data, f"a figure can be saved as {form}", status, headers, data[:200])
p = subprocess.run([os.path.join(os.path.dirname(VIEW), "../analyze/schedreport"), "tasks", "--table",
                    "tasks", "-f", "csv", "-q", "--top", "0", "--filter", "cpus == 1", TRACES + "build.tar"],
                   capture_output=True, text=True)
status, headers, data = server.ask("/api/table/file?" + urllib.parse.urlencode(
    {"recording": build, "analysis": "tasks", "table": "tasks", "format": "csv", "filter": "cpus == 1"}))
claim(status == 200 and data.decode() == p.stdout, "a table is what schedreport prints", status,
      p.stderr, data[:300], p.stdout[:300])
status, headers, data = server.ask("/api/table?" + urllib.parse.urlencode(
    {"recording": build, "analysis": "tasks", "table": "tasks", "filter": "cpus == 1"}))
length, = struct.unpack_from("<I", data, 4)
head, columns = json.loads(data[8:8 + length]), {}
for column in head["columns"]:
    at, n = 8 + length + column["at"], head["rows"]
    if column["type"] == "text":
        ends = struct.unpack_from(f"<{n + 1}I", data, at)
        texts = data[at + 4 * (n + 1):]
        columns[column["name"]] = [texts[a:b].decode("utf-8", "replace") for a, b in zip(ends, ends[1:])]
    else:
        columns[column["name"]] = struct.unpack_from(f"<{n}{'q' if column['type'] == 'int' else 'd'}", data, at)
lines = [line.split(",") for line in p.stdout.splitlines()]
claim(data[:4] == b"STF1" and (8 + length) % 8 == 0 and
      [str(v) for v in columns["on_cpu_ns"]] == [l[lines[0].index("on_cpu_ns")] for l in lines[1:]] and
      columns["comm"] == [l[lines[0].index("comm")] for l in lines[1:]],
      "and a frame has the same columns", head)
for path, arguments, word in (
        ("/api/figure", {"recording": build, "instructions": "who-ran", "query": "cpu == ("}, "column 9"),
        ("/api/figure", {"recording": build, "instructions": "who-rn"}, "who-rn"),
        ("/api/figure/pixels", {**query, "width": "9e9"}, "width"),
        ("/api/figure/pixels", {**query, "width": "0"}, "at least one pixel"),
        ("/api/figure/pixels", {**query, "x0": "nan"}, "x0"),
        ("/api/figure/pixels", {**query, "off": "500"}, "off"),
        ("/api/figure/file", {**query, "format": "exe"}, "png, svg or pdf"),
        ("/api/table", {"recording": build, "analysis": "tasks", "filter": "nosuch > 1"}, "nosuch"),
        ("/api/table", {"recording": build, "analysis": "tasks", "window": "9:8"}, "9:8"),
        ("/api/table", {"recording": build, "analysis": "nosuch"}, "nosuch"),
        ("/api/table", {"recording": build, "analysis": "tasks", "pid": "x"}, "x")):
    answer = server.json(path, **arguments)
    claim(answer.get("status") in (400, 404) and word in answer.get("error", ""),
          f"{path} says what is wrong with {arguments.get('query', word)}", answer)

# Instruction files of the user's.
text = open(SOURCE + "/view/instructions/who-ran.json", "rb").read()
status, _, data = server.ask("/api/instructions?name=my%20own.json", "POST", text)
sent = json.loads(data).get("name", "")
claim(status == 200 and server.json("/api/figure", recording=build, instructions=sent)["rows"] ==
      figure["rows"] and server.ask("/api/instructions/file?instructions=" + sent)[2] == text,
      "an instruction file that is sent is drawn, and given back", data)
status, _, data = server.ask("/api/instructions?name=x.json", "POST", b'{"c": []}')
claim(status == 422 and b"$" in data, "a wrong one is refused with its place", data)
many = [json.loads(server.ask(f"/api/instructions?name=n{i}.json", "POST", text)[2])["name"] for i in range(20)]
kept = [i["name"] for i in server.json("/api/instructions") if i["from"] == "upload"]
claim(len(kept) == 16 and set(kept) == set(many[4:]), "the sixteen last ones are kept", kept)

# Clients that lie.
H = f"Host: localhost:{server.port}\r\nAuthorization: Bearer {server.token}\r\n".encode()
for sentence, request, statuses in (
        ("a negative length", b"POST /api/instructions HTTP/1.1\r\n" + H + b"Content-Length: -1\r\n\r\n", (400,)),
        ("a length that is no number", b"POST /api/instructions HTTP/1.1\r\n" + H + b"Content-Length: 5x\r\n\r\n12345", (400,)),
        ("a length beyond all", b"POST /api/instructions HTTP/1.1\r\n" + H + b"Content-Length: 99999999999999999999\r\n\r\n", (400, 413)),
        ("a body of more than 1 MiB", b"POST /api/instructions HTTP/1.1\r\n" + H + b"Content-Length: 1048577\r\n\r\n", (413,)),
        ("a body in chunks", b"POST /api/instructions HTTP/1.1\r\n" + H + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", (400,)),
        ("a GET with a body", b"GET /api/analyses HTTP/1.1\r\n" + H + b"Content-Length: 3\r\n\r\nabc", (400,)),
        ("two Hosts", b"GET /api/analyses HTTP/1.1\r\nHost: localhost\r\n" + H + b"\r\n", (403, 400)),
        ("an upgrade to a WebSocket", b"GET / HTTP/1.1\r\n" + H + b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
         b"Sec-WebSocket-Key: " + base64.b64encode(b"0" * 16) + b"\r\nSec-WebSocket-Version: 13\r\n\r\n", (0, 400)),
        ("an upgrade to HTTP/2", b"GET / HTTP/1.1\r\n" + H + b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\n"
         b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n", (0, 200, 400))):
    request = request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1) if b"Upgrade" not in request else request
    with server.socket() as s:
        s.sendall(request)
        try:
            answer = s.recv(4096)
        except ConnectionResetError:
            answer = b""
    status = int(answer.split()[1]) if answer else 0
    claim(status in statuses, f"{sentence} is refused", answer[:200])
for path in ("/../../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fetc/passwd", "//etc/passwd",
             "/main.js%00.html", "/./././../x", "/web/../../x"):
    answer = server.raw(b"GET " + path.encode() + b" HTTP/1.1\r\n" + H + b"Connection: close\r\n\r\n")
    claim(b"root:" not in answer and b" 200 " not in answer[:20], f"{path} leads nowhere", answer[:100])
long = server.raw(b"GET /api/analyses HTTP/1.1\r\n" + H + b"X-Long: " + b"a" * 70000 + b"\r\n\r\n")
claim(b" 200 " not in long[:20] and server.ask("/api/analyses")[0] == 200,
      "headers beyond all measure end that connection only", long[:100])
end = time.monotonic() + 4
tried = 0
while time.monotonic() < end:
    line = bytearray(random.choice((
        b"GET /api/figure?recording=1&instructions=who-ran&query=cpu%20==%200 HTTP/1.1\r\n",
        b"GET /api/table?recording=1&analysis=tasks&filter=cpus%20==%201 HTTP/1.1\r\n",
        b"POST /api/instructions?name=a HTTP/1.1\r\nContent-Length: 4\r\n")) + H + b"Connection: close\r\n\r\n{}  ")
    for _ in range(random.choice((1, 1, 2, 5))):
        line[random.randrange(len(line))] ^= random.choice((1 << random.randrange(8), random.randrange(1, 256)))
    with server.socket() as s:
        s.sendall(line[:random.choice((len(line), random.randrange(1, len(line))))])
        s.shutdown(socket.SHUT_WR)
        try:
            while s.recv(65536):
                pass
        except ConnectionResetError:
            pass
    tried += 1
claim(server.process.poll() is None and server.ask("/api/analyses")[0] == 200,
      f"{tried} damaged requests leave it serving")

# Clients that linger, and those that leave.
before = fds(server)
lingering = [server.socket() for _ in range(150)]
for s in lingering:
    s.sendall(b"GET /api/analyses HTTP/1.1\r\nHost: loc")
busy = server.raw(b"GET /api/analyses HTTP/1.1\r\n" + H + b"Connection: close\r\n\r\n")
claim(not busy or b" 503 " in busy[:20] or b" 200 " in busy[:20],
      "with 150 clients that finish no request another one is answered, or told to come again", busy[:100])
for s in lingering:
    s.close()
claim(wait_until(lambda: server.ask("/api/analyses")[0] == 200) and wait_until(lambda: fds(server) <= before + 2),
      "and when they have gone, nothing of them is left", before, fds(server))
slow = server.socket()
slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
big = urllib.parse.urlencode({**query, "width": 4000, "height": 2000, "instructions": "events-per-cpu"})
for _ in range(1):
    slow.sendall(b"GET /api/figure/pixels?" + big.encode() + b" HTTP/1.1\r\n" + H + b"\r\n")
claim(server.ask("/api/analyses")[0] == 200, "a client that does not read keeps nobody waiting")
slow.close()
leaving = server.socket()
leaving.sendall(b"GET /api/figure/pixels?" + urllib.parse.urlencode(
    {**query, "width": 8000, "height": 4000, "job": "leaves"}).encode() + b" HTTP/1.1\r\n" + H + b"\r\n")
wait_until(lambda: server.json("/api/progress", job="leaves") is not None or
           server.json("/api/progress", job="leaves") is None)
leaving.close()
claim(wait_until(lambda: server.json("/api/progress", job="leaves") is None),
      "work that nobody waits for ends")
answers = []
threads = [threading.Thread(target=lambda i=i: answers.append(server.ask(
    "/api/figure?" + urllib.parse.urlencode({"recording": listed["memory.tar"]["id"], "instructions": names[i % 4]}))[0]))
    for i in range(24)]
for t in threads:
    t.start()
for t in threads:
    t.join()
claim(answers == [200] * 24, "many requests at once are all answered", answers)

# Files that change while they are served.
shutil.copy(TRACES + "pingpong.tar", shown + "/.new")
os.rename(shown + "/.new", shown + "/build.tar")
again = server.json("/api/recording", recording=build)
claim(again.get("command", "").startswith("./pingpong") and again["rows"] != whole["rows"],
      "a recording that was replaced is read anew", again)
os.truncate(shown + "/memory.tar", 5000)
short = server.json("/api/figure", recording=listed["memory.tar"]["id"], instructions="who-ran")
claim(short.get("status") == 422 and "memory.tar" in short["error"],
      "one that was cut short is told of in a sentence", short)
os.unlink(shown + "/build.dat")
gone = server.json("/api/recording", recording=listed["build.dat"]["id"])
left = [r["name"] for r in server.json("/api/recordings")["recordings"]]
claim(gone.get("status") == 404 and "build.dat" not in left, "one that has gone is no longer listed", gone, left)

second = Server(shown)
claim(second.port != server.port and second.token != server.token and
      second.ask("/api/analyses", Authorization="Bearer " + server.token)[0] == 401,
      "a second server takes another port and a token of its own", second.url)
status, err = second.end(signal.SIGINT)
claim(status == 0 and not err, "SIGINT ends it with 0", status, err)
p = subprocess.run([VIEW, "--port", str(server.port), shown], capture_output=True, text=True)
claim(p.returncode == 1 and str(server.port) in p.stderr and not p.stdout,
      "a port that is said and taken is told of", p.stderr)
status, err = server.end()
claim(status == 0 and not err, "SIGTERM ends it with 0, and nothing was said on the way", status, err)

# A first look at a large recording: a few rows of all of its parts.
rows = large_tarball(folder + "/large.tar")
TICKS = json.dumps({"input": ["timestamp", "cpu", "event", "nxt_timestamp_of_same_evt_on_same_cpu"],
                    "output": ["x0", "y0", "x1", "y1", "c"],
                    "c": [{"label": "ticks", "color": "#336699", "concatenate": [[
                        ["=", "x0", "timestamp"], ["=", "y0", "cpu"], ["=", "y1", "cpu"],
                        ["=", "x1", "nxt_timestamp_of_same_evt_on_same_cpu"]]]}]})
server = Server(folder + "/large.tar")
status, _, data = server.ask("/api/instructions?name=ticks.json", "POST", TICKS)
ticks = {"recording": 1, "instructions": json.loads(data).get("name")}
look = server.json("/api/figure", coarse=1, **ticks)
figure = server.json("/api/figure", **ticks)
claim(look["rows"] == 2000 * look["coarse"] and 12 <= look["coarse"] <= 300 and
      (look["x"]["begin"], look["y"]["end"]) == (0, 3) and
      look["x"]["end"] == figure["x"]["end"] == 1000 * (rows - 1) and figure["rows"] == rows and
      figure["coarse"] == 0, "a large recording has a first look, of all of its time", look, figure)
part = look["x"]["end"] / (look["coarse"] - 1)
answer = server.ask("/api/figure/pixels?" + urllib.parse.urlencode(
    {**ticks, "coarse": 1, "x0": part * 2.4, "x1": part * 2.6, "y0": -1, "y1": 4, "width": 90, "height": 9}))
width, height, dots = png_dots(answer[2])
claim(answer[0] == 200 and not any(alpha for _, _, _, alpha in dots),
      "no line reaches from one part of it to the next", answer[0], dots)
status, _, data = server.ask("/api/instructions?name=sorted.json", "POST",
                             TICKS.replace('"=", "x0", "timestamp"', '"=", "x0", ["argsort", "cpu"]')
                             .replace('"x1", "nxt_timestamp_of_same_evt_on_same_cpu"', '"x1", "x0"'))
answer = server.json("/api/figure", recording=1, instructions=json.loads(data).get("name"), coarse=1)
claim(answer["status"] == 404 and "along time" in answer["error"],
      "what is not along time has no first look", answer)
status, err = server.end()
claim(status == 0 and not err, "nothing is said about it", status, err)

where = folder + "/page.sock"
p = subprocess.Popen([VIEW, "--listen", where, shown], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
atexit.register(p.kill)
path, _, token = p.stdout.readline().strip().partition("#token=")
mode = os.stat(where).st_mode & 0o777
with socket.socket(socket.AF_UNIX) as s:
    s.connect(where)
    s.sendall(b"GET /api/analyses HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + token.encode() +
              b"\r\nConnection: close\r\n\r\n")
    answer = s.recv(4096)
taken = subprocess.run([VIEW, "--listen", where, shown], capture_output=True, text=True)
p.terminate()
out, err = p.communicate(timeout=PATIENCE)
claim(path == "unix:" + where and mode == 0o600 and b" 200 " in answer[:20] and p.returncode == 0 and not err and
      not os.path.exists(where), "a unix socket is served, for its owner only, and removed at the end", path,
      oct(mode), answer[:100], p.returncode, err)
claim(taken.returncode == 2 and where in taken.stderr, "what is there at its path stays there", taken.stderr)
for args, word in (((), "nothing to show"), (("/nonexistent.tar",), "/nonexistent.tar"),
                   ((shown, TRACES + "build.tar"), "folder"), (("--port", "99999", shown), "--port"),
                   (("--listen", "203.0.113.7", shown), "203.0.113.7")):
    p = subprocess.run([VIEW, *args], capture_output=True, text=True, timeout=PATIENCE)
    claim(p.returncode in (1, 2) and word in p.stderr and not p.stdout, f"schedview {' '.join(args)[:30]} says what is wrong",
          p.returncode, p.stderr)
done()
