#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every row of a tarball, worked out a second time from what trace-cmd prints of the same trace.

trace-cmd-rows.py SCHEDCONV [--record SCHEDREC] TRACE.dat[.xz]...

The text of `trace-cmd report -R -t -l` is turned into rows by the rules of docs/schedlog-format.md,
in Python, without a line of schedconv. With --record a recording made now is compared too. Needs
trace-cmd and numpy.
"""
import io
import json
import lzma
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile

SCHEDLOG = """EXEC EXIT WAKEUP WAKEUP_NEW BLOCK BLOCK_IO WAIT_FUTEX WAKE_FUTEX WAKER_FUTEX FORK TICK
CTX_SWITCH MIGRATE RQ_SIZE IDL_BLN_FAIR_BEG IDL_BLN_FAIR_END PER_BLN_FAIR_BEG
PER_BLN_FAIR_END""".split()
OWN = """WAKING RUNS STATE PRIO STAT_RUNTIME NEWTASK RENAME CPU_IDLE PAGE_FAULT_USER PAGE_FAULT_KERNEL
MAJOR_FAULT MMAP MUNMAP MREMAP_FROM MREMAP_TO BRK CALL_FAILED EXIT_MM RSS_FILE RSS_ANON RSS_SWAP
RSS_SHMEM PAGE_ALLOC PAGE_FREE SAMPLE_FAULTS SAMPLE_CPU SAMPLE_MEM IRQ_ENTRY IRQ_EXIT LOST
SAMPLE_CHILDREN_FAULTS SAMPLE_CHILDREN_CPU CPU_OFFLINE CPU_ONLINE AREA GAP RENUMBER""".split()
IDS = {name: i for i, name in enumerate(SCHEDLOG + OWN)}

LINE = re.compile(r'^ *(?P<comm>.*)-(?P<pid>\d+) +(?P<cpu>\d+)-0x(?P<flags>[0-9a-f]+) +'
                  r'(?P<s>\d+)\.(?P<ns>\d{9}): (?P<event>\S+): +(?P<fields>.*)$')
DROPPED = re.compile(r'^CPU:(\d+) \[(?:(\d+) )?EVENTS DROPPED\]$')
HEX = {'clone_flags', 'i_ino'}
TEXT = {'comm', 'prev_comm', 'next_comm', 'parent_comm', 'child_comm', 'newcomm', 'oldcomm',
        'filename', 'name', 'buf'}
# Letters of prev_state's bits, and the bit of "preempted", by the first release that has them: as
# the kernels' headers say, not as the file does; but x, old kernels' second dead, is an X in rows.
STATES = [((4, 4), 'SDTtZXXKWPN', 2048), ((4, 8), 'SDTtZXXKWPN', 4096), ((4, 14), 'SDTtXZPI', 256)]
CLONE_PARENT, CLONE_THREAD = 0x8000, 0x10000
IN_IRQ = 0x18
# Fields of a record that hold a task's name, and its pid; and a task that the record makes.
NAMES = {'sched_switch': {'prev_comm': 'prev_pid', 'next_comm': 'next_pid'},
         'sched_process_fork': {'parent_comm': 'parent_pid'}, 'task_rename': {'oldcomm': 'pid'},
         'task_newtask': {}, 'sched_wakeup_new': {}}
MAKES = {'task_newtask': 'pid', 'sched_wakeup_new': 'pid', 'sched_process_fork': 'child_pid'}
RSS = ['RSS_FILE', 'RSS_ANON', 'RSS_SWAP', 'RSS_SHMEM']
CALLS = {'mmap': 'MMAP', 'munmap': 'MUNMAP', 'mremap': 'MREMAP_FROM', 'brk': 'BRK'}


def states_of(release):
    """[(bit, letter)], and the bit of "preempted", of a kernel."""
    version = tuple(int(n) for n in release.split('.')[:2])
    letters, preempted = [s[1:] for s in STATES if s[0] <= version][-1]
    return [(1 << i, letter) for i, letter in enumerate(letters)], preempted


def signed(value, bits=64):
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def field_names(text):
    return re.findall(r'(?:^| )(\w+)=', text)


class Fields(dict):
    """Values by name; names of tasks may hold spaces, so texts end where the next field begins."""
    patterns = {}

    def __init__(self, event, text):
        super().__init__()
        if event not in self.patterns:
            self.patterns[event] = re.compile(
                ' '.join('%s=(.*)' % n for n in field_names(text)) + '$')
            self.patterns[event, 0] = field_names(text)
        for name, value in zip(self.patterns[event, 0],
                               self.patterns[event].match(text).groups()):
            if name in TEXT:
                self[name] = value
            elif name in HEX:
                self[name] = int(value, 16)
            else:
                self[name] = int(value, 16) if value.startswith('0x') else int(value)


def report(path, *options):
    # trace-cmd 3.1.6 prints stamps from memory that it never set, if malloc fills it.
    env = {k: v for k, v in os.environ.items() if k != 'MALLOC_PERTURB_'}
    out = subprocess.run(['trace-cmd', 'report', *options, '-t', '-i', path], check=True, env=env,
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    return out.decode('utf-8', 'surrogateescape')


def records(path):
    """(time, cpu, order, pid, flags, event, fields), gaps as event LOST, merged by time and CPU."""
    out = []
    gap, last, order = {}, {}, 0
    for line in report(path, '-N', '-R', '-l').split('\n'):
        dropped = DROPPED.match(line)
        if dropped:
            gap[int(dropped[1])] = int(dropped[2]) if dropped[2] else -1
            continue
        m = LINE.match(line)
        if not m:
            assert not line or line.startswith('cpus='), line
            continue
        cpu, time = int(m['cpu']), int(m['s']) * 10**9 + int(m['ns'])
        order += 1
        if cpu in gap:
            since, after = last.get(cpu, (None, 0))
            if after:
                out.append((since, cpu, after + 0.5, 0, 0, 'GAP', {}))
            out.append((time, cpu, order - 0.5, 0, 0, 'LOST', {'n': gap.pop(cpu), 'since': since}))
        last[cpu] = time, order
        out.append((time, cpu, order, int(m['pid']), int(m['flags'], 16), m['event'],
                    Fields(m['event'], m['fields'])))
    out.sort(key=lambda r: r[:3])
    for *_, event, fields in out:
        if event == 'LOST' and fields['since'] is None:
            fields['since'] = out[0][0]  # of its CPU nothing is known before
    return out


def markers(path):
    """What the recorder noted: (time, kind, part, parts, bytes), from trace-cmd's hex dump."""
    try:
        text = report(path, '-r', 'nothing', '-F', 'raw_data')
    except subprocess.CalledProcessError:
        return  # a kernel without such records: trace-cmd refuses the filter
    for line in text.split('\n'):
        m = re.search(r' (\d+)\.(\d{9}): raw_data: +# 44455253 ([0-9a-f ]+)$', line)
        if not m:
            continue
        data = bytes.fromhex(m[3])
        kind, size, part, parts = (int.from_bytes(data[i:i + 2], 'little') for i in (0, 2, 4, 6))
        yield int(m[1]) * 10**9 + int(m[2]), kind, part, parts, data[12:12 + size]


