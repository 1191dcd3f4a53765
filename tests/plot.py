#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""schedreport --plot: pictures are whole files that others can read, and show the figures that
--format csv prints. Usage: plot.py SCHEDREPORT EXAMPLES-DIRECTORY"""
import csv
import io
import itertools
import json
import os
import re
import resource
import struct
import subprocess
import sys
import tarfile
import tempfile
import xml.etree.ElementTree as ElementTree
import zlib

import numpy as np

SCHEDREPORT, EXAMPLES = map(os.path.abspath, sys.argv[1:3])
BUILD, MEMORY = EXAMPLES + "/build.tar", EXAMPLES + "/memory.tar"
ANALYSES = ("tasks cpus migrations latency timehist map states runqueue waits memory faults "
            "utilization stacks losses").split()
EVENTS = {"FORK": 9, "WAKEUP": 2, "BLOCK": 4, "CTX_SWITCH": 11, "MIGRATE": 12,
          "SAMPLE_FAULTS": 42, "SAMPLE_CPU": 43, "SAMPLE_MEM": 44, "LOST": 47, "MMAP": 29,
          "MUNMAP": 30, "RSS_ANON": 37}
BLUE, ORANGE, UNKNOWN_LINES = "0072b2", "e69f00", "a0a0a0"
ORANGE_LINE, TOTAL, NOT_CHOSEN = "d55e00", "bdbdbd", "e4e4e4"
tests = []


def test(f):
    tests.append(f)
    return f


def run(*args, check=True, **more):
    p = subprocess.run([SCHEDREPORT, "-q", *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       **more)
    assert not check or p.returncode == 0, (args, p.returncode, p.stderr.decode(errors="replace"))
    assert b"Sanitizer" not in p.stderr, p.stderr.decode(errors="replace")
    return p


def table(path, name, *args):
    analysis = {"migration_matrix": "migrations", "latency_kinds": "latency", "memory_biggest": "memory"}.get(name, name)
    text = run(analysis, "--table", name, "-f", "csv", *args, path).stdout.decode()
    return list(csv.DictReader(io.StringIO(text)))


def make_tarball(path, rows, names=("one", "two", "three", "four", "five", "six")):
    """Rows are (ns, pid, event, cpu, arg0, arg1); pid 101 has the first name, and so on."""
    with tarfile.open(path, "w") as tar:
        def add(name, data):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))

        add("sched_log_traced_events.start",
            "".join("%d %s\n" % (number, name) for name, number in EVENTS.items()).encode())
        add("comm.json", json.dumps({name: i + 1 for i, name in enumerate(names)}).encode())
        columns = list(zip(*rows)) if rows else [()] * 6
        columns.append([max(0, pid - 100) if 100 < pid <= 100 + len(names) else 0
                        for pid in columns[1]])
        for name, dtype, values in zip(
                ("timestamp", "pid", "event", "cpu", "arg0", "arg1", "comm"),
                ("<i8", "<i4", "<i4", "<i4", "<i8", "<i8", "<i4"), columns):
            buffer = io.BytesIO()
            np.savez_compressed(buffer, **{name: np.array(values, dtype)})
            add(name + ".npz", buffer.getvalue())


def switches(plan, begin=5_000_000_000):
    """Rows of CPU 0 by a plan of (pid, ns); a task that leaves the CPU blocks."""
    rows, now, before = [], begin, 0
    for pid, length in plan:
        if before:
            rows.append((now, before, EVENTS["BLOCK"], 0, 0, 0))
        rows.append((now, before, EVENTS["CTX_SWITCH"], 0, pid, 0))
        now, before = now + length, pid
    rows.append((now, before, EVENTS["CTX_SWITCH"], 0, 0, 0))
    return rows


# ---- pictures, by readers of our own or of others ------------------------------------------

def read_png(data):
    """Width, height and rows of a PNG without alpha, every check sum checked."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, pixels, header = 8, b"", None
    while at < len(data):
        n, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + n]
        assert struct.unpack(">I", data[at + 8 + n:at + 12 + n])[0] == zlib.crc32(kind + body)
        at += 12 + n
        if kind == b"IHDR":
            header = struct.unpack(">IIBBBBB", body)
        if kind == b"IDAT":
            pixels += body
        if kind == b"IEND":
            break
    assert at == len(data) and kind == b"IEND"
    width, height, depth, colour = header[:4]
    raw = zlib.decompress(pixels)
    assert depth == 8 and colour == 2 and len(raw) == height * (1 + 3 * width), header
    return width, height, raw


