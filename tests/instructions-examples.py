#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The examples of docs/instructions.md draw what it says.
Usage: instructions-examples.py SCHEDVIEW SOURCE [--update]; --update draws the pictures and writes
the numbers of rows."""
import json
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from tap import claim, done   # noqa: E402

VIEW, SOURCE, UPDATE = os.path.abspath(sys.argv[1]), sys.argv[2], "--update" in sys.argv
PAGE = SOURCE + "/docs/instructions.md"
EXAMPLE = re.compile(r"```json\n(.*?)```\n\n!\[.*?\]\((pictures/.*?)\)\n`.*? examples/traces/(\S+)`: (\d+) rows",
                     re.S)
with open(PAGE, encoding="utf-8") as f:
    page = f.read()
examples = EXAMPLE.findall(page)
claim(len(examples) == page.count("```json"), "each example has a picture", len(examples))


def operations(value):
    """Words that an example shows: of steps, of values, of moving windows."""
    if isinstance(value, list):
        if value and isinstance(value[0], str) and len(value) > 1:
            yield value[0]
            if value[0] == "rolling":
                yield value[2]
        for part in value:
            yield from operations(part)


shown = set()
with tempfile.TemporaryDirectory() as directory:
    for text, picture, trace, rows in examples:
        path, trace = directory + "/example.json", f"{SOURCE}/examples/traces/{trace}"
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        for category in json.loads(text)["c"]:
            shown.update(operations(category["concatenate"]))
        p = subprocess.run([VIEW, "stats", "-q", "-f", "json", "-i", path, trace],
                           stdout=subprocess.PIPE, text=True)
        stats = json.loads(p.stdout)
        found = sum(c["rows"] for c in stats["categories"])
        claim(not stats["failed"] and len(stats["categories"]) == len(json.loads(text)["c"]),
              f"every category of {picture} is drawn", stats["failed"])
        if UPDATE:
            page = page.replace(f"({picture})\n", f"({picture})\n\0", 1)
            page = re.sub("\0(.*): \\d+ rows", lambda m: f"{m[1]}: {found} rows", page)
            subprocess.run([VIEW, "figure", "-q", "-i", path, "--size", "800x360", "--title", "", "-o",
                            f"{SOURCE}/docs/{picture}", trace], check=True)
        else:
            claim(found == int(rows), f"{picture} has {rows} rows", found)
        claim(os.path.exists(f"{SOURCE}/docs/{picture}"), f"{picture} is there")
expected = {"query", "=", "+", "-", "/", "rolling", "sum", "mean", "median", "argsort"}
claim(expected <= shown, "every operation is shown", expected - shown)
if UPDATE:
    with open(PAGE, "w", encoding="utf-8") as f:
        f.write(page)
done()
