# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes small trace.dat files, version 6, for tests: records by name of the event and its fields, laid
out as the kept format texts say.

    t = Trace(cpus=2)
    t.switch(0, 1000, (0, "swapper/0"), "R", (41, "one"))
    t.event(1, 1500, "sched_waking", 0, comm="one", pid=41, prio=120, target_cpu=1)
    t.write("t.dat")
"""
import os
import re
import struct

FORMATS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data", "formats")
STATES = {"R": 0, "S": 1, "D": 2, "T": 4, "t": 8, "X": 16, "Z": 32, "P": 64, "I": 128, "+": 256}
IDLE = (0, "swapper/0")
CLOCKS = "local global counter uptime perf mono mono_raw boot tai x86-tsc"
COMMON = """\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;
\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;
\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;
\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;

"""
# What the kernel keeps under the system "ftrace"; schedrec's markers are raw_data.
RAW_DATA = f"""name: raw_data
ID: 16
format:
{COMMON}\tfield:unsigned int id;\toffset:8;\tsize:4;\tsigned:0;
\tfield:char buf[0];\toffset:12;\tsize:0;\tsigned:0;

print fmt: "id:%04x %08x", REC->id, (int)REC->buf[0]
"""


class Event:
    """An event by its format text."""

    def __init__(self, system, text):
        self.system, self.text = system, text
        self.name = re.search(r"^name: (\S+)", text, re.M).group(1)
        self.id = int(re.search(r"^ID: (\d+)", text, re.M).group(1))
        self.fields = {}
        for declaration, offset, size in re.findall(
                r"field:([^;]+);\s*offset:(\d+);\s*size:(\d+);", text):
            name = re.sub(r"\[.*\]", "", declaration).split()[-1].lstrip("*")
            self.fields[name] = (int(offset), int(size), "__data_loc" in declaration)

    def pack(self, pid, values):
        record = bytearray(max(offset + size for offset, size, _ in self.fields.values()))
        for name, value in {"common_type": self.id, "common_pid": pid, **values}.items():
            offset, size, moved = self.fields[name]
            if isinstance(value, str):
                value = value.encode()
            if moved:
                value = value + b"\0"
                place = struct.pack("<HH", len(record), len(value))
                record += value
                record[offset:offset + 4] = place
            elif isinstance(value, bytes):
                record[offset:offset + size] = value[:size].ljust(size, b"\0")
            else:
                record[offset:offset + size] = (value & (1 << 8 * size) - 1).to_bytes(size, "little")
        return bytes(record)


def event_of(name, release):
    """The event of that name, as that kernel printed its format."""
    for folder, _, files in os.walk(os.path.join(FORMATS, release)):
        if os.path.basename(folder) == name and "format" in files:
            with open(os.path.join(folder, "format"), encoding="ascii") as f:
                return Event(os.path.basename(os.path.dirname(folder)), f.read())
    raise KeyError(f"no format of {name} of kernel {release}")


class Cpu:
    """The pages of one CPU."""

    def __init__(self, page_size):
        self.page_size, self.pages = page_size, []
        self.data, self.begin, self.last, self.lost = b"", None, None, None

    def end_page(self):
        if self.begin is None:
            return
        commit, count = len(self.data), b""
        if self.lost is not None:
            commit |= 1 << 31
            if self.lost > 0:
                commit |= 1 << 30
                count = struct.pack("<Q", self.lost)
        page = struct.pack("<QQ", self.begin, commit) + self.data + count
        self.pages.append(page.ljust(self.page_size, b"\0"))
        self.data, self.begin, self.lost = b"", None, None

    def add(self, ns, data):
        data = data.ljust(-(-len(data) // 4) * 4, b"\0")
        if self.begin is not None and len(self.data) + len(data) + 40 > self.page_size:
            self.end_page()
        if self.begin is None:
            self.begin = self.last = ns
        delta = ns - self.last
        if delta < 0:
            raise ValueError(f"{ns} after {self.last}: begin a page to step back in time")
        self.last = ns
        if delta >> 27:
            self.data += struct.pack("<II", (delta & (1 << 27) - 1) << 5 | 30, delta >> 27)
            delta = 0
        if len(data) <= 112:
            self.data += struct.pack("<I", delta << 5 | len(data) // 4) + data
        else:
            self.data += struct.pack("<II", delta << 5, len(data) + 4) + data


class Trace:
    """A recording to be: cpus buffers whose records are added in time order each."""

    def __init__(self, cpus=1, release="6.12", page_size=4096, clock="mono", cmdlines="",
                 ftrace=(RAW_DATA,)):
        self.release, self.page_size, self.clock, self.cmdlines = release, page_size, clock, cmdlines
        self.cpus = [Cpu(page_size) for _ in range(cpus)]
        self.events, self.ftrace = {}, [Event("ftrace", text) for text in ftrace]

    def format(self, name):
        """The event of that name, which is in the file from now on."""
        for e in self.ftrace:
            if e.name == name:
                return e
        if name not in self.events:
            self.events[name] = event_of(name, self.release)
        return self.events[name]

    def event(self, cpu, ns, name, by, /, **values):
        self.cpus[cpu].add(ns, self.format(name).pack(by, values))

    def switch(self, cpu, ns, prev, state, following, prio=120):
        """Tasks are (pid, name); the state is a letter, + for preempted."""
        self.event(cpu, ns, "sched_switch", prev[0], prev_comm=prev[1], prev_pid=prev[0],
                   prev_prio=prio, prev_state=STATES[state], next_comm=following[1],
                   next_pid=following[0], next_prio=prio)

    def wakeup(self, cpu, ns, by, task, target, name="sched_wakeup", prio=120):
        """sched_wakeup, sched_waking or sched_wakeup_new of a task by the pid of another."""
        self.event(cpu, ns, name, by, comm=task[1], pid=task[0], prio=prio, target_cpu=target)

    def marker(self, cpu, ns, pid, kind, payload, part=0, parts=1):
        """What schedrec writes into trace_marker_raw (tracedat/markers.h)."""
        head = struct.pack("<IHHHHI", 0x44455253, kind, len(payload), part, parts, 0)
        data = bytearray(self.format("raw_data").pack(pid, {}))[:8] + head + payload
        self.cpus[cpu].add(ns, bytes(data))

    def bytes(self):
        out = bytearray(b"\x17\x08\x44tracing6\0\0\x08" + struct.pack("<I", self.page_size))

        def text(t):
            data = t if isinstance(t, bytes) else t.encode()
            return struct.pack("<Q", len(data)) + data

        def option(number, data):
            return struct.pack("<HI", number, len(data)) + data

        out += b"header_page\0" + text(
            "\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n"
            "\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;\n"
            "\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n"
            f"\tfield: char data;\toffset:16;\tsize:{self.page_size - 16};\tsigned:0;\n")
        out += b"header_event\0" + text("\ttype_len    :    5 bits\n")
        out += struct.pack("<I", len(self.ftrace)) + b"".join(text(e.text) for e in self.ftrace)
        systems = {}
        for e in self.events.values():
            systems.setdefault(e.system, []).append(e.text)
        out += struct.pack("<I", len(systems))
        for system, texts in systems.items():
            out += system.encode() + b"\0" + struct.pack("<I", len(texts))
            out += b"".join(text(t) for t in texts)
        out += struct.pack("<II", 0, 0) + text(self.cmdlines)  # no kallsyms, no printk formats
        out += struct.pack("<I", len(self.cpus)) + b"options  \0"
        out += option(5, f"Linux box {self.release}.0 x86_64\0".encode()) + option(4, b"")
        out += struct.pack("<H", 0) + b"flyrecord\0"
        table = len(out)
        out += bytes(16 * len(self.cpus))
        out += text(" ".join(f"[{c}]" if c == self.clock else c for c in CLOCKS.split()))
        for i, cpu in enumerate(self.cpus):
            cpu.end_page()
            out += bytes(-len(out) % self.page_size)
            data = b"".join(cpu.pages)
            struct.pack_into("<QQ", out, table + 16 * i, len(out), len(data))
            out += data
        return bytes(out)

    def write(self, path):
        with open(path, "wb") as f:
            f.write(self.bytes())