class Svg:
    """Filled rectangles and stroked lines of an SVG, by colour."""
    def __init__(self, path):
        with open(path, "rb") as f:
            text = f.read()
        assert not re.search(rb"\b(nan|inf)\b", text, re.I), path
        root = ElementTree.fromstring(text)
        self.width = float(root.get("width").rstrip("pt"))
        self.height = float(root.get("height").rstrip("pt"))
        self.fills, self.strokes = {}, {}
        self.walk(root)

    def walk(self, element):
        tag = element.tag.split("}")[1]
        if tag in ("defs", "symbol", "clipPath"):
            return
        if tag == "path":
            style = element.get("style")
            for kind, into in (("fill", self.fills), ("stroke", self.strokes)):
                m = re.search(r"(?<![\w-])%s:rgb\(([^)]*)\)" % kind, style)
                if m:
                    colour = "".join("%02x" % round(float(c) * 2.55)
                                     for c in m.group(1).replace("%", "").split(","))
                    into.setdefault(colour, []).extend(self.parts(element.get("d")))
        for child in element:
            self.walk(child)

    @staticmethod
    def parts(d):
        parts = []
        for part in d.split("M")[1:]:
            numbers = [float(n) for n in re.findall(r"-?\d+(?:\.\d+)?", part)]
            points = list(zip(numbers[::2], numbers[1::2]))
            if len(points) > 1:
                parts.append(points)
        return parts

    def boxes(self, colour):
        """x, y, width and height of filled rectangles, without the keys of the legend."""
        boxes = []
        for points in self.fills.get(colour, []):
            x, y = zip(*points)
            box = (min(x), min(y), max(x) - min(x), max(y) - min(y))
            if abs(box[2] - 11) > 0.01 or abs(box[3] - 8) > 0.01:
                boxes.append(box)
        return boxes


def pdf_text(path):
    return subprocess.run(["pdftotext", "-layout", path, "-"], stdout=subprocess.PIPE,
                          check=True).stdout.decode()


def pdf_page(path):
    info = subprocess.run(["pdfinfo", path], stdout=subprocess.PIPE, check=True).stdout.decode()
    assert re.search(r"^Pages:\s+1$", info, re.M), info
    return [float(n) for n in re.search(r"Page size:\s+([\d.]+) x ([\d.]+)", info).groups()]


def affine(pairs, tolerance):
    """Whether one straight line leads from the first values of the pairs to the second."""
    a, b = np.array(pairs, float).T
    slope, offset = np.polyfit(a, b, 1)
    worst = np.max(np.abs(slope * a + offset - b))
    assert worst <= tolerance, (worst, pairs)
    return slope, offset


# ---- tests -----------------------------------------------------------------------------------

@test
def every_analysis_has_a_picture_that_is_a_png_an_svg_and_a_pdf(folder):
    for analysis in ANALYSES:
        if analysis == "stacks":   # there are none in this recording
            continue
        for kind in "png", "svg", "pdf":
            path = "%s/%s.%s" % (folder, analysis, kind)
            run(analysis, "--plot", path, BUILD)
        with open("%s/%s.png" % (folder, analysis), "rb") as f:
            width, height, raw = read_png(f.read())
        assert width == 1339, width   # 170 mm at 200 dots an inch
        assert raw.count(b"\xff") < len(raw) and raw.count(b"\0") > height
        svg = Svg("%s/%s.svg" % (folder, analysis))
        assert abs(svg.width - 170 / 25.4 * 72) < 0.01
        page = pdf_page("%s/%s.pdf" % (folder, analysis))
        assert abs(page[0] - svg.width) < 0.01 and abs(page[1] - svg.height) < 0.01
        text = pdf_text("%s/%s.pdf" % (folder, analysis))
        for word in "make -s -j4", "2 CPUs", "host vm", "Linux 6.18", "14 switches":
            assert word in text, (analysis, word, text)


@test
def bars_are_as_long_as_the_figures_of_the_table_say(folder):
    tasks = table(BUILD, "tasks")
    rows = sorted(tasks, key=lambda r: -int(r["charged_ns"] or 0))[:20]
    run("tasks", "--plot", folder + "/bars.svg", BUILD)
    bars = sorted(Svg(folder + "/bars.svg").boxes(BLUE), key=lambda b: b[1])
    figures = [int(r["on_cpu_ns"]) for r in rows if int(r["on_cpu_ns"]) > 0]
    assert len(bars) == len(figures), (len(bars), len(figures))
    scale, _ = affine([(n, bar[2]) for n, bar in zip(figures, bars)], 0.02)
    assert abs(figures[0] * scale - bars[0][2]) < 0.02   # through 0
    # The wait for a CPU after preemption follows on the time on the CPU.
    waits = Svg(folder + "/bars.svg").boxes("d55e00")
    expected = [int(r["wait_preempt_ns"]) * scale for r in rows if int(r["wait_preempt_ns"]) > 0]
    assert len(waits) == len(expected)
    for bar, width in zip(sorted(waits, key=lambda b: b[1]), expected):
        assert abs(bar[2] - width) < 0.02, (bar, width)
    text = run("tasks", "--plot", folder + "/bars.pdf", BUILD) and pdf_text(folder + "/bars.pdf")
    for row in rows[:5]:
        assert "%s [%s]" % (row["comm"], row["pid"]) in text, row
    assert "%d more rows are not shown" % (len(tasks) - 20) in text, text