class Task:
    def __init__(self, pid, name=None):
        self.pid, self.name, self.tgid, self.prio = pid, name, -1, None
        self.queue = None      # CPU whose run queue holds it
        self.queue_seen = self.moved = False
        self.fresh = self.renamed = self.in_exec = False
        self.dead = False      # its last switch was seen
        self.told = True       # a row has told of this life
        self.only_moved = False
        self.call = None       # (name, fields, gaps so far)
        self.fault = None
        self.missed = None     # page looked for in the page cache
        self.brk = 0
        self.mm = None
        self.threads = 1       # of the process
        self.start = None      # (state, cpu) in the list of tasks


class Cpu:
    def __init__(self):
        self.current = -1
        self.length = 0        # of the run queue
        self.known = self.doubt = False
        self.idle = Task(0)


class Rows:
    def __init__(self, path):
        self.rows = []
        self.cpus = {}
        self.tasks = {}
        self.owners = {}
        self.gaps = 0
        self.in_gap = set()
        self.wakeups = False
        self.seed_at = None
        self.samples = {}
        uname = re.search(r'^Linux \S+ (\S+)',
                          subprocess.run(['trace-cmd', 'report', '--uname', '-i', path],
                                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                         text=True).stdout, re.M)
        Fields.patterns.clear()  # of another kernel
        self.states, self.preempted = states_of(uname[1] if uname else '6.18')
        self.records = records(path)
        self.list_tasks(path)
        self.n_cpus = 1 + max(r[1] for r in self.records)
        for record in self.records:
            self.record(*record)

    def before_the_list(self, path):
        """What the records before the list of tasks say: whom they make, and first names."""
        end = [time for time, kind, part, parts, _ in markers(path) if kind == 3 and part + 1 == parts]
        made, names = set(), {}
        for time, _, _, _, _, event, f in self.records:
            if not end or time >= end[0]:
                break
            named = NAMES.get(event, {'comm': 'pid'} if 'comm' in f and 'pid' in f else {})
            for name, pid in named.items():
                if f[pid] not in made:
                    names.setdefault(f[pid], f[name])
            if event in MAKES:
                made.add(f[MAKES[event]])
        return made, names

    def list_tasks(self, path):
        events = ''
        made, older = self.before_the_list(path)
        for time, kind, part, parts, data in markers(path):
            if kind == 1:
                events += data.decode()
            if kind == 6:
                self.samples[time] = [data[i:i + 104] for i in range(0, len(data) - 103, 104)]
            if kind != 3:
                continue
            for i in range(0, len(data) - 79, 80):
                number = lambda at: int.from_bytes(data[i + at:i + at + 4], 'little', signed=True)
                name = data[i + 24:i + 40].split(b'\0')[0].decode('utf-8', 'surrogateescape')
                name = re.sub(r'^(kworker/u?\d+:\d+H?)[-+].*', r'\1', name)
                if number(0) in made:
                    continue
                name = older.get(number(0), name)
                task = self.tasks[number(0)] = Task(number(0), name or None)
                task.tgid = number(4)
                task.start = (chr(data[i + 16]), number(12))
            if part + 1 == parts:
                self.seed_at = time
        for task in list(self.tasks.values()):
            if task.tgid not in (-1, task.pid):
                self.task(task.tgid).threads += 1
        follow = ['sched:sched_switch', 'sched:sched_wakeup', 'sched:sched_wakeup_new',
                  'sched:sched_migrate_task']
        if events and not set(follow) <= set(json.loads(events)['events']):
            self.seed_at = None

    def row(self, cpu, task, event, arg0=0, arg1=0):
        self.rows.append((self.time, cpu, task.pid, IDS[event], arg0, arg1, task.name))

    def cpu(self, i):
        return self.cpus.setdefault(i, Cpu())

    def task(self, pid):
        if pid == 0:
            return self.cpu(self.here).idle
        if pid not in self.tasks:
            self.tasks[pid] = Task(pid)
        return self.tasks[pid]

    def process(self, task):
        return task if task.tgid in (-1, task.pid) else self.task(task.tgid)

    def current(self, i):
        cpu = self.cpu(i)
        return cpu.idle if cpu.current == 0 else self.tasks.get(cpu.current, Task(cpu.current))

    def born(self, pid):
        old = self.tasks.get(pid)
        if old:
            self.leave(old)
            self.forget_mm(old)
        task = self.tasks[pid] = Task(pid)
        task.told = False
        return task

    def made(self, pid):
        """By a record of its making, or by the one that follows it."""
        task = self.tasks.get(pid)
        if not task or not (task.fresh or task.only_moved):
            task = self.born(pid)
        task.fresh, task.only_moved = True, False
        return task

    def alive(self, pid):
        """The task of a record that no dead task can cause."""
        task = self.task(pid)
        if task.dead:
            task = self.born(pid)
        task.only_moved = False
        return task

    def tell(self, task, prio):
        if not task.told:
            task.told = True
            self.prio(task, prio)

    # Run queues

    def length(self, i, change):
        if self.cpu(i).known:
            self.row(i, self.current(i), 'RQ_SIZE', self.cpu(i).length, change)

    def leave(self, task):
        task.queue_seen = True
        if task.queue is not None:
            i, task.queue = task.queue, None
            self.cpu(i).length -= 1
            self.length(i, -1)

    def enter(self, i, task):
        if task.pid == 0 or task.queue == i:
            return
        self.leave(task)
        task.queue = i
        self.cpu(i).length += 1
        self.length(i, 1)

    def empty(self, i):
        for task in self.tasks.values():
            if task.queue == i:
                task.queue = None
        self.cpu(i).length = 0

    def doubt(self, i):
        self.empty(i)
        self.cpu(i).known = False
        self.cpu(i).doubt = True

    def seed(self):
        """The list of tasks says where each is that no record has named."""
        self.seed_at = None
        waiting = [t for t in self.tasks.values()
                   if t.start and t.start[0] == 'R' and not t.queue_seen]
        if self.gaps or self.in_gap or any(t.moved for t in waiting):
            return
        for t in waiting:
            t.queue, t.queue_seen = t.start[1], True
            self.cpu(t.queue).length += 1
        self.wakeups = True
        for i in range(self.n_cpus):
            self.cpu(i).known |= not self.cpu(i).doubt

    # Records

    def record(self, time, cpu, order, pid, flags, event, f):
        self.time, self.here, self.pid, self.flags = time, cpu, pid, flags
        here = self.cpu(cpu)
        if event in ('GAP', 'LOST'):
            if event == 'GAP':
                self.row(cpu, Task(0), 'GAP')
                self.in_gap.add(cpu)
            else:
                self.row(cpu, Task(0), 'LOST', f['n'], f['since'])
                self.gaps += 1
                self.in_gap.discard(cpu)
            for i in self.cpus:
                self.doubt(i)
            here.current = -1
            return
        if here.current != pid and event not in ('kernel_stack', 'user_stack'):
            believed = here.current
            self.row(cpu, self.alive(pid), 'RUNS', believed)
            self.task(pid).told = True
            here.current = pid
            if believed > 0:
                self.doubt(cpu)
            self.enter(cpu, self.task(pid))
        if event == 'raw_data':
            if time == self.seed_at:
                self.seed()
            for sample in self.samples.get(time, []):
                self.sampled(sample)
        if event.startswith('sys_enter_'):
            self.enter_call(event[10:], f)
        elif event.startswith('sys_exit_'):
            self.exit_call(event[9:], f)
        else:
            getattr(self, event, lambda f: None)(f)

    def sampled(self, s):
        # int32 pid, char state, ..., char comm[16] at 8, nine int64 from 32 on (tracedat/markers.h)
        task = self.task(int.from_bytes(s[:4], 'little'))
        if task.tgid <= 0:
            task.tgid = task.pid
        if task.name is None:
            self.named(task, s[8:24].split(b'\0')[0].decode('utf-8', 'surrogateescape'))
        v = [int.from_bytes(s[i:i + 8], 'little', signed=True) for i in range(32, 104, 8)]
        self.row(self.here, task, 'SAMPLE_FAULTS', v[0], v[1])
        self.row(self.here, task, 'SAMPLE_CPU', v[4], v[5])
        self.row(self.here, task, 'SAMPLE_MEM', v[8], s[4])
        if v[2] or v[3]:
            self.row(self.here, task, 'SAMPLE_CHILDREN_FAULTS', v[2], v[3])
        if v[6] or v[7]:
            self.row(self.here, task, 'SAMPLE_CHILDREN_CPU', v[6], v[7])

    def named(self, task, name):
        task.name = name or None
        return task

    def prio(self, task, prio):
        if task.pid > 0 and task.prio != prio and task.told:
            task.prio = prio
            self.row(self.here, task, 'PRIO', prio)

    def sched_switch(self, f):
        prev = self.named(self.task(f['prev_pid']), f['prev_comm'])
        next = self.named(self.alive(f['next_pid']), f['next_comm'])
        self.prio(prev, f['prev_prio'])
        self.prio(next, f['next_prio'])
        state = f['prev_state']
        if prev.pid == 0:
            letter = 'R'
        elif state & self.preempted:
            letter = '+'
        else:
            letter = next_letter = 'R'
            for bit, code in reversed(self.states):
                letter = code if state & bit else letter
        if letter not in 'R+':
            self.row(self.here, prev, 'BLOCK')
        if letter == 'D':
            self.row(self.here, prev, 'BLOCK_IO')
        if letter not in 'RSD':
            self.row(self.here, prev, 'STATE', ord(letter))
        if letter in 'R+':
            self.enter(self.here, prev)
        else:
            self.leave(prev)
        here = self.cpu(self.here)
        if next.pid:
            self.enter(self.here, next)
        elif self.wakeups and not self.in_gap and (here.length or not here.known):
            change = -here.length if here.known else 0
            self.empty(self.here)
            here.known, here.doubt = True, False
            self.length(self.here, change)
        self.row(self.here, prev, 'CTX_SWITCH', next.pid)
        self.tell(next, f['next_prio'])
        here.current = next.pid
        if letter in 'XZ':
            prev.dead, prev.fresh = True, False

    def sched_waking(self, f):
        task = self.named(self.alive(f['pid']), f['comm'])
        self.prio(task, f['prio'])
        self.row(self.here, task, 'WAKING', self.pid, f['target_cpu'])
        self.tell(task, f['prio'])
        call = self.task(self.pid).call
        if call and call[0] == 'WAKER_FUTEX' and call[2] == self.gaps and not self.flags & IN_IRQ:
            self.row(self.here, task, 'WAKE_FUTEX', call[1])

    def sched_wakeup(self, f, event='WAKEUP'):
        self.wakeups = self.wakeups or event == 'WAKEUP'
        task = self.named(self.alive(f['pid']), f['comm'])
        self.prio(task, f['prio'])
        self.row(f['target_cpu'], task, event)
        self.tell(task, f['prio'])
        self.enter(f['target_cpu'], task)

    def sched_wakeup_new(self, f):
        self.made(f['pid']).fresh = False
        self.sched_wakeup(f, 'WAKEUP_NEW')

    def sched_migrate_task(self, f):
        first = f['pid'] not in self.tasks or self.tasks[f['pid']].dead
        task = self.named(self.alive(f['pid']), f['comm'])
        if first:   # perhaps to its first CPU
            task.only_moved, task.told = True, False
        self.prio(task, f['prio'])
        self.row(self.here, task, 'MIGRATE', f['orig_cpu'], f['dest_cpu'])
        self.tell(task, f['prio'])
        if task.queue is not None:
            self.enter(f['dest_cpu'], task)
        task.moved |= not task.queue_seen

    def task_newtask(self, f):
        old = self.tasks.get(f['pid'])
        if old:
            old.fresh = False
        parent, child = self.task(self.pid), self.made(f['pid'])
        thread = f['clone_flags'] & CLONE_THREAD
        child.tgid = parent.tgid if thread else child.pid
        if thread:
            self.process(parent).threads += 1
        else:
            child.brk = self.process(parent).brk
        self.row(self.here, self.named(child, f['comm']), 'NEWTASK', f['clone_flags'], child.tgid)
        child.told = True

    def sched_process_fork(self, f):
        self.named(self.task(f['parent_pid']), f['parent_comm'])
        child = self.made(f['child_pid'])
        self.row(self.here, self.named(child, f['child_comm']), 'FORK', f['parent_pid'])
        child.told = True

    def rename(self, task):
        name = (task.name or '').encode('utf-8', 'surrogateescape').ljust(16, b'\0')
        self.row(self.here, task, 'RENAME', int.from_bytes(name[:8], 'little', signed=True),
                 int.from_bytes(name[8:], 'little', signed=True))

    def task_rename(self, f):
        task = self.named(self.task(f['pid']), f['newcomm'])
        task.renamed = True
        self.rename(task)

    def sched_process_exec(self, f):
        task = self.task(f['pid'])
        assert f['old_pid'] == f['pid'], 'exec by a thread: not in these traces'
        task.tgid = task.pid
        base = os.path.basename(f['filename']).encode('utf-8', 'surrogateescape')[:15]
        half = [int.from_bytes(base.ljust(16, b'\0')[i:i + 4], 'little', signed=True)
                for i in (4, 0)]
        if not task.renamed:
            self.named(task, base.decode('utf-8', 'surrogateescape'))
        self.row(self.here, task, 'EXEC', *half)
        if not task.renamed:
            self.rename(task)
        self.row(self.here, task, 'EXIT_MM')
        task.renamed = task.in_exec = False
        task.brk, task.call = 0, None

    def forget_mm(self, process):
        if process.mm is not None and self.owners.get(process.mm) == process.pid:
            del self.owners[process.mm]
        process.mm = None

    def sched_process_exit(self, f):
        task = self.named(self.task(f['pid']), f['comm'])
        self.prio(task, f['prio'])
        self.row(self.here, task, 'EXIT')
        task.fresh = False
        process = self.process(task)
        process.threads -= 1
        # Old kernels do not say it: then the last thread that is known.
        if f.get('group_dead', process.threads <= 0):
            self.row(self.here, process, 'EXIT_MM')
            self.forget_mm(process)
            process.brk = 0

    def sched_stat_runtime(self, f):
        self.row(self.here, self.named(self.task(f['pid']), f['comm']), 'STAT_RUNTIME',
                 f['runtime'])

    def cpu_idle(self, f):
        self.row(f['cpu_id'], self.cpu(f['cpu_id']).idle, 'CPU_IDLE', signed(f['state'], 32))

    def cpu_frequency(self, f):
        self.row(f['cpu_id'], self.current(f['cpu_id']), 'TICK', 0, f['state'])

    def irq_handler_entry(self, f):
        self.row(self.here, self.task(self.pid), 'IRQ_ENTRY', f['irq'])

    def irq_handler_exit(self, f):
        self.row(self.here, self.task(self.pid), 'IRQ_EXIT', f['irq'])

    def softirq_entry(self, f):
        self.row(self.here, self.task(self.pid), 'IRQ_ENTRY', 65536 + f['vec'])

    def softirq_exit(self, f):
        self.row(self.here, self.task(self.pid), 'IRQ_EXIT', 65536 + f['vec'])

    def enter_call(self, name, f):
        task = self.task(self.pid)
        if name in CALLS:
            task.call = (CALLS[name], f, self.gaps)
        elif name == 'futex':
            command = f['op'] & 0x7f
            event = ('WAIT_FUTEX' if command in (0, 9, 11) else
                     'WAKER_FUTEX' if command in (1, 5, 10) else None)
            if event:
                task.call = (event, signed(f['uaddr']), self.gaps)
                self.row(self.here, task, event, signed(f['uaddr']))

    def exit_call(self, name, f):
        task = self.task(self.pid)
        call, task.call = task.call, None
        if name not in CALLS or not call or call[0] != CALLS[name] or call[2] != self.gaps:
            return
        asked, result = call[1], signed(f['ret'])
        if name == 'brk':
            process = self.process(task)
            old, process.brk = process.brk, result
            if asked['brk'] and asked['brk'] != result:
                self.row(self.here, task, 'CALL_FAILED', IDS['BRK'], -12)
            elif result != old and (asked['brk'] or old):
                self.row(self.here, task, 'BRK', result, old)
        elif -4095 <= result < 0:
            self.row(self.here, task, 'CALL_FAILED', IDS[call[0]], result)
        elif name == 'mmap':
            self.row(self.here, task, 'MMAP', result, asked['len'])
        elif name == 'munmap':
            self.row(self.here, task, 'MUNMAP', asked['addr'], asked['len'])
        else:
            stays = asked['flags'] & 4 # MREMAP_DONTUNMAP
            self.row(self.here, task, 'MREMAP_FROM', asked['addr'], 0 if stays else asked['old_len'])
            self.row(self.here, task, 'MREMAP_TO', result, asked['new_len'])

    def vm_unmapped_area(self, f):
        task = self.task(self.pid)
        if (task.pid and not task.call and not task.in_exec and f['high_limit'] <= 1 << 32
                and not -4095 <= signed(f['addr']) < 0):
            self.row(self.here, task, 'AREA', f['addr'], f['length'])

    def exit_mmap(self, f):
        task = self.task(self.pid)
        if task.pid:
            self.forget_mm(self.process(task))
            task.in_exec = True

    def rss_stat(self, f):
        task = self.task(self.pid)
        owner = self.owners.get(f['mm_id'], -1)
        if f['curr'] and owner == -1 and task.tgid > 0:
            process = self.process(task)
            self.forget_mm(process)
            process.mm, owner = f['mm_id'], process.pid
            self.owners[f['mm_id']] = owner
        named = self.task(owner) if owner > 0 else Task(-1)
        self.row(self.here, named, RSS[f['member']], f['size'], f['mm_id'])

    def fault(self, f, event):
        task = self.task(self.pid)
        task.fault, task.missed = signed(f['address']), None
        self.row(self.here, task, event, task.fault, signed(f['ip']))

    def page_fault_user(self, f):
        self.fault(f, 'PAGE_FAULT_USER')

    def page_fault_kernel(self, f):
        self.fault(f, 'PAGE_FAULT_KERNEL')

    def mm_filemap_fault(self, f):
        task = self.task(self.pid)
        if task.fault is not None:
            task.missed = (f['i_ino'], f['s_dev'], f['index'])

    def mm_filemap_add_to_page_cache(self, f):
        task = self.task(self.pid)
        if task.fault is None or not task.missed:
            return
        inode, device, index = task.missed
        if (inode, device) == (f['i_ino'], f['s_dev']) and \
                f['index'] <= index < f['index'] + (1 << f.get('order', 0)):
            self.row(self.here, task, 'MAJOR_FAULT', task.fault, inode)
            task.fault = None

    def mm_page_alloc(self, f):
        if signed(f['pfn']) != -1:
            self.row(self.here, self.task(self.pid), 'PAGE_ALLOC', f['pfn'], f['order'])

    def mm_page_free(self, f):
        self.row(self.here, self.task(self.pid), 'PAGE_FREE', f['pfn'], f['order'])


