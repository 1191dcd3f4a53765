#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the code of a notebook and compares what it prints with the outputs that are stored in it.

usage: notebook.py NOTEBOOK.ipynb [--update]

Prints TAP, a line a cell. --update stores the outputs instead. libschedtrace must be found.
"""
import ast
import contextlib
import io
import json
import os
import sys


def execute(source, names):
    """The outputs of a cell: what it printed, and the value of its last expression."""
    tree, printed, value = ast.parse(source), io.StringIO(), None
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, "cell", "exec"), names)
        if last:
            value = eval(compile(ast.Expression(last.value), "cell", "eval"), names)
    outputs = []
    if printed.getvalue():
        outputs.append({"name": "stdout", "output_type": "stream",
                        "text": printed.getvalue().splitlines(True)})
    if value is not None:
        outputs.append({"data": {"text/plain": repr(value).splitlines(True)},
                        "execution_count": None, "metadata": {},
                        "output_type": "execute_result"})
    return outputs


path = os.path.abspath(sys.argv[1])
with open(path) as f:
    notebook = json.load(f)
os.chdir(os.path.dirname(path))
sys.path.insert(0, os.path.dirname(path))
cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
names, failed = {"__name__": "__main__"}, 0
print(f"1..{len(cells) + 2}")
for number, cell in enumerate(cells, 1):
    title = "".join(cell["source"]).splitlines()[0]
    try:
        outputs = execute("".join(cell["source"]), names)
    except Exception as error:
        outputs = [repr(error)]
    for output in outputs:
        if isinstance(output, dict) and "execution_count" in output:
            output["execution_count"] = number
    if "--update" in sys.argv:
        cell["outputs"], cell["execution_count"] = outputs, number
    good = outputs == cell["outputs"] and cell["execution_count"] == number
    failed += not good
    print(f"{'ok' if good else 'not ok'} {number} - cell {number} gives its output: {title}")
    if not good:
        print("# stored:", json.dumps(cell["outputs"]), "\n# found: ", json.dumps(outputs))
if "--update" in sys.argv:
    with open(path, "w") as f:
        json.dump(notebook, f, indent=1, ensure_ascii=False, sort_keys=True)
        f.write("\n")
good = notebook["nbformat"] == 4 and all(cell["outputs"] for cell in cells[1:])
failed += not good
print(f"{'ok' if good else 'not ok'} {len(cells) + 1} - every cell but the first shows something")
try:
    import nbformat
    nbformat.validate(nbformat.from_dict(notebook))
    print(f"ok {len(cells) + 2} - nbformat finds it valid")
except ImportError:
    print(f"ok {len(cells) + 2} - nbformat finds it valid # SKIP python3-nbformat is not installed")
except nbformat.ValidationError as error:
    failed += 1
    print(f"not ok {len(cells) + 2} - nbformat finds it valid\n# {error}")
sys.exit(failed > 0)