@test
def bars_of_waits_are_as_long_as_the_task_was_there(folder):
    rows = sorted(table(BUILD, "waits"), key=lambda r: -int(r["on_cpu_ns"]))[:10]
    run("waits", "--table", "waits", "--top", "10", "--plot", folder + "/waits.svg", BUILD)
    svg = Svg(folder + "/waits.svg")
    bars = sorted(svg.boxes(BLUE), key=lambda b: b[1])
    assert len(bars) == 10
    # What fills a row: all boxes at the height of its first.
    widths = []
    for _, y, _, h in bars:
        widths.append(sum(b[2] for colour in svg.fills for b in svg.boxes(colour)
                          if abs(b[1] - y) < 0.01 and abs(b[3] - h) < 0.01))
    affine([(int(r["wall_ns"]), w) for r, w in zip(rows, widths)], 0.05)


@test
def every_state_of_the_log_is_in_the_legend(folder):
    logged = {r["state"] for r in csv.DictReader(io.StringIO(
        run("--log", "states_log", "-f", "csv", BUILD).stdout.decode())) if r["certain"] == "1"}
    run("states", "--top", "200", "--plot", folder + "/legend.pdf", BUILD)
    words = set(pdf_text(folder + "/legend.pdf").split())
    assert len(logged) >= 6 and logged <= words, logged - words


@test
def columns_top_and_sort_choose_the_bars(folder):
    rows = sorted(table(BUILD, "tasks"), key=lambda r: -int(r["wait_preempt_ns"]))[:3]
    run("tasks", "--top", "3", "--sort", "-wait_preempt", "--columns", "wait_preempt", "--plot",
        folder + "/columns.svg", BUILD)
    boxes = Svg(folder + "/columns.svg").boxes("d55e00")
    assert len(boxes) == 3
    affine([(int(r["wait_preempt_ns"]), b[2])
            for r, b in zip(rows, sorted(boxes, key=lambda b: b[1]))], 0.02)
    p = run("tasks", "--columns", "on_cpu,migrations", "--plot", folder + "/x.svg", BUILD,
            check=False)
    assert p.returncode == 2 and b"bars of one unit" in p.stderr, p.stderr
    assert not os.path.exists(folder + "/x.svg")


@test
def a_table_without_a_picture_of_its_own_gets_bars(folder):
    row = table(BUILD, "map")[0]
    run("--table", "map", "--plot", folder + "/any.pdf", BUILD)
    assert re.search(r"%s \[%s\]\s+%s\b" % (row["comm"], row["pid"], row["switches_in"]),
                     pdf_text(folder + "/any.pdf")), row


@test
def every_table_and_every_log_has_a_picture(folder):
    text = run("list").stdout.decode()
    names = re.findall(r"^  (table|log) (\w+):", text, re.M)
    assert len(names) > 40
    for kind, name in names:
        run("--" + kind, name, "--plot", folder + "/each.svg", BUILD)
        Svg(folder + "/each.svg")


@test
def curves_go_through_the_samples(folder):
    rows, begin = [(1_000_000_000, 0, EVENTS["CTX_SWITCH"], 0, 0, 0)], 1_000_000_000
    samples = [(10, 5), (60, 50), (110, 60), (160, 300), (210, 301), (260, 1000)]
    for ms, minor in samples:
        now = begin + ms * 1_000_000
        for event, a, b in (("SAMPLE_FAULTS", minor, 0), ("SAMPLE_CPU", ms * 500_000, 0),
                            ("SAMPLE_MEM", 4096 * minor, ord("R"))):
            rows.append((now, 101, EVENTS[event], 0, a, b))
    path = folder + "/samples.tar"
    make_tarball(path, rows)
    curve = [(int(r["time_ns"]), int(r["minor"])) for r in csv.DictReader(io.StringIO(
        run("--log", "faults_curve", "-f", "csv", path).stdout.decode()))]
    assert curve == [(begin + ms * 1_000_000, minor) for ms, minor in samples], curve
    run("faults", "--plot", folder + "/samples.svg", path)
    lines = [points for points in Svg(folder + "/samples.svg").strokes[BLUE]
             if len(points) == len(samples)]
    points = lines[0]   # the panel of minor faults comes first
    affine([(t, x) for (t, _), (x, _) in zip(curve, points)], 0.01)
    slope, _ = affine([(n, y) for (_, n), (_, y) in zip(curve, points)], 0.01)
    assert slope < 0   # up is more


@test
def lanes_show_who_ran_and_for_how_long(folder):
    path = folder + "/lanes.tar"
    make_tarball(path, switches([(101, 1_000_000), (102, 2_000_000), (103, 3_000_000),
                                 (101, 4_000_000), (0, 5_000_000), (101, 5_000_000)]))
    run("map", "--plot", folder + "/lanes.svg", path)
    svg = Svg(folder + "/lanes.svg")
    # Names have colours by the time that they ran: one, three, two.
    ones, threes, twos = (sorted(svg.boxes(c)) for c in (BLUE, "e69f00", "009e73"))
    assert len(ones) == 3 and len(twos) == 1 and len(threes) == 1, (ones, twos, threes)
    pairs = [(1, ones[0][2]), (4, ones[1][2]), (5, ones[2][2]), (2, twos[0][2]),
             (3, threes[0][2])]
    scale, _ = affine(pairs, 0.02)
    assert abs(scale * 20 - (ones[2][0] + ones[2][2] - ones[0][0])) < 0.05
    assert abs(twos[0][0] - (ones[0][0] + ones[0][2])) < 0.02


