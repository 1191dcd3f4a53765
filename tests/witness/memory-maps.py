#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""memory-maps.py SCHEDREC SCHEDCONV SCHEDREPORT PROGRAM: memory against /proc.

PROGRAM says at many points what /proc says of it; analysis memory is asked about the same moments.
"""
import json
import os
import platform
import subprocess
import sys
import tempfile

POINTS = 28
# Kernels before 6.2 count the pages of a thread 64 at a time.
LAG = 0 if [int(n) for n in platform.release().split('.')[:2]] >= [6, 2] else 64 * 4096


def main():
    schedrec, schedconv, schedreport, program = map(os.path.abspath, sys.argv[1:])
    if os.geteuid() != 0 or not os.path.exists('/sys/kernel/tracing/instances'):
        print('1..0 # SKIP needs root and tracefs')
        return 0
    claims = []
    with tempfile.TemporaryDirectory() as work:
        trace, tar = os.path.join(work, 't.dat'), os.path.join(work, 't.tar')
        out = subprocess.run([schedrec, '-q', '-e', 'sched,mm', '-o', trace, '--', program],
                             check=True, stdout=subprocess.PIPE, text=True).stdout
        subprocess.run([schedconv, '-q', trace, tar], check=True)
        points = [line.split() for line in out.splitlines()]
        for name, *figures in points:
            pid, time, mapped, resident = map(int, figures)
            text = subprocess.run([schedreport, 'memory', '-q', '-t', 'memory', '-f', 'json',
                                   '-p', str(pid), '-w', ':@%d' % time, tar], check=True,
                                  stdout=subprocess.PIPE).stdout
            row = (json.loads(text)['memory']['rows'] or [{}])[-1]
            if name == '32-bit-call':
                mapped = None
            got = row.get('mapped_bytes')
            claims.append((got == mapped, '%s: %s bytes are mapped, by /proc/self/maps %s' % (
                name, got, mapped)))
            got = row.get('rss_bytes', 0)
            claims.append((abs(got - resident) <= LAG, '%s: %d bytes are resident, by '
                           'smaps_rollup %d' % (name, got, resident)))
    told = [name for name, *_ in points if name != '32-bit-call']
    claims.append((len(told) == POINTS, 'the program came to its end'))
    for number, (good, claim) in enumerate(claims, 1):
        print('%s %d - %s' % ('ok' if good else 'not ok', number, claim))
    print('1..%d' % len(claims))
    return 0


if __name__ == '__main__':
    sys.exit(main())
