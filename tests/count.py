#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Prints how many claims of test logs passed, failed and were skipped.

usage: count.py TESTLOG.json...

The logs are meson's. A program that prints TAP makes a claim a line; any other makes one. A
program that crashed, hung or stopped short of its plan makes one failed claim more, whatever it
had printed by then.
"""
import json
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
        failed += not failed or log['result'] != 'FAIL'
    return passed, failed, skipped


total = [0, 0, 0]
for path in sys.argv[1:]:
    with open(path, encoding='utf-8', errors='surrogateescape') as file:
        for line in file:
            total = [a + b for a, b in zip(total, claims(json.loads(line)))]
print(*total)