@test
def what_lasts_is_drawn_to_the_end(folder):
    path = folder + "/lasts.tar"
    make_tarball(path, switches([(101, 1_000_000), (102, 9_000_000)]))
    run("states", "--plot", folder + "/lasts.svg", path)
    svg = Svg(folder + "/lasts.svg")
    ran = [b for b in svg.boxes(BLUE)]
    sleeps = max(svg.boxes("cfe7f7"), key=lambda b: b[2])
    assert abs(sleeps[2] - max(b[2] for b in ran)) < 0.02, (sleeps, ran)   # 9 ms both


@test
def stretches_that_cannot_be_told_apart_show_shares_of_the_time(folder):
    path = folder + "/many.tar"
    for pairs in 200, 1000, 12_000:
        make_tarball(path, switches([(101, 3_000), (102, 1_000)] * pairs))
        run("map", "--plot", folder + "/many.svg", path)
        svg = Svg(folder + "/many.svg")
        area = {colour: sum(w * h for _, _, w, h in svg.boxes(colour))
                for colour in (BLUE, ORANGE)}
        assert abs(area[BLUE] / area[ORANGE] - 3) < 0.06, (pairs, area)
        if pairs > 200:   # each part of the lane has some of both
            assert {round(h, 1) for *_, h in svg.boxes(ORANGE)} != {12.0}, pairs
            assert max(h for *_, h in svg.boxes(ORANGE)) < 11.9, pairs
    run("map", "--plot", folder + "/many.pdf", path)
    assert "heights are shares of the time" in pdf_text(folder + "/many.pdf")
    # A part of it is few enough to be drawn as it is.
    run("map", "--window", "0.001:0.0012", "--plot", folder + "/part.svg", path)
    svg = Svg(folder + "/part.svg")
    assert len(svg.boxes(BLUE)) in (50, 51), len(svg.boxes(BLUE))
    assert len({round(h, 2) for *_, h in svg.boxes(BLUE)}) == 1
    area = {colour: sum(w * h for _, _, w, h in svg.boxes(colour)) for colour in (BLUE, ORANGE)}
    assert abs(area[BLUE] / area[ORANGE] - 3) < 0.06, area


@test
def a_long_stretch_between_many_short_ones_is_drawn_whole(folder):
    path = folder + "/mixed.tar"
    make_tarball(path, switches([(101, 3_000), (102, 1_000)] * 1000 + [(103, 4_000_000),
                                                                         (0, 1_000)]))
    run("map", "--plot", folder + "/mixed.svg", path)
    svg = Svg(folder + "/mixed.svg")
    longest = max(svg.boxes(BLUE), key=lambda b: b[2])   # three ran longest
    assert abs(longest[2] / (svg.width - longest[0]) - 1) < 0.1, longest
    assert abs(longest[3] - 12) < 0.1, longest


@test
def a_cpu_that_runs_a_task_not_asked_for_is_grey_and_not_idle(folder):
    path = folder + "/others.tar"
    make_tarball(path, switches([(101, 2_000_000), (102, 6_000_000), (0, 3_000_000),
                                 (101, 1_000_000)]))
    run("states", "--comm", "one", "--plot", folder + "/others.svg", path)
    svg = Svg(folder + "/others.svg")
    grey, ones = svg.boxes(NOT_CHOSEN), svg.boxes(BLUE)
    lane = max(grey, key=lambda b: b[3])
    mine = [b for b in ones if abs(b[1] - lane[1]) < 0.01]
    assert len(grey) == 1 and len(mine) == 2, (grey, ones)
    assert abs(lane[2] / max(b[2] for b in mine) - 3) < 0.02, (grey, mine)   # 6 ms and 2 ms
    run("states", "--comm", "one", "--plot", folder + "/others.pdf", path)
    text = pdf_text(folder + "/others.pdf")
    assert "tasks not asked for" in text and "only tasks called one" in text, text
    run("states", "--plot", folder + "/others.pdf", path)
    assert "not asked for" not in pdf_text(folder + "/others.pdf")