class Tap:
    n = failed = 0

    def ok(self, good, claim, *why):
        self.n += 1
        self.failed += not good
        print('%s %d - %s' % ('ok' if good else 'not ok', self.n, claim))
        if not good:
            for line in why:
                print('#', line)
        return good


def read_start(text):
    """As SchedDisplay reads it: up to the first blank line, exactly one space."""
    ids = {}
    for line in text.split('\n'):
        if not line:
            break
        number, name = line.split(' ')
        ids[name] = int(number)
    return ids


def check(tap, schedconv, path, label, numpy):
    out = os.path.join(os.path.dirname(path), 'out.tar')
    run = subprocess.run([schedconv, '-q', path, out], stderr=subprocess.PIPE)
    if not tap.ok(run.returncode == 0, '%s is converted' % label, run.stderr):
        return
    tar = tarfile.open(out, 'r:')
    members = {m.name: tar.extractfile(m).read() for m in tar.getmembers()}
    columns = {}
    for name, data in members.items():
        if name.endswith('.npz'):
            npz = numpy.load(io.BytesIO(data), allow_pickle=False)
            columns.update((key, npz[key]) for key in npz.files)
            assert npz.files == [name[:-4]], npz.files
    wanted = {'timestamp': '<i8', 'pid': '<i4', 'event': '<i4', 'cpu': '<i4', 'arg0': '<i8',
              'arg1': '<i8', 'comm': '<i4'}
    n = len(columns['timestamp'])
    tap.ok({k: c.dtype.str for k, c in columns.items()} == wanted and
           all(c.shape == (n,) for c in columns.values()),
           '%s: every .npz member is a column with a value a row, of the types documented' % label,
           str(columns))
    start = read_start(members['sched_log_traced_events.start'].decode())
    tap.ok(start == IDS, '%s: all 18 SchedLog names and our own have their ids' % label, start)
    names = {i: name for name, i in json.loads(members['comm.json']).items()}
    expected = Rows(path).rows
    got = list(zip(*(columns[c].tolist() for c in
                     ('timestamp', 'cpu', 'pid', 'event', 'arg0', 'arg1'))))
    got = [row + (names.get(c),) for row, c in zip(got, columns['comm'].tolist())]
    expected = [r[:6] + (escape(r[6]),) for r in expected]
    wrong = [i for i in range(min(len(got), len(expected))) if got[i] != expected[i]]
    kinds = sorted({r[3] for r in expected})
    label_of = {i: name for name, i in IDS.items()}
    tap.ok(not wrong and len(got) == len(expected),
           '%s: all %d rows of %d kinds are those that trace-cmd\'s text gives'
           % (label, len(expected), len(kinds)),
           '%d rows, %d expected, %d differ' % (len(got), len(expected), len(wrong)),
           *['row %d: %s %s, expected %s %s' % (i, label_of[got[i][3]], got[i],
                                                label_of[expected[i][3]], expected[i])
             for i in wrong[:5]])
    print('# kinds:', *(label_of[k] for k in kinds))


