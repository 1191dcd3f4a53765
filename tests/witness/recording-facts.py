#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""recording-facts.py SCHEDREC SCHEDCONV: meta.json and tasks.json against the system recorded."""
import gzip
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time

# Prints what it makes: its own ids, a child that execs, a thread, and a child of the child.
WORK = r'''
import os, subprocess, sys, threading
def line(*words):
    os.write(1, (' '.join(map(str, words)) + '\n').encode())
line('self', os.getpid(), os.getppid())
t = threading.Thread(target=lambda: line('thread', threading.get_native_id()))
t.start()
t.join()
r = subprocess.run(['sh', '-c', 'echo shell $$; sleep 0.01 & echo sleep $!; wait; exit 3'])
open('/proc/self/comm', 'w').write('ren\\amed')
sys.exit(7)
'''
n = failed = 0


def ok(good, claim, *why):
    global n, failed
    n += 1
    failed += not good
    print('%s %d - %s' % ('ok' if good else 'not ok', n, claim))
    for line in () if good else why:
        print('#', line)


def timer_hz_of_the_configuration():
    """CONFIG_HZ, None where the configuration is not kept."""
    for path, opened in ('/proc/config.gz', gzip.open), ('/boot/config-' + os.uname().release,
                                                         open):
        if os.path.exists(path):
            with opened(path, 'rt') as f:
                return next((int(line[10:]) for line in f if line.startswith('CONFIG_HZ=')), None)
    return None


def clocks():
    """Wall clock and monotonic clock, of several readings those that were nearest to each other."""
    def read():
        a = time.monotonic_ns()
        wall = time.time_ns()
        b = time.monotonic_ns()
        return b - a, wall, (a + b) // 2
    return min(read() for _ in range(50))[1:]


def main():
    schedrec, schedconv = map(os.path.abspath, sys.argv[1:3])
    if os.geteuid() != 0 or not os.path.exists('/sys/kernel/tracing/instances'):
        print('1..0 # SKIP needs root and tracefs')
        return 0
    # libtracefs keeps the name of its mount point for good.
    env = dict(os.environ, ASAN_OPTIONS='detect_leaks=0')
    command = ['/usr/bin/python3', '-c', WORK, "it's", 'a b']
    before = clocks()
    run = subprocess.run([schedrec, '-q', '-o', 't.dat', '--'] + command, env=env,
                         stdout=subprocess.PIPE)
    after = clocks()
    subprocess.run([schedconv, '-q', 't.dat', 't.tar'], check=True)
    tar = tarfile.open('t.tar', 'r:')
    meta, tasks = (json.load(tar.extractfile(name)) for name in ('meta.json', 'tasks.json'))

    uname = os.uname()
    ok((meta['host'], meta['release'], meta['machine']) ==
       (uname.nodename, uname.release, uname.machine), 'host, release and machine are uname\'s',
       meta)
    total = next(int(line.split()[1]) * 1024 for line in open('/proc/meminfo')
                 if line.startswith('MemTotal'))
    ok(meta['memory_bytes'] == total and meta['page_size'] == os.sysconf('SC_PAGESIZE'),
       'memory and page size are the system\'s', meta)
    swap = next(int(line.split()[1]) * 1024 for line in open('/proc/meminfo')
                if line.startswith('SwapTotal'))
    ok(meta['memory_and_swap_bytes'] == total + swap, 'and so are memory and swap together', meta)
    config = timer_hz_of_the_configuration()
    ok(config in (None, meta['timer_hz']) and 10 <= meta['timer_hz'] <= 10000,
       'the timer\'s ticks are as many as the kernel\'s configuration says', meta, config)
    ok([c['cpu'] for c in meta['cpu']] == list(range(os.sysconf('SC_NPROCESSORS_CONF'))) and
       all(c['lost'] == 0 and c['read'] >= 0 for c in meta['cpu']),
       'every CPU has its counts of records', meta['cpu'])
    enabled = meta['events'].split(',')
    ok('sched:sched_switch' in enabled and meta['buffer_kb'] > 0 and
       all(os.path.exists(f'/sys/kernel/tracing/events/{e.replace(":", "/")}') for e in enabled),
       'the events that were enabled are the kernel\'s', meta)
    ok(before[1] <= meta['begin_ns'] <= meta['end_ns'] <= after[1], 'begin and end enclose it',
       before, meta, after)
    ok(abs(meta['wall_offset_begin_ns'] - (before[0] - before[1])) < 10**7,
       'the wall clock\'s offset is right to 10 ms', meta)
    text = meta['command'].replace('\\x5c', '\\') # as names, with backslash written \x5c
    words = subprocess.run(['sh', '-c', 'for w in %s; do printf "%%s\\0" "$w"; done' % text],
                           stdout=subprocess.PIPE).stdout
    ok(words.decode().split('\0')[:-1] == command, 'a shell takes the command as it was given',
       meta['command'])

    said = {w[0]: list(map(int, w[1:]))
            for w in (line.split() for line in run.stdout.decode().splitlines())}
    tree = {t['pid'] for t in tasks if t.get('command_tree') == 1}
    made = {v[0] for v in said.values()}
    ok(tree == made, 'the command\'s tree is its %d tasks' % len(made), tree, made)
    life = {t['pid']: t for t in tasks if t['pid'] in made}
    main_task, thread = life[said['self'][0]], life[said['thread'][0]]
    shell, sleep = life[said['shell'][0]], life[said['sleep'][0]]
    ok((main_task['tgid'], thread['tgid'], shell['tgid']) ==
       (said['self'][0], said['self'][0], said['shell'][0]),
       'a thread has its process\'s tgid, a child its own', main_task, thread, shell)
    ok((main_task['ppid'], thread['ppid'], shell['ppid'], sleep['ppid']) ==
       (said['self'][1], said['self'][1], said['self'][0], said['shell'][0]),
       'parents are those that made them', main_task, thread, shell, sleep)
    ok(run.returncode == 7 and main_task['exit_code'] == 7 << 8, 'the command\'s exit code is kept',
       main_task)
    ok(all(main_task['end_ns'] >= t['end_ns'] > t['start_ns'] > meta['begin_ns']
           for t in (thread, shell, sleep)), 'lives begin and end in order', tasks)
    ok([sleep['comm']] + [name for at, name in sleep.get('names', ())] == ['sh', 'sleep'] and
       main_task['names'][-1][1] == 'ren\\x5camed', 'names follow exec and rename',
       sleep, main_task)
    me = next(t for t in tasks if t['pid'] == os.getpid())
    ok((me['ppid'], me['tgid'], me['comm'], 'start_ns' in me) ==
       (os.getppid(), os.getpid(), open('/proc/self/comm').read().rstrip('\n'), False),
       'tasks that were there before are listed without a start', me)
    print('1..%d' % n)
    return 1 if failed else 0


if __name__ == '__main__':
    paths = [os.path.abspath(p) for p in sys.argv[1:3]]
    sys.argv[1:3] = paths
    with tempfile.TemporaryDirectory() as work:
        os.chdir(work)
        sys.exit(main())