@test
def time_without_records_is_hatched_and_not_filled(folder):
    rows = switches([(101, 10_000_000), (102, 10_000_000)])
    end = rows[-1][0]
    gap_begin, gap_end = end + 1_000_000, end + 11_000_000
    rows.append((gap_end, 0, EVENTS["LOST"], 0, 5, gap_begin))
    rows += switches([(103, 10_000_000)], gap_end + 1_000)
    path = folder + "/gap.tar"
    make_tarball(path, rows)
    for analysis in "map", "utilization", "runqueue", "cpus", "states":
        run(analysis, "--plot", "%s/gap-%s.svg" % (folder, analysis), path)
        svg = Svg("%s/gap-%s.svg" % (folder, analysis))
        assert UNKNOWN_LINES in svg.strokes, analysis
    svg = Svg(folder + "/gap-map.svg")
    white = [b for b in svg.boxes("ffffff") if b[2] < svg.width - 1]
    one = max(b[2] for b in svg.boxes(BLUE))   # 10 ms
    assert abs(max(b[2] for b in white) / one - 1) < 0.02, (white, one)
    run("map", "--plot", folder + "/whole.svg", BUILD, "--window", "0.02:0.03")
    assert UNKNOWN_LINES not in Svg(folder + "/whole.svg").strokes


@test
def the_matrix_of_migrations_has_the_figures_of_the_table(folder):
    rows = [(1000 + i, 101, EVENTS["MIGRATE"], source, source, target)
            for i, (source, target) in enumerate([(0, 1)] * 7 + [(1, 2)] * 31 + [(2, 0)] * 113)]
    path = folder + "/moves.tar"
    make_tarball(path, rows)
    assert {(r["from"], r["to"], r["migrations"]) for r in table(path, "migration_matrix")} == \
        {("0", "1", "7"), ("1", "2", "31"), ("2", "0", "113")}
    run("--table", "migration_matrix", "--plot", folder + "/moves.pdf", path)
    text = pdf_text(folder + "/moves.pdf")
    lines = [line.split() for line in text.splitlines() if line.strip().startswith("from CPU")]
    assert [line[3:6] for line in lines] == [["0", "7", "0"], ["0", "0", "31"],
                                             ["113", "0", "0"]], text


def pie_rows(path):
    """Name, requested bytes, share of all, and what is held of memory and swap."""
    units = {"bytes": 1, "KiB": 2 ** 10, "MiB": 2 ** 20, "GiB": 2 ** 30}
    return [(name, float(n) * units[unit], float(share), held) for name, n, unit, share, held in
            re.findall(r"(\S.*\S)\s+([\d.]+) (bytes|[KMG]iB)\s+([\d.]+) %\s+([\d.]+ %|unknown)",
                       pdf_text(path))]


@test
def the_pie_is_of_what_was_requested_the_ten_biggest_and_the_others(folder):
    rows, now = [], 1000
    for i in range(13):
        for event, length in ("MMAP", (i + 1) * 2 ** 20), ("MUNMAP", 2 ** 20):
            rows.append((now, 101 + i, EVENTS[event], 0, 2 ** 32, length))
            now += 1000
    path = folder + "/requests.tar"
    make_tarball(path, rows, ["p%d" % (i + 1) for i in range(13)])
    for how in (["memory"], ["--table", "memory_biggest"]):
        run(*how, "--plot", folder + "/pie.pdf", path)
        pie = pie_rows(folder + "/pie.pdf")
        assert [r[0] for r in pie] == ["p%d [%d]" % (i, 100 + i) for i in range(13, 3, -1)] + \
            ["others (3)"], pie
        expected = list(range(13, 3, -1)) + [1 + 2 + 3]
        assert [r[1] / 2 ** 20 for r in pie] == expected, pie
        assert all(abs(r[2] - 100 * n / 91) <= 0.051 for r, n in zip(pie, expected)), pie
        text = pdf_text(folder + "/pie.pdf")
        assert "requested" in text and "91 MiB" in text, text
    # Of this recording it is known how much memory and swap the machine has.
    (row, *_) = table(MEMORY, "memory_biggest")
    run("memory", "--plot", folder + "/pie.pdf", MEMORY)
    held = pie_rows(folder + "/pie.pdf")[0][3]
    assert held == ("%.2f %%" % float(row["share_held"]) if row["share_held"] else "unknown"), held


@test
def without_requests_there_is_no_pie_and_peaks_are_not_added_up(folder):
    path = folder + "/resident.tar"
    make_tarball(path, [(1000 + i, 101 + i, EVENTS["RSS_ANON"], 0, (i + 1) * 2 ** 20, i)
                        for i in range(3)])
    run("memory", "--plot", folder + "/resident.pdf", path)
    text = pdf_text(folder + "/resident.pdf")
    assert "Most resident at once" in text and "requested" not in text, text
    assert "3 MiB" in text and "6 MiB" not in text, text


@test
def curves_that_go_along_with_each_other_are_both_seen(folder):
    run("latency", "--plot", folder + "/along.svg", BUILD)
    # The unbroken line comes before the dashes that lie upon it.
    order = []
    for element in ElementTree.parse(folder + "/along.svg").iter():
        style = element.get("style") or ""
        m = re.search(r"stroke:rgb\(([^)]*)\)", style)
        if m and len((element.get("d") or "").split("L")) > 5:
            order.append("stroke-dasharray" in style)
    assert order and not order[0] and order[1], order