WORK = r"""
import subprocess, threading, time
done = threading.Event()
threads = [threading.Thread(target=done.wait) for i in range(3)]
for t in threads:
    t.start()
for i in range(5):
    subprocess.run(['sh', '-c', 'ls / >/dev/null & : | cat; wait'])
time.sleep(0.01)
done.set()
"""


def record_and_check(tap, schedconv, schedrec, numpy):
    claim = 'a recording made now'
    if os.geteuid() != 0 or not os.path.exists('/sys/kernel/tracing/instances'):
        tap.ok(True, claim + ' # SKIP needs root and tracefs')
        return
    with tempfile.TemporaryDirectory() as work:
        trace = os.path.join(work, 'trace.dat')
        # libtracefs keeps the name of its mount point for good.
        run = subprocess.run([schedrec, '-q', '-e', 'sched,mm,futex,power,irq', '--sample=100', '-o', trace, '--',
                              '/usr/bin/python3', '-c', WORK], stderr=subprocess.PIPE,
                             env=dict(os.environ, LSAN_OPTIONS='detect_leaks=0',
                                      ASAN_OPTIONS='detect_leaks=0'))
        if tap.ok(run.returncode == 0, claim + ' is made', run.stderr):
            check(tap, schedconv, trace, claim, numpy)


