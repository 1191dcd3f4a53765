#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""schedconv-inputs.py SCHEDCONV MIXED.dat.xz LOSSY.dat.xz: what schedconv says of odd inputs.

The inputs are recordings in which some bytes are replaced by as many others.
"""
import io
import json
import lzma
import os
import re
import struct
import subprocess
import sys
import tarfile
import tempfile

n = failed = 0


def ok(good, claim, *why):
    global n, failed
    n += 1
    failed += not good
    print('%s %d - %s' % ('ok' if good else 'not ok', n, claim))
    for line in () if good else why:
        print('#', line)


def main():
    schedconv = os.path.abspath(sys.argv[1])
    mixed, lossy = (lzma.open(path).read() for path in sys.argv[2:4])
    os.chdir(work)

    def run(*args, status=0, data=None):
        if data is not None:
            open('in.dat', 'wb').write(data)
        r = subprocess.run([schedconv, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        text = r.stderr.decode()
        why = '%s: status %d, output %r %r' % (args, r.returncode, r.stdout, text)
        return r.returncode == status and not r.stdout, text, why

    def swap(old, new, data=mixed):
        assert len(old) == len(new) and old in data, (old, new)
        return data.replace(old, new)

    def members(path):
        tar = tarfile.open(path, 'r:')
        return {m.name: tar.extractfile(m).read() for m in tar.getmembers()}

    good, text, why = run('in.dat', data=mixed)
    ok(good and text.endswith('\n') and 'schedconv: in.tar: ' in text and os.path.exists('in.tar'),
       'the tarball stands beside the trace, with .tar for .dat', why)
    whole = members('in.tar')
    good, text, why = run('-q', 'in.dat', 'out.tar')
    ok(good and text == '' and members('out.tar').keys() == whole.keys(), '-q prints nothing', why)
    required = {'timestamp', 'pid', 'event', 'cpu', 'arg0', 'arg1'}
    for tarball in 'in.dat', 'in.tar':
        for columns, extra in (('', set()), ('comm', {'comm'})):
            good, text, why = run('-q', '--columns', columns, tarball, 'few.tar')
            got = members('few.tar')
            ok(good and {n[:-4] for n in got if n.endswith('.npz')} == required | extra and
               ('comm.json' in got) == bool(extra) and got['pid.npz'] == whole['pid.npz'],
               '--columns %r of %s leaves the others out' % (columns, tarball), why, got.keys())
    os.unlink('few.tar')
    good, text, why = run('-q', '--columns', 'comm,nothing', 'in.tar', 'few.tar', status=2)
    ok(good and 'no column nothing' in text and not os.path.exists('few.tar'),
       'a column that is not there is told', why)
    listed = subprocess.run([schedconv, '--list-outputs'], stdout=subprocess.PIPE, text=True)
    ok(listed.returncode == 0 and listed.stdout.startswith('schedlog (.tar)\n\tkeeps '),
       '--list-outputs names the formats', listed.stdout)
    good, text, why = run('-q', '--to', 'schedlgo', 'in.dat', 'few.tar', status=2)
    ok(good and 'did you mean schedlog' in text and not os.path.exists('few.tar'),
       'a format that is not there is told, with the nearest', why)
    good, text, why = run('-q', '--to', 'schedlog', 'in.dat', 'strange.name')
    ok(good and members('strange.name').keys() == whole.keys(), '--to says what is made', why)
    good, text, why = run('--store', 'in.dat', 'stored.tar')
    ok(good and os.path.getsize('stored.tar') > os.path.getsize('in.tar'),
       '--store makes a larger file', why)
    good, text, why = run('in.dat', data=lossy)
    ok(good and 'note: records were lost in 3 places: 447 by count (LOST' in text,
       'lost records are noted, and the status is 0', why)
    good, text, why = run(status=2)
    ok(good and 'no trace.dat' in text, 'without a trace the usage is wrong', why)
    good, text, why = run('a', 'b', 'c', status=2)
    ok(good, 'three names are wrong usage', why)
    good, text, why = run('missing.dat', status=1)
    ok(good and 'missing.dat' in text and not os.path.exists('missing.tar'),
       'a missing trace is an error of the system, and leaves no tarball', why)
    good, text, why = run('in.dat', 'no/such/folder.tar', data=mixed, status=1)
    ok(good, 'so is a tarball in a folder that does not exist', why)

    clocks = b'local global counter uptime perf [mono] mono_raw boot tai x86-tsc'
    for clock in ('counter', 'uptime', 'x86-tsc'):
        chosen = clocks.replace(b'[mono]', b'mono').replace(clock.encode(), b'[%s]' % clock.encode())
        good, text, why = run('in.dat', 'clock.tar', status=3, data=swap(clocks, chosen))
        ok(good and clock in text and not os.path.exists('clock.tar'),
           'the clock %s is refused by its name' % clock, why)

    good, text, why = run('in.dat', data=swap(b'name: sched_switch\n', b'name: sched_snitch\n'))
    ok(good and 'no sched_switch records: run times' in text,
       'without sched_switch a note says what cannot be computed', why)
    ok('sched:sched_switch was recorded, but the file has no format of it' in text and
       re.search(r'no rows.*: \d{3,} of sched:sched_snitch', text),
       'that it was recorded is told, and how many records it is', why)
    good, text, why = run('in.dat', data=swap(b'name: sched_waking\n', b'name: sched_wiking\n'))
    ok(good and 'no sched_waking records: who woke a task' in text,
       'so it does without sched_waking', why)
    good, text, why = run('in.dat', data=swap(b' prev_pid;', b' prev_pit;'))
    ok(good and 'sched:sched_switch is not converted' in text and 'prev_pid' in text,
       'an event that lacks a field is named and left out', why)
    ok(re.search(r'\d{3,} records of sched:sched_switch are left out: .* cannot be used', text),
       'and its records are counted', why)
    good, text, why = run('in.dat', data=swap(b'name: raw_data\n', b'name: rlw_data\n'))
    ok(good and 'no format of ftrace:raw_data, of which the recorder' in text and
       'of ftrace:rlw_data' in text, 'so it is told where the markers of schedrec have no format', why)
    bad_line = swap(b'field:pid_t prev_pid;', b'fie|d:pid_t prev_pid;')
    good, text, why = run('in.dat', 'bad.tar', data=bad_line, status=3)
    ok(good and 'the format text of sched:sched_switch is damaged: line 10 of it' in text and
       'its records of sched:sched_switch cannot be read' in text and not os.path.exists('bad.tar'),
       'a file with a damaged line in a format text is refused', why)
    good, text, why = run('--salvage', 'in.dat', 'bad.tar', status=4)
    ok(good and re.search(r'\d{3,} records of sched:sched_switch are left out: .* is damaged', text) and
       os.path.exists('bad.tar'), 'with --salvage only the records of that event are left out', why)
    unused = swap(b'name: hwlat\n', b'nbme: hwlat\n')
    good, text, why = run('in.dat', data=unused)
    ok(good and 'is damaged: line 1 of it' in text, 'one of an event without records is told', why)

    table = mixed.index(b'flyrecord\0') + 10
    empty = bytearray(mixed)
    for cpu in range(2):
        empty[table + cpu * 16 + 8:table + cpu * 16 + 16] = struct.pack('<Q', 0)
    good, text, why = run('in.dat', 'empty.tar', data=bytes(empty))
    ok(good and 'it holds no events' in text, 'a trace without events gives a note', why)
    try:
        import numpy
        got = {name: numpy.load(io.BytesIO(data))[name[:-4]]
               for name, data in members('empty.tar').items() if name.endswith('.npz')}
        ok(len(got) == 7 and all(len(c) == 0 and c.dtype.kind == 'i' for c in got.values()),
           'and empty columns of the usual types', got)
    except ImportError:
        ok(True, 'and empty columns of the usual types # SKIP numpy is not installed')

    good, text, why = run('in.dat', 'hostile.tar', data=swap(b'python3\0', b'\xff"<\n\x1b\\a\0'))
    names = json.loads(members('hostile.tar')['comm.json'])
    ok(good and '\\xff"<\n\x1b\\x5ca' in names and all(' ' <= c <= '~' or c == '\n' for c in text),
       'hostile names keep their bytes in the tarball', why, sorted(names))
    again = members('hostile.tar')
    ok(all(again[c + '.npz'] == whole[c + '.npz']
           for c in ('timestamp', 'pid', 'event', 'cpu')),
       'and change no other column than RENAME\'s', why)
    print('1..%d' % n)
    return 1 if failed else 0


if __name__ == '__main__':
    with tempfile.TemporaryDirectory() as work:
        sys.exit(main())