@test
def the_distribution_of_waits_ends_at_all_of_them(folder):
    run("latency", "--plot", folder + "/latency.pdf", BUILD)
    text = pdf_text(folder + "/latency.pdf")
    kinds = {r["kind"]: r for r in table(BUILD, "latency_kinds") if r["placement"] == "all"}
    for kind in "wakeup", "preempt", "new":
        assert "%s: %s waits" % (kind, kinds[kind]["count"]) in text, text
    run("latency", "--plot", folder + "/latency.svg", BUILD)
    blue = [p for p in Svg(folder + "/latency.svg").strokes[BLUE] if len(p) > 5]
    ys = [y for _, y in blue[1]]   # the second panel
    assert all(b <= a + 1e-6 for a, b in zip(ys, ys[1:])) and ys[-1] < ys[0] - 50, ys


@test
def what_stands_for_all_processes_is_named_and_not_drawn_for_some(folder):
    def sampled(path, pids):
        rows = [(1_000_000_000, 0, EVENTS["CTX_SWITCH"], 0, 0, 0)]
        for ms in range(10, 300, 50):
            for pid in pids:
                now = 1_000_000_000 + ms * 1_000_000
                rows += [(now, pid, EVENTS["SAMPLE_FAULTS"], 0, ms, 0),
                         (now, pid, EVENTS["SAMPLE_CPU"], 0, ms * 1000, 0),
                         (now, pid, EVENTS["SAMPLE_MEM"], 0, 4096, ord("R"))]
        make_tarball(path, rows)

    path = folder + "/all.tar"
    sampled(path, (101, 102))
    run("faults", "--columns", "minor", "--plot", folder + "/all.svg", path)
    assert [p for p in Svg(folder + "/all.svg").strokes[TOTAL] if len(p) > 4]
    run("faults", "--columns", "minor", "--plot", folder + "/all.pdf", path)
    assert "all processes" in pdf_text(folder + "/all.pdf")
    run("faults", "--columns", "minor", "--comm", "one", "--plot", folder + "/one.svg", path)
    assert not [p for p in Svg(folder + "/one.svg").strokes.get(TOTAL, []) if len(p) > 4]
    run("faults", "--columns", "minor", "--comm", "one", "--plot", folder + "/one.pdf", path)
    text = pdf_text(folder + "/one.pdf")
    assert "one [101]" in text and "all processes" not in text, text


@test
def labels_of_stacks_begin_with_what_tells_them_apart(folder):
    run("stacks", "--plot", folder + "/stacks.pdf", EXAMPLES + "/stacks.tar")
    text = pdf_text(folder + "/stacks.pdf")
    labels = [line.split(": ", 1)[1] for line in text.splitlines() if " < " in line]
    assert len(labels) > 3 and "schedule" not in "".join(w.split(" < ")[0] for w in labels), labels
    assert len({w.split(" < ")[0] for w in labels}) > 2, labels
    assert "Labels leave out the scheduler's functions" in text, text


@test
def the_title_is_what_was_asked_for(folder):
    run("tasks", "--title", "A <title> of & mine", "--plot", folder + "/title.pdf", BUILD)
    text = pdf_text(folder + "/title.pdf")
    assert "A <title> of & mine" in text and "make -s -j4" not in text, text
    run("stacks", "--title", "A <title> of & mine", "--flame", folder + "/title.svg",
        EXAMPLES + "/stacks.tar")
    texts = [e.text for e in ElementTree.parse(folder + "/title.svg").iter()]
    assert "A <title> of & mine" in texts, texts[:10]
    p = run("tasks", "--title", "A", BUILD, check=False)
    assert p.returncode == 2 and b"--title is for --plot and --flame" in p.stderr, p.stderr


@test
def filters_choose_what_is_drawn(folder):
    for analysis, there, gone in (("tasks", "ld [", "cc1 ["), ("states", "ld [", "cc1 [")):
        run(analysis, "--comm", "ld", "--plot", folder + "/filter.pdf", BUILD)
        text = pdf_text(folder + "/filter.pdf")
        assert there in text and gone not in text, text
    run("cpus", "--cpu", "1", "--plot", folder + "/cpu.pdf", BUILD)
    text = pdf_text(folder + "/cpu.pdf")
    assert "CPU 1" in text and "CPU 0" not in text, text


@test
def recordings_without_rows_or_with_one_are_drawn_or_refused_in_a_sentence(folder):
    make_tarball(folder + "/none.tar", [])
    make_tarball(folder + "/one.tar", [(7, 101, EVENTS["WAKEUP"], 0, 0, 0)])
    for name, analysis in itertools.product(("none", "one"), ANALYSES):
        out = "%s/%s-%s.svg" % (folder, name, analysis)
        p = run(analysis, "--plot", out, "%s/%s.tar" % (folder, name), check=False)
        assert p.returncode in (0, 2), (analysis, p.returncode, p.stderr)
        if p.returncode == 0:
            Svg(out)
        else:
            assert p.stderr.count(b"\n") == 1 and not os.path.exists(out), (analysis, p.stderr)


