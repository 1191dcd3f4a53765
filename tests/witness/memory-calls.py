#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""memory-calls.py SCHEDREC SCHEDCONV PROGRAM: rows of memory calls against who made them.

PROGRAM prints its calls; its faults are compared with getrusage, its memory with /proc.
"""
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile

FENCE = ('CALL_FAILED mmap', 0, -22)


def load(path, numpy):
    tar = tarfile.open(path, 'r:')
    read = lambda name: tar.extractfile(name).read()
    names = dict((int(i), n) for i, n in (line.split(' ') for line in read(
        'sched_log_traced_events.start').decode().splitlines()))
    column = lambda name: numpy.load(io.BytesIO(read(name + '.npz')))[name].tolist()
    for pid, event, arg0, arg1 in zip(*map(column, ('pid', 'event', 'arg0', 'arg1'))):
        name = names[event]
        if name == 'CALL_FAILED':
            name, arg0 = 'CALL_FAILED ' + {'MREMAP_FROM': 'mremap'}.get(
                names[arg0], names[arg0].lower()), 0
        yield pid, name, arg0, arg1


def main():
    schedrec, schedconv, program = sys.argv[1:]
    try:
        import numpy
    except ImportError:
        print('1..0 # SKIP numpy is not installed')
        return 0
    if os.geteuid() != 0 or not os.path.exists('/sys/kernel/tracing/instances'):
        print('1..0 # SKIP needs root and tracefs')
        return 0
    # libtracefs keeps the name of its mount point for good.
    env = dict(os.environ, ASAN_OPTIONS='detect_leaks=0')
    with tempfile.TemporaryDirectory() as work:
        trace, tar = os.path.join(work, 't.dat'), os.path.join(work, 't.tar')
        out = subprocess.run([schedrec, '-q', '-e', 'sched,mm,pages', '-b', '65536', '-o', trace, '--',
                              os.path.abspath(program)], env=env, check=True,
                             stdout=subprocess.PIPE).stdout.decode()
        subprocess.run([schedconv, '-q', trace, tar], check=True)
        rows = list(load(tar, numpy))
    words = [line.split() for line in out.splitlines()]
    said = {w[0]: int(w[1]) for w in words if w[0] != 'row'}
    expected = [(int(w[1]), ' '.join(w[2:-2]), int(w[-2]), int(w[-1]))
                for w in words if w[0] == 'row']
    pid = said['pid']
    fences = [i for i, r in enumerate(rows) if r == (pid,) + FENCE]
    ok = lambda good, n, claim: print('%s %d - %s' % ('ok' if good else 'not ok', n, claim))
    print('1..6')
    good = len(fences) == 4
    ok(good, 1, 'the four calls of length 0 failed with EINVAL')
    if not good:
        return 1
    calls = {'MMAP', 'MUNMAP', 'MREMAP_FROM', 'MREMAP_TO', 'BRK', 'CALL_FAILED mmap',
             'CALL_FAILED munmap', 'CALL_FAILED mremap', 'CALL_FAILED brk'}
    got = [r for r in rows[fences[0]:fences[1] + 1] if r[0] == pid and r[1] in calls]
    want = expected[:len(got)]
    claim = 'all %d rows of mmap, munmap, mremap and brk are the calls that were made' % len(got)
    good = got == want and len(got) == 17
    ok(good, 2, claim)
    if not good:
        for pair in zip(got, want):
            print('#', *pair)
    others = {r for r in expected if r[0] != pid}
    found = others & set(rows)
    ok(len(others) == 5 and found == others, 3,
       'a thread and a child made %d calls, each under its own pid' % len(others))
    section = rows[fences[2]:fences[3]]
    faults = sum(r[0] == pid and r[1].startswith('PAGE_FAULT') for r in section)
    ok(abs(faults - said['faults']) <= 0.005 * said['faults'], 4,
       '%d page faults, %d by getrusage: within 0.5 %%' % (faults, said['faults']))
    pages = sum(1 << r[3] for r in section if r[0] == pid and r[1] == 'PAGE_ALLOC')
    # Tables of these pages take one more for each 512; some faults need no new page.
    ok(0.99 * said['faults'] <= pages <= 1.01 * said['faults'], 5,
       '%d pages were allocated, for %d faults: within 1 %%' % (pages, said['faults']))
    rss = {}
    for r in rows[:fences[3]]:
        if r[0] == pid and r[1] in ('RSS_FILE', 'RSS_ANON', 'RSS_SHMEM'):
            rss[r[1]] = r[2]
    total = sum(rss.values())
    ok(abs(total - said['rss']) <= 524288, 6,
       '%d bytes resident, %d by statm: within what statm may lag' % (total, said['rss']))
    return 0


if __name__ == '__main__':
    sys.exit(main())