def escape(name):
    """A name as comm.json writes it: backslash and what is not UTF-8 as \\xNN."""
    if name is None:
        return None
    return ''.join('\\x%02x' % (ord(c) & 0xff) if 0xdc80 <= ord(c) <= 0xdcff or c == '\\' else c
                   for c in name)


def main():
    schedconv, paths, schedrec = sys.argv[1], sys.argv[2:], None
    if paths[0] == '--record':
        schedrec, paths = paths[1], paths[2:]
    try:
        import numpy
    except ImportError:
        print('1..0 # SKIP numpy is not installed')
        return 0
    if not shutil.which('trace-cmd'):
        print('1..0 # SKIP trace-cmd is not installed')
        return 0
    tap = Tap()
    for path in paths:
        with tempfile.TemporaryDirectory() as work:
            trace = os.path.join(work, 'trace.dat')
            opener = lzma.open if path.endswith('.xz') else open
            with opener(path, 'rb') as src, open(trace, 'wb') as dst:
                shutil.copyfileobj(src, dst)
            check(tap, schedconv, trace, os.path.basename(path), numpy)
    if schedrec:
        record_and_check(tap, schedconv, schedrec, numpy)
    print('1..%d' % tap.n)
    return 1 if tap.failed else 0


if __name__ == '__main__':
    sys.exit(main())