@test
def figures_as_large_as_they_can_be_are_drawn(folder):
    first, last = 0, 2 ** 62 - 1
    rows = [(first, 0, EVENTS["CTX_SWITCH"], 0, 101, 0),
            (last - 10, 101, EVENTS["SAMPLE_FAULTS"], 0, 2 ** 62, 2 ** 62),
            (last - 10, 101, EVENTS["SAMPLE_CPU"], 0, 2 ** 62, 2 ** 62),
            (last - 10, 101, EVENTS["SAMPLE_MEM"], 0, 2 ** 62, 0),
            (last - 5, 101, EVENTS["MIGRATE"], 65534, 65534, 0),
            (last, 101, EVENTS["CTX_SWITCH"], 0, 102, 0)]
    path = folder + "/huge.tar"
    make_tarball(path, rows)
    for analysis in ANALYSES:
        out = "%s/huge-%s.svg" % (folder, analysis)
        p = run(analysis, "--plot", out, path, check=False)
        assert p.returncode in (0, 2), (analysis, p.returncode, p.stderr)
        if p.returncode == 0:
            Svg(out)


@test
def names_of_any_bytes_are_drawn_escaped(folder):
    names = ["a\nb\x1b[31m", "<script>", "日本", "\\xff\\x5c", "x" * 300, "&amp;\u202e"]
    path = folder + "/hostile.tar"
    make_tarball(path, switches([(101 + i, 1_000_000) for i in range(6)]), names)
    for analysis in "tasks", "map", "states", "utilization":
        for kind in "svg", "pdf", "png":
            run(analysis, "--plot", folder + "/hostile." + kind, path)
        Svg(folder + "/hostile.svg")
        text = pdf_text(folder + "/hostile.pdf")
        for name in "a\\x0ab\\x1b[31m", "<script>", "\\xff\\x5c":
            assert name in text, (analysis, name, text)
        assert "x" * 250 not in text and "xxx…" in text, text


@test
def the_size_is_what_was_asked_for(folder):
    run("tasks", "--plot", folder + "/size.pdf", "--plot-size", "88x120", BUILD)
    page = pdf_page(folder + "/size.pdf")
    assert abs(page[0] - 88 / 25.4 * 72) < 0.01 and abs(page[1] - 120 / 25.4 * 72) < 0.01, page
    run("tasks", "--plot", folder + "/size.png", "--plot-size", "88x120", BUILD)
    with open(folder + "/size.png", "rb") as f:
        assert read_png(f.read())[:2] == (693, 945)   # 200 an inch, rounded up
    for bad in "0x10", "170x", "x60", "2001", "a", "100x100x100", "-5", "1e1", "nan", "88 x 60":
        p = run("tasks", "--plot", folder + "/bad.svg", "--plot-size=" + bad, BUILD, check=False)
        assert p.returncode == 2 and b"--plot-size" in p.stderr, (bad, p.stderr)
    p = run("faults", "cpus", "waits", "--plot", folder + "/bad.svg", "--plot-size", "170x60",
            BUILD, check=False)
    assert p.returncode == 2 and b"needs a height of" in p.stderr, p.stderr
    assert not os.path.exists(folder + "/bad.svg")


@test
def wrong_usage_is_refused_in_a_sentence(folder):
    for args, word in ((["--plot", "a.gif"], b".png, .svg or .pdf"), (["--plot", ".svg"], b".png"),
                       (["--plot", "a.svg", "-o", "b"], b"--output"),
                       (["--plot", "a.svg", "-f", "csv"], b"--format"),
                       (["--plot-size", "10x10"], b"is for --plot"),
                       (["--plot", "a.svg", "--log", "nothing"], b"no log nothing"),
                       (["cpus", "migrations", "waits", "latency", "--plot", "a.svg"],
                        b"at most 8 panels"),
                       (["--plot", "a.svg", "--table", "nothing"], b"no table nothing")):
        p = run("tasks", *args, BUILD, check=False, cwd=folder)
        assert p.returncode == 2 and word in p.stderr, (args, p.stderr)
        assert not os.path.exists(folder + "/a.svg")


@test
def a_full_disk_leaves_no_picture_and_what_was_there(folder):
    def little():
        resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))

    os.mkdir(folder + "/full")
    for kind in "png", "svg", "pdf":
        p = run("tasks", "--plot", folder + "/full/a." + kind, BUILD, check=False,
                preexec_fn=little)
        assert p.returncode == 1 and b"File too large" in p.stderr, (p.returncode, p.stderr)
        assert os.listdir(folder + "/full") == []
    with open(folder + "/full/old.svg", "w") as f:
        f.write("old")
    p = run("tasks", "--plot", folder + "/full/old.svg", BUILD, check=False, preexec_fn=little)
    assert p.returncode == 1 and os.listdir(folder + "/full") == ["old.svg"]
    with open(folder + "/full/old.svg") as f:
        assert f.read() == "old"
    p = run("tasks", "--plot", folder + "/nowhere/a.svg", BUILD, check=False)
    assert p.returncode == 1 and b"nowhere" in p.stderr, p.stderr


