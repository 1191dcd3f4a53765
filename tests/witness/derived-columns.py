#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""derived-columns.py SCHEDCONV TRACE.dat[.xz]...: the columns of --derive against numpy's."""
import io
import lzma
import os
import subprocess
import sys
import tarfile
import tempfile


def load(path, np):
    tar = tarfile.open(path, 'r:')
    out = {}
    for m in tar.getmembers():
        if m.name.endswith('.npz'):
            npz = np.load(io.BytesIO(tar.extractfile(m).read()), allow_pickle=False)
            out[m.name[:-4]] = npz[m.name[:-4]]
    ids = dict(reversed(line.split(' ')) for line in tar.extractfile(
        'sched_log_traced_events.start').read().decode().splitlines())
    return out, {name: int(i) for name, i in ids.items()}


def next_of(np, timestamp, key, ours):
    """The timestamp of the next row with the same key among those of ours, else the row's own."""
    n = len(timestamp)
    # Rows of one key side by side, each behind those of ours that follow it, latest first.
    order = np.lexsort((-np.arange(n), key))
    out = timestamp.copy()
    where = np.where(ours[order], np.arange(n), -1)
    begin = np.concatenate(([True], key[order][1:] != key[order][:-1]))
    first = np.maximum.accumulate(np.where(begin, np.arange(n), 0))
    last = np.concatenate(([-1], np.maximum.accumulate(where)[:-1]))
    known = last >= first
    out[order[known]] = timestamp[order[last[known]]]
    return out


def with_frequencies(data):
    """The machine that recorded it has no frequencies: its idle states pose as such."""
    at = data.index(b'name: cpu_idle\n')
    text = data[at:at + 600]
    new = text.replace(b'cpu_idle\n', b'cpu_frequency\n', 1).replace(b'state=%lu ', b's=%lu ', 1)
    new = new.replace(b' cpu_id=%lu', b'cpu_id=%lu', 1)
    assert len(new) == len(text)
    return data[:at] + new + data[at + 600:]


def main():
    try:
        import numpy as np
    except ImportError:
        print('1..0 # SKIP numpy is not installed')
        return 0
    schedconv, bad = os.path.abspath(sys.argv[1]), 0
    paths = [(path, lambda data: data) for path in sys.argv[2:]]
    paths.append((sys.argv[2], with_frequencies))
    print('1..%d' % (4 * len(paths)))
    for i, (path, change) in enumerate(paths):
        with tempfile.TemporaryDirectory() as work:
            trace, plain, derived = (os.path.join(work, x) for x in ('t.dat', 'p.tar', 'd.tar'))
            opener = lzma.open if path.endswith('.xz') else open
            with opener(path, 'rb') as src, open(trace, 'wb') as dst:
                dst.write(change(src.read()))
            subprocess.run([schedconv, '-q', trace, plain], check=True)
            subprocess.run([schedconv, '-q', '--derive', trace, derived], check=True)
            before, ids = load(plain, np)
            c, _ = load(derived, np)
            left = sorted(os.listdir(work)) == ['d.tar', 'p.tar', 't.dat']
        event, ts = c['event'].astype(np.int64), c['timestamp']
        every = np.ones(len(ts), bool)
        sleeps = (event == ids['BLOCK']) | (event == ids['WAKEUP'])
        frequency = np.full(len(ts), np.nan)
        for cpu in np.unique(c['cpu']):
            rows = np.flatnonzero(c['cpu'] == cpu)
            at = np.maximum.accumulate(np.where(event[rows] == ids['TICK'],
                                                np.arange(len(rows)), -1))
            known = at >= 0
            frequency[rows[known]] = c['arg1'][rows[at[known]]]
        name = os.path.basename(path) + ', with frequencies' * (change is with_frequencies)
        results = [
            (left and all(np.array_equal(before[k], c[k]) for k in before),
             'the other columns are as without --derive'),
            (np.array_equal(c['nxt_timestamp_of_same_evt_on_same_cpu'],
                            next_of(np, ts, event << 32 | c['cpu'], every)),
             'the next row of the same event on the same CPU'),
            (np.array_equal(c['nxt_blk_wkp_of_same_pid'],
                            next_of(np, ts, c['pid'].astype(np.int64), sleeps)),
             'the next block or wakeup of the same pid'),
            (np.array_equal(c['prv_frq_on_same_cpu'], frequency, equal_nan=True) and
             (change is not with_frequencies or np.isfinite(frequency).sum() > len(ts) / 4),
             'the latest frequency of the CPU')]
        for k, (good, claim) in enumerate(results):
            bad += not good
            print('%s %d - %s: %s' % ('ok' if good else 'not ok', 4 * i + k + 1, name, claim))
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
