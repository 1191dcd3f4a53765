#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""rooms.py ROOT: the folders keep to the table of docs/pipeline.md, and names say where a file is."""
import os
import re
import subprocess
import sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from tap import claim, done

ROOT = sys.argv[1]
PUBLIC = "libschedtrace/schedtrace"
# Programs that stand for themselves, and may be called what a user would call them.
APART = ("examples", "bench", "tests", "build")


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        return f.read()


def sources():
    """Paths of all C files of the house, from the root."""
    for folder, folders, files in os.walk(ROOT):
        here = os.path.relpath(folder, ROOT)
        folders[:] = [f for f in folders if not f.startswith(".") and
                      not (here == "." and f in APART)]
        yield from (os.path.normpath(os.path.join(here, f)) for f in files if f[-2:] in (".c", ".h"))


def rooms():
    """{room: rooms that it may know} of the document's table."""
    rows = re.findall(r"^\| `([\w/-]+)` \|[^|]*\|([^|]*)\|$", read("docs/pipeline.md"), re.M)
    return {room: set(re.findall(r"`([\w/-]+)`", known)) for room, known in rows}


def room_of(path, table):
    """The longest room of the table that the path lies in."""
    return max((r for r in table if path.startswith(r + "/")), key=len, default=None)


table = rooms()
files = sorted(sources())
includes = [(f, i) for f in files for i in re.findall(r'^#include "([^"]+)"', read(f), re.M)]

homeless = [f for f in files if not room_of(f, table)]
claim(len(table) > 10 and not homeless, "every file is in a room of the table", *homeless)
claim(all(k in table for known in table.values() for k in known) and
      all(os.path.isdir(os.path.join(ROOT, r)) for r in table), "every room of the table is there")

astray = [f"{f}: {i}" for f, i in includes if i != "config.h" and
          (i not in files or i.startswith(PUBLIC))]
claim(not astray, 'a header is named "room/file.h" from the root, a public one <schedtrace/x.h>',
      *astray)

arrows = {}
for f, i in includes:
    a, b = room_of(f, table), room_of(i, table)
    if i != "config.h" and a != b:
        arrows.setdefault((a, b), []).append(f"{f}: {i}")
strange = [f"{a} -> {b}: {', '.join(where)}" for (a, b), where in sorted(arrows.items())
           if b not in table[a]]
claim(not strange, "no room knows one that the table does not let it know", *strange)
idle = [f"{a} -> {b}" for a in table for b in sorted(table[a]) if (a, b) not in arrows]
claim(not idle, "the table lists no arrow that nobody uses", *idle)

circles = []
for a in table: # from the room along its arrows; back to it is a circle
    seen, todo = set(), [a]
    while todo:
        for b in table[todo.pop()]:
            if b == a:
                circles.append(a)
            if b not in seen:
                seen.add(b)
                todo.append(b)
claim(not circles, "no room knows itself through others", *circles)

places = {}
for f in files:
    if not f.startswith(PUBLIC):
        places.setdefault(os.path.basename(f)[:-2], set()).add(os.path.dirname(f))
twice = [f"{name}: {', '.join(sorted(p))}" for name, p in sorted(places.items()) if len(p) > 1]
claim(not twice, "no two files share a base name but X.c and X.h", *twice)

guards = [f for f in files if f.endswith(".h") and not f.startswith(PUBLIC) and
          f"#ifndef {re.sub('[^A-Z0-9]', '_', f.upper())}\n" not in read(f)]
claim(not guards, "a header's guard is its path", *guards)

unsorted = []
for f in files:
    for run in re.findall(r'(?:^#include "[^"]+"\n)+', read(f), re.M):
        lines = run.splitlines()
        if lines != sorted(set(lines)):
            unsorted.append(f)
claim(not unsorted, "includes are sorted, and none stands twice", *unsorted)

wide = [f"{f}:{i}" for f in files for i, line in enumerate(read(f).splitlines(), 1)
        if len(line.expandtabs(8)) > 100]
claim(not wide, "no line is wider than 100 columns", *wide)

builds = [b for b in subprocess.run(["git", "-C", ROOT, "ls-files", "*meson.build"],
                                    capture_output=True, text=True).stdout.split()
          if b.split("/")[0] not in APART]
crowded = []
for b in builds or [r + "/meson.build" for r in table]:
    if not os.path.exists(os.path.join(ROOT, b)):
        continue
    for run in re.findall(r"(?:^ +'[\w/]+\.c',\n)+", read(b), re.M):
        names = re.findall(r"'([\w/]+)\.c'", run)
        groups = {}
        for n in names:
            groups.setdefault(os.path.dirname(n), []).append(n)
        if any(g != sorted(g) for g in groups.values()):
            crowded.append(b)
    crowded += [b for l in read(b).splitlines() if re.search(r"\.c', *'[\w/]+\.c'", l)]
claim(not crowded, "lists of sources are sorted, one a line", *crowded)
done()