@test
def compared_groups_are_drawn_with_their_figures(folder):
    paths = []
    for group, scale in (("few", 1), ("many", 3)):
        for i in range(3):
            path = "%s/%s-%d.tar" % (folder, group, i)
            make_tarball(path, switches([(101, scale * (1_000_000 + i)), (102, scale * 500_000)]))
            paths.append(path)
    run("compare", "tasks", "--group-by", "name", "--table", "tasks", "--columns", "on_cpu",
        "--plot", folder + "/compare.svg", *paths)
    svg = Svg(folder + "/compare.svg")
    few, many = (sorted(svg.boxes(c), key=lambda b: b[1]) for c in (BLUE, ORANGE))
    assert len(few) == 2 and len(many) == 2, (few, many)
    for a, b in zip(few, many):   # the medians are 1 and 0.5 ms, and three times as much
        assert abs(b[2] / a[2] - 3) < 0.01, (few, many)
    assert abs(few[0][2] / few[1][2] - 2) < 0.01, few


@test
def a_comparison_fits_a_page_and_speaks_in_words(folder):
    paths = []
    for group, scale in (("few", 1), ("many", 3)):
        for i in range(2):
            path = "%s/%s-%d.tar" % (folder, group, i)
            make_tarball(path, switches([(101 + t, scale * (1_000_000 + 1000 * i + t))
                                         for t in range(40)]), ["t%d" % i for i in range(40)])
            paths.append(path)
    run("compare", "tasks", "latency", "cpus", "utilization", "waits", "--group-by", "name",
        "--plot", folder + "/page.pdf", *paths)
    assert pdf_page(folder + "/page.pdf")[1] < 260 / 25.4 * 72   # of A4's 297 mm
    text = pdf_text(folder + "/page.pdf")
    assert not re.search(r"_ns\b|\w\.\w+_|totals_", text), text
    assert "more tables are not drawn; see --table" in text, text
    # Figures of whole recordings have no scale in common: all are shares of the first group's.
    run("compare", "tasks", "--group-by", "name", "--plot", folder + "/page.svg", *paths)
    svg = Svg(folder + "/page.svg")
    few, many = (sorted(svg.boxes(c), key=lambda b: b[1]) for c in (BLUE, ORANGE))
    first = [b for b in few if abs(b[2] - few[0][2]) < 0.01 and b[1] < few[0][1] + 150]
    assert len(first) > 2, few   # 100 % each
    assert abs(many[0][2] / few[0][2] - 3) < 0.02, (few[0], many[0])


@test
def two_groups_of_one_number_are_not_one_curve(folder):
    paths = []
    for name in "a-1", "a-2", "b-1", "b-2":
        path = "%s/%s.tar" % (folder, name)
        make_tarball(path, switches([(101, 1_000_000), (0, 1_000_000), (101, 1000)]))
        paths += ["--group", "%s=%s" % (name, path)]
    run("compare", "utilization", "--plot", folder + "/same.pdf", *paths)
    assert "number in the name" not in pdf_text(folder + "/same.pdf")


@test
def groups_with_numbers_are_drawn_against_them(folder):
    paths = []
    for copies in 1, 5, 11:
        path = "%s/%d.tar" % (folder, copies)
        make_tarball(path, switches([(101, copies * 1_000_000), (0, 1_000_000), (101, 1000)]))
        paths += ["--group", "copies-%d=%s" % (copies, path)]
    run("compare", "utilization", "--plot", folder + "/copies.svg", *paths)
    groups = json.loads(run("compare", "utilization", "--table", "figures",
                            "-f", "json", *paths).stdout)["figures"]["rows"]
    svg = Svg(folder + "/copies.svg")
    points = [p for p in svg.strokes[BLUE] if len(p) == 3][0]
    affine([(n, x) for n, (x, _) in zip((1, 5, 11), points)], 0.01)
    affine([(row["utilization.busy"], y) for row, (_, y) in zip(groups, points)], 0.01)
    run("compare", "utilization", "--plot", folder + "/copies.pdf", *paths)
    assert re.search(r"^\s+copies$", pdf_text(folder + "/copies.pdf"), re.M)
    # So is a table of one row, here the time on the CPU: 1.001, 5.001 and 11.001 ms.
    run("compare", "tasks", "--table", "tasks", "--columns", "on_cpu", "--plot",
        folder + "/row.svg", *paths)
    points = [p for p in Svg(folder + "/row.svg").strokes[BLUE] if len(p) == 3][0]
    affine([(n + 0.001, y) for n, (_, y) in zip((1, 5, 11), points)], 0.01)


print("1..%d" % len(tests))
failed = 0
for number, f in enumerate(tests, 1):
    with tempfile.TemporaryDirectory() as directory:
        name = f.__name__.replace("_", " ")
        try:
            f(directory)
            print("ok %d - %s" % (number, name), flush=True)
        except Exception as e:   # an assertion, or a picture that cannot be read
            failed = 1
            print("not ok %d - %s" % (number, name))
            print("\n".join("# " + line for line in
                            ("%s: %s" % (type(e).__name__, str(e)[:3000])).splitlines()), flush=True)
sys.exit(failed)
