# SPDX-License-Identifier: LGPL-2.1-or-later
"""How bench/run measures, and how it keeps what it measured: bench/figures.json has every row with
the day, the CPU seconds and the load of the machine, and the end of bench/README.md shows them."""
import json
import os
import pathlib
import platform
import re
import resource
import subprocess
import sys
import time

SOURCE = pathlib.Path(__file__).resolve().parent.parent
CPUS = len(os.sched_getaffinity(0))


def say(*words):
    print(*words, file=sys.stderr, flush=True)


class Result:
    """What a program took: the run with the median wall time."""

    def __init__(self, runs):
        runs = sorted(runs, key=lambda run: run[0])
        self.seconds, self.cpu, self.rss, self.output = runs[len(runs) // 2]
        self.rss = max(run[2] for run in runs)
        self.items = None


def run_once(command, stdout=subprocess.DEVNULL, address_space=None):
    """(seconds, CPU seconds of user and kernel, peak bytes, what it printed)."""
    def limit():
        if address_space:
            resource.setrlimit(resource.RLIMIT_AS, (address_space, address_space))

    start = time.monotonic()
    process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL,
                               stdout=stdout, stderr=subprocess.PIPE, preexec_fn=limit)
    error = process.stderr.read()
    output = process.stdout.read().decode() if process.stdout else ''
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f'{" ".join(map(str, command))}: status {process.returncode}: '
                 f'{error.decode(errors="replace")[-2000:]}')
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, output


def run(command, times=3, one_cpu=False):
    """The median of several runs of a whole program; its output goes to /dev/null."""
    if one_cpu:
        command = ['taskset', '-c', '0', *command]
    say('  ', *command)
    return Result([run_once(command) for _ in range(times)])


def run_printing(command, times=3, one_cpu=False):
    """The same for programs that time themselves and print "SECONDS ITEMS [CPU_SECONDS]"."""
    if one_cpu:
        command = ['taskset', '-c', '0', *command]
    say('  ', *command)
    runs = []
    for _ in range(times):
        _, cpu, rss, output = run_once(command, stdout=subprocess.PIPE)
        words = output.split()
        runs.append((float(words[0]), float(words[2]) if len(words) > 2 else cpu, rss, output))
    result = Result(runs)
    words = result.output.split()
    result.items = int(words[1]) if len(words) > 1 else None
    return result


def mib(size):
    return f'{size / (1 << 20):.0f}'


def rate(items, seconds):
    return items / seconds / 1e6


def reached(value, least=None, most=None):
    if least is not None:
        return f'≥ {least:g}: {"yes" if value >= least else "**no**"}'
    return f'≤ {most:g}: {"yes" if value <= most else "**no**"}'


def machine():
    model = re.search(r'model name\s*: (.*)', pathlib.Path('/proc/cpuinfo').read_text())
    memory = re.search(r'MemTotal:\s+(\d+)', pathlib.Path('/proc/meminfo').read_text())
    return (f'{CPUS} CPUs {model[1] if model else platform.machine()}, '
            f'{int(memory[1]) >> 20} GiB, Linux {platform.release()}')


class Figures:
    """All rows that were ever measured, by name, in the order of the sections that are given."""

    def __init__(self, sections, names):
        self.sections, self.names = sections, names
        self.path = SOURCE / 'bench' / 'figures.json'
        self.readme = SOURCE / 'bench' / 'README.md'
        kept = json.loads(self.path.read_text()) if self.path.exists() else {}
        self.trace, self.rows = kept.get('trace', ''), kept.get('rows', {})

    def put(self, name, cells, cpu, trace):
        """A row is kept as soon as it is there, so a run that is interrupted keeps what it has."""
        self.trace = trace or self.trace
        self.rows[name] = {'cells': [str(cell) for cell in cells], 'cpu': round(cpu, 3),
                           'load': round(os.getloadavg()[0], 1), 'day': time.strftime('%F'),
                           'machine': machine()}
        self.write()
        say(f'{name}:', *cells, f'CPU {cpu:.2f} s, load {os.getloadavg()[0]:.1f}')

    def text(self):
        lines = []
        for key, (title, columns) in self.sections.items():
            rows = [(name, self.rows[name]) for name in self.names
                    if name.split('.')[0] == key and name in self.rows]
            if not rows:
                continue
            columns = ['row', *columns, 'CPU s', 'load', 'day']
            lines += ['', f'### {title}', '', '| ' + ' | '.join(columns) + ' |',
                      '|' + '---|' * len(columns)]
            for name, row in rows:
                cells = [f'`{name}`', *row['cells'], f'{row["cpu"]:.2f}', row['load'],
                         row['day'][5:]]
                lines.append('| ' + ' | '.join(str(cell) for cell in cells) + ' |')
        machines = sorted({row['machine'] for row in self.rows.values()})
        return '\n'.join(['; '.join(machines) + '. ' + self.trace, *lines]) + '\n'

    def write(self):
        temporary = self.path.with_suffix('.new')
        temporary.write_text(json.dumps({'trace': self.trace, 'rows': self.rows}, indent=1, ensure_ascii=False) + '\n')
        temporary.rename(self.path)
        method = self.readme.read_text().split('\n## Figures\n')[0]
        temporary = self.readme.with_suffix('.new')
        temporary.write_text(f'{method}\n## Figures\n\n{self.text()}')
        temporary.rename(self.readme)
