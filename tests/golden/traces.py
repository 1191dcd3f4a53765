#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Prints TAP: each tarball of examples/traces/ is what schedconv makes of its trace.dat today.

usage: traces.py SCHEDCONV FOLDER

Columns are compared as numpy reads them, JSON as Python reads it, everything else byte by byte.
"""
import io
import json
import pathlib
import subprocess
import sys
import tarfile
import tempfile

import numpy


def content(name, data):
    if name.endswith('.npz'):
        with numpy.load(io.BytesIO(data), allow_pickle=False) as arrays:
            return {key: arrays[key] for key in arrays.files}
    if name.endswith('.npy'):
        return {'': numpy.load(io.BytesIO(data), allow_pickle=False)}
    if name == 'index.json':
        return None     # places in the compressed members, which depend on the deflater
    if name.endswith('.json'):
        return json.loads(data)
    return data


def members(path):
    with tarfile.open(path) as tar:
        return {m.name: content(m.name, tar.extractfile(m).read()) for m in tar}


def differences(old, new):
    for name in sorted(old.keys() | new.keys()):
        if name not in old or name not in new:
            yield f'{name}: only in the {"old" if name in old else "new"} tarball'
            continue
        a, b = old[name], new[name]
        if isinstance(a, dict) and a and isinstance(next(iter(a.values())), numpy.ndarray):
            for key in sorted(a.keys() | b.keys()):
                if key not in a or key not in b:
                    yield f'{name}: array {key} is missing on one side'
                elif a[key].dtype != b[key].dtype or not numpy.array_equal(a[key], b[key]):
                    yield f'{name}: array {key} differs'
        elif a != b:
            yield f'{name} differs'


schedconv, folder = sys.argv[1], pathlib.Path(sys.argv[2])
traces = sorted(folder.glob('*.dat'))
print(f'1..{2 * len(traces)}')
number = 0
for trace in traces:
    with tempfile.TemporaryDirectory() as scratch:
        new = pathlib.Path(scratch) / 'new.tar'
        run = subprocess.run([schedconv, '-q', trace, new], stderr=subprocess.PIPE, text=True)
        if run.returncode:
            found = [f'schedconv ended with status {run.returncode}: {run.stderr}']
        else:
            found = list(differences(members(trace.with_suffix('.tar')), members(new)))
    small = trace.stat().st_size < 2 << 20
    for good, claim in ((not found, f'{trace.stem}.tar is what schedconv makes of {trace.name}'),
                        (small, f'{trace.name} is smaller than 2 MiB')):
        number += 1
        print(f'{"ok" if good else "not ok"} {number} - {claim}')
    for line in found:
        print('#', line)
