#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Prints how many claims of test logs passed, failed and were skipped.

usage: count.py [--seconds FILE] TESTLOG.json...

The logs are meson's. A program that prints TAP makes a claim a line; any other makes one. One that
crashed, hung or stopped short of its plan has failed, whatever it had printed by then. What the
failed programs said of their failed claims goes to stderr. The seconds that the programs of each
suite ran are appended to the file, a suite a line.
"""
import collections
import json
import os
import re
import sys

TAP = re.compile(r'^(not )?ok\b(?:(?!\s#).)*(?:\s#\s*(SKIP|TODO)\b)?', re.IGNORECASE)


def claims(log):
    """(passed, failed, skipped) of one test program."""
    passed = failed = skipped = 0
    for line in log.get('stdout', '').splitlines():
        match = TAP.match(line)
        if not match:
            continue
        if match[2] and match[2].upper() == 'SKIP':
            skipped += 1
        elif bool(match[1]) != bool(match[2]):
            failed += 1
        else:
            passed += 1
    if log['result'] in ('OK', 'EXPECTEDFAIL'):
        passed += not (passed or skipped)
    elif log['result'] == 'SKIP':
        skipped += not skipped
    else:
        failed += not failed
    return passed, failed, skipped


def failures(log):
    """Failed claims of a program and the comments that follow them."""
    shown = False
    for line in log.get('stdout', '').splitlines():
        match = TAP.match(line)
        if match:
            shown = bool(match[1]) and not match[2]
        if shown:
            yield line


paths = sys.argv[1:]
seconds_file = None
if paths[:1] == ['--seconds']:
    seconds_file = paths[1]
    del paths[:2]
total = [0, 0, 0]
seconds = collections.Counter()
for path in paths:
    build = os.path.basename(os.path.dirname(os.path.dirname(os.path.abspath(path))))
    with open(path, encoding='utf-8', errors='surrogateescape') as file:
        for line in file:
            log = json.loads(line)
            counts = claims(log)
            suite = re.match(r'[^:/]*:(\S*)', log['name'])
            seconds[build, suite[1] if suite else 'others'] += log['duration']
            total = [a + b for a, b in zip(total, counts)]
            if counts[1]:
                print(f'\n{log["name"]}: {log["result"]}', *failures(log), sep='\n',
                      file=sys.stderr)
if seconds_file:
    with open(seconds_file, 'a', encoding='utf-8') as file:
        for (build, suite), n in seconds.items():
            file.write(f'{n:7.0f} {build}: {suite}\n')
print(*total)
