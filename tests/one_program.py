#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""one_program.py ROOT OUT ROOM...: a C file that includes every header of these rooms, and the
library's public ones, and is a program."""
import os
import sys

root, out, *rooms = sys.argv[1:]
with open(out, "w", encoding="utf-8") as f:
    for room in rooms:
        for folder, folders, files in os.walk(os.path.join(root, room)):
            folders.sort()
            for name in sorted(n for n in files if n.endswith(".h")):
                f.write(f'#include "{os.path.relpath(os.path.join(folder, name), root)}"\n')
    f.write("int main(void)\n{\n\treturn 0;\n}\n")
