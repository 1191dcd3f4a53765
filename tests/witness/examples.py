#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Prints TAP: what schedreport says of the traces in examples/traces/ is what trace-cmd shows.

usage: examples.py SCHEDREPORT FOLDER

Per pid: switches by prev_state, ns charged by sched_stat_runtime, migrations by
sched_migrate_task, and how often each CPU switched.
"""
import collections
import json
import pathlib
import re
import subprocess
import sys

LINE = re.compile(r'\s\[(\d+)\]\s+\d+\.\d+: (\w+):\s+(.*)')
SWITCH = re.compile(r'prev_pid=(\d+) prev_prio=\S+ prev_state=(\w+) ')
MIGRATE = re.compile(r' pid=(\d+) prio=\S+ orig_cpu=(\d+) dest_cpu=(\d+)')
RUNTIME = re.compile(r' pid=(\d+) runtime=(\d+)')

schedreport, folder = sys.argv[1], pathlib.Path(sys.argv[2])
number = 0


def claim(sentence, ours, theirs):
    global number
    number += 1
    ours, theirs = ({k: v for k, v in d.items() if v} for d in (ours, theirs))
    print(f'{"ok" if ours == theirs else "not ok"} {number} - {sentence}')
    for key in sorted(ours.keys() | theirs.keys()):
        if ours.get(key) != theirs.get(key):
            print(f'# {key}: ours {ours.get(key)}, trace-cmd {theirs.get(key)}')


def by(rows, key, column):
    sums = collections.Counter()
    for row in rows:
        sums[row[key]] += row[column] or 0
    return sums


total = collections.Counter()
traces = sorted(folder.glob('*.dat'))
for trace in traces:
    voluntary, involuntary, charged, moved, switches = (collections.Counter() for _ in range(5))
    text = subprocess.run(['trace-cmd', 'report', '-R', '-t', '-i', trace], check=True,
                          capture_output=True).stdout.decode(errors='replace')
    for line in text.splitlines():
        match = LINE.search(line)
        if not match:
            continue
        cpu, event, fields = int(match[1]), match[2], match[3]
        if event == 'sched_switch':
            pid, state = SWITCH.search(fields).groups()
            switches[cpu] += 1
            if pid != '0':
                # 0 is running, 256 preempted, on the kernel that these were recorded on
                (involuntary if state in ('0', '256') else voluntary)[int(pid)] += 1
        elif event == 'sched_stat_runtime':
            pid, ns = RUNTIME.search(' ' + fields).groups()
            charged[int(pid)] += int(ns)
        elif event == 'sched_migrate_task':
            pid, old, new = MIGRATE.search(' ' + fields).groups()
            moved[int(pid)] += old != new
    reports = json.loads(subprocess.run(
        [schedreport, 'tasks', 'cpus', '--format', 'json', trace.with_suffix('.tar')],
        check=True, capture_output=True).stdout)
    tasks, cpus = reports['tasks']['rows'], reports['cpus']['rows']
    name = trace.stem
    claim(f'{name}: voluntary switches of every task', by(tasks, 'pid', 'switches_voluntary'),
          voluntary)
    claim(f'{name}: involuntary switches of every task',
          by(tasks, 'pid', 'switches_involuntary'), involuntary)
    claim(f'{name}: ns charged to every task', by(tasks, 'pid', 'charged_ns'), charged)
    claim(f'{name}: migrations of every task', by(tasks, 'pid', 'migrations'), moved)
    claim(f'{name}: switches of every CPU', by(cpus, 'cpu', 'switches'), switches)
    total.update(voluntary=len(voluntary), involuntary=len(involuntary), charged=len(charged),
                 migrated=len(moved), cpus=len(switches))
number += 1
good = len(total) == 5 and all(total.values())
print(f'{"ok" if good else "not ok"} {number} - there was something to compare in each respect')
print(f'1..{number}')
