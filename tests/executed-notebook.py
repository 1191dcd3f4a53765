#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A notebook, run by nbclient as Jupyter would, prints what is stored in it.
Usage: executed-notebook.py NOTEBOOK.ipynb FOLDER-OF-PROGRAMS [--update]; --update stores the outputs."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from tap import claim, done, skip   # noqa: E402

PATH, NAME = os.path.abspath(sys.argv[1]), os.path.basename(sys.argv[1])
try:
    import ipykernel  # noqa: F401
    import nbclient
    import nbformat
    import pandas   # noqa: F401
except ImportError as error:
    skip(f"{NAME} runs", f"{error}: python3-nbclient, python3-ipykernel and python3-pandas are needed")
    done()

os.environ["PATH"] = os.path.abspath(sys.argv[2]) + ":" + os.environ["PATH"]
stored = nbformat.read(PATH, as_version=4)
ran = nbformat.read(PATH, as_version=4)
nbclient.NotebookClient(ran, timeout=300, resources={"metadata": {"path": os.path.dirname(PATH)}}).execute()
for cell in ran.cells:
    cell.metadata.pop("execution", None)


def printed(cell):
    """Its text; a picture's bytes depend on the version of zlib."""
    return [o.get("text") or o["data"].get("text/plain") for o in cell.get("outputs", [])]


for number, (a, b) in enumerate(zip(stored.cells, ran.cells)):
    if b.cell_type == "code":
        claim("--update" in sys.argv or printed(a) == printed(b), f"cell {number} prints what is stored",
              printed(a), printed(b))
claim(any("image/png" in o.get("data", {}) for c in ran.cells for o in c.get("outputs", [])),
      "a picture comes of it")
if "--update" in sys.argv:
    nbformat.write(ran, PATH)
done()
