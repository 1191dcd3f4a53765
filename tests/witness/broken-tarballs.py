#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every kind of broken tarball, and the sentence that must refuse it.

usage: broken-tarballs.py COLUMNS-PROGRAM

Inputs are made by Python's tarfile, zipfile and numpy's own header writer, never by us.
"""
import io
import json
import os
import struct
import subprocess
import sys
import tarfile
import tempfile
import zipfile
import zlib

program = sys.argv[1]
directory = tempfile.TemporaryDirectory()
path = os.path.join(directory.name, "t.tar")
count = 0
good = True
COLUMNS = {"timestamp": [1, 2, 2, 9], "pid": [7, -1, 0, 4194305], "event": [0, 1, 2, 17],
           "cpu": [0, 1, 0, 65534], "arg0": [0, -1, 5, 6], "arg1": [1, 2, 3, 4]}
START = "\n".join("%d E%d" % (i, i) for i in range(18)).encode()
ROWS = ["1 7 E0 0 0 1 -", "2 -1 E1 1 -1 2 -", "2 0 E2 0 5 3 -", "9 4194305 E17 65534 6 4 -"]


def claim(true, sentence, got=""):
    global count, good
    count += 1
    good = good and bool(true)
    print("ok" if true else "not ok", count, "-", sentence, flush=True)
    if not true:
        print("#", got.strip())


def npy(values, descr="<i8", order="False", shape=None, version=1, header=None, data=None):
    if header is None:
        header = "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }" % (
            descr, order, shape or "(%d,)" % len(values))
    header = header.encode("latin1")
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    length = struct.pack("<H" if version == 1 else "<I", len(header))
    if data is None:
        data = struct.pack("<%dq" % len(values), *values)
    return b"\x93NUMPY" + bytes([version, 0]) + length + header + data


def npz(name, content, method=zipfile.ZIP_DEFLATED, entry=None):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as z:
        z.writestr((entry or name) + ".npy", content)
    return out.getvalue()


def base(**changes):
    """Members of a sound tarball, with columns replaced: values, or the bytes of the .npz."""
    members = {"sched_log_traced_events.start": START}
    for name, values in {**COLUMNS, **changes}.items():
        members[name + ".npz"] = values if isinstance(values, bytes) else npz(name, npy(values))
    return members


def tar(members, form=tarfile.USTAR_FORMAT):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:", format=form) as t:
        for name, data in members.items() if isinstance(members, dict) else members:
            info = tarfile.TarInfo(name)
            if isinstance(data, str):
                info.type, info.linkname = tarfile.SYMTYPE, data
                t.addfile(info)
            else:
                info.size = len(data)
                t.addfile(info, io.BytesIO(data))
    return out.getvalue()


def run(data, what="read", env=None):
    with open(path, "wb") as f:
        f.write(data)
    return subprocess.run([program, what, path], capture_output=True, timeout=60,
                          env={**os.environ, **(env or {})})


def refused(sentence, data, *words):
    if not isinstance(data, bytes):
        data = tar(data)
    got = [run(data, what) for what in ("read", "load")]
    errors = [g.stderr.decode(errors="replace") for g in got]
    claim(all(g.returncode == 1 for g in got) and
          all(w in e and e.startswith(path + ": ") for e in errors for w in words),
          sentence, "%s / %s" % (errors, [g.returncode for g in got]))


def read(sentence, data, rows=ROWS, note=""):
    if not isinstance(data, bytes):
        data = tar(data)
    got = [run(data, what) for what in ("read", "load")]
    claim(all(g.returncode == 0 and g.stdout.decode().splitlines() == rows and
              note in g.stderr.decode() for g in got),
          sentence, str([(g.returncode, g.stdout, g.stderr) for g in got]))


read("a sound tarball is read", base())

# T1 members
for name in COLUMNS:
    members = base()
    del members[name + ".npz"]
    refused("a missing %s is refused by name" % name, members, "no member %s.npz" % name)
members = base()
del members["sched_log_traced_events.start"]
refused("no names of events: refused", members, "no member sched_log_traced_events.start")
read("an unknown column is noted and ignored", {**base(), "more.npz": b"x"},
     note="member more.npz is none that the library reads")
refused("a member twice is refused", list(base().items()) + [("d/pid.npz", base()["pid.npz"])],
        "two members are named pid.npz")
read("members may come in any order", dict(reversed(base().items())))
read("members may be anywhere", {"/a/../b/" + k: v for k, v in base().items()})
refused("no tar", b"hello world " * 100, "no tar header at byte 0")
refused("an empty file", b"", "is empty")
refused("gzip is named", b"\x1f\x8b" + b"x" * 600, "gzip")
refused("a trace.dat is named", b"\x17\x08\x44tracing6\0" + b"x" * 600, "a trace.dat")
refused("a newer format is named", {**base(), "meta.json": b'{"format_version": 2}'},
        "meta.json: format version 2")

# T2 types
for descr, size, words in [("<f8", 8, "dtype <f8, expected <i8"), ("|O", 8, "never unpickled"),
                           ("<U2", 8, "dtype <U2"), ("<i0", 0, "dtype <i0"),
                           ("<i3", 3, "dtype <i3"), ("<i16", 16, "dtype <i16"),
                           ("<c8", 8, "dtype <c8"), ("|b1", 1, "dtype |b1"), ("<x8", 8, "dtype")]:
    refused("dtype %s is refused" % descr,
            base(arg0=npz("arg0", npy([], descr, shape="(4,)", data=b"\0" * 4 * size))),
            "arg0.npz: ", words)
refused("a structured array is refused",
        base(arg0=npz("arg0", npy([], header="{'descr': [('a', '<i8')], 'fortran_order': False, "
                                  "'shape': (4,), }"))), "a structured array")
# T3 shapes
read("Fortran order is the same in one dimension", base(arg1=npz("arg1", npy([1, 2, 3, 4],
                                                                           order="True"))))
for shape, words in [("()", "0 dimensions"), ("(2, 2)", "2 dimensions"), ("(-4,)", "negative shape"),
                     ("(9223372036854775808,)", "values of 8 bytes"),
                     ("(2305843009213693952,)", "values of 8 bytes"),
                     ("(99999999999999999999,)", "below 2^64"), ("4", "shape is no tuple"),
                     ("(5,)", "do not fill"), ("(3,)", "do not fill")]:
    refused("shape %s is refused" % shape, base(cpu=npz("cpu", npy([0, 1, 0, 1], shape=shape))),
            "cpu.npz: ", words)
# T4 headers
for version in (2, 3):
    read("npy version %d is read" % version, base(arg1=npz("arg1", npy([1, 2, 3, 4],
                                                                     version=version))))
ITEMS = "'descr': '<i8', 'fortran_order': False, 'shape': (4,)"
for header, words in [("[1]", "not a dict"), ("{" + ITEMS, "no closing brace"),
                      ("{" + ITEMS + "} + f()", "something follows"),
                      ("{'descr': __import__('os')}", "descr is no string"),
                      ("{'descr': '<i8', 'descr': '<i8'}", "descr is given twice"),
                      ("{'descr': '<i8'}", "missing"), ("{" + ITEMS + ", 'x': 1}", "unknown key x"),
                      ("{'shape': (((((4,),),),),)}", "shape is no tuple"), ("", "not a dict")]:
    refused("npy header %s is refused" % header[:30],
            base(pid=npz("pid", npy([1, 2, 3, 4], header=header))), "pid.npz: npy header: ", words)
huge = b"\x93NUMPY\x02\x00" + struct.pack("<I", 0xfffffff0) + b"{" * 200
refused("a header of 4 GiB is refused", base(pid=npz("pid", huge)), "npy header of 4294967292 bytes")
refused("a header beyond 64 KiB is refused",
        base(pid=npz("pid", npy([1], header="{" + ITEMS + "}" + " " * 70000, version=2))),
        "at most 65536 are read")
refused("another npy version is refused", base(pid=npz("pid", npy([1, 2, 3, 4], version=4))),
        "npy version 4.0")
refused("no npy at all", base(pid=npz("pid", b"x" * 300)), "pid.npz: not a numpy array")
# T5 lengths
refused("lengths that differ are refused with both", base(cpu=[0, 1, 0]), "cpu.npz has 3 rows",
        "timestamp.npz has 4")
# T6 values
refused("unsorted timestamps are refused by row", base(timestamp=[1, 2, 9, 3]),
        "timestamp.npz: row 3: timestamp 3 is before the previous row's 9")
for values in ([0, 1, 2, 18], [0, 1, 2, -1], [0, 1, 2, 2 ** 31 - 1]):
    refused("event id %d without a name is refused by row" % values[3], base(event=values),
            "event.npz: row 3: event id %d has no name" % values[3])
for cpu in (-1, 65535):
    refused("CPU %d is refused by row" % cpu, base(cpu=[0, 1, 0, cpu]),
            "cpu.npz: row 3: CPU id %d" % cpu)
refused("a value that does not fit is refused by row", base(pid=[7, 2 ** 31, 0, 0]),
        "pid.npz: row 1: the value does not fit")
refused("a name id without a name is refused by row",
        {**base(comm=[0, 1, 2, 0]), "comm.json": b'{"a": 1}'}, "comm.npz: row 2: name id 2")
read("names are given to rows", {**base(comm=[0, 1, 9, 1]), "comm.json": b'{"b": 9, "a": 1}'},
     rows=[r[:-1] + n for r, n in zip(ROWS, "-aba")])
read("names without their file are noted", base(comm=[0, 1, 9, 1]), note="comm.npz is ignored")
read("other numbers for the same events are translated",
     {**base(event=[30, 31, 5, 7]),
      "sched_log_traced_events.start": b"30 E0\n31 BLOCK\n5 WAKEUP\n7 E17\n"},
     rows=[ROWS[0], ROWS[1].replace("E1", "BLOCK"), ROWS[2].replace("E2", "WAKEUP"), ROWS[3]])
refused("and an id between them has no name",
        {**base(event=[30, 31, 6, 7]), "sched_log_traced_events.start": b"30 A\n31 B\n5 C\n7 D\n"},
        "event.npz: row 2: event id 6 has no name")
for start, words in [(b"0  A", "line 1: '0  A' is not ID NAME"), (b"0 A\n1 B C", "line 2"),
                     (b"0 A\n0 B", "id 0 is declared twice"), (b"0 A\n1 A", "event A is declared"),
                     (b"-1 A", "line 1"), (b"70000 A", "above 65535"), (b"0 ", "line 1"),
                     (b"0 A\r\n", "line 1"), (b"0 \xff", "line 1")]:
    refused("the line %r is refused" % start, {**base(), "sched_log_traced_events.start": start},
            "sched_log_traced_events.start: ", words)
for text, words in [(b"[", "byte "), (b"[]", "not an object"), (b'{"a": "b"}', "no integer"),
                    (b'{"a": 1, "a": 2}', "duplicate"), (b'{"a": 1, "b": 1}', "the same id"),
                    (b"[" * 1000, "nested deeper"), (b'{"a": 99999999999}', "no integer within")]:
    refused("comm.json %r is refused" % text[:20], {**base(comm=[0] * 4), "comm.json": text},
            "comm.json: ", words)
for text, words in [(b'[{"pid": 1}, {"pid": 0}]', "pid is 0"), (b"{}", "not an array"),
                    (b"[{}]", "without a pid"), (b'[{"pid": 1}', "expected , or ]"),
                    (b'[{"pid": 5, "tgid": "x"}]', "pid 5: tgid is no integer")]:
    refused("tasks.json %r is refused" % text[:24], {**base(), "tasks.json": text}, "tasks.json: ",
            words)

# T7 zips
read("stored members are read", base(arg0=npz("arg0", npy([0, -1, 5, 6]), zipfile.ZIP_STORED)))
for method, name in [(zipfile.ZIP_BZIP2, "bzip2"), (zipfile.ZIP_LZMA, "lzma")]:
    refused("%s is refused by name" % name, base(arg0=npz("arg0", npy([0, 1, 2, 3]), method)),
            "arg0.npz: compressed by " + name)


class Pipe(io.RawIOBase):
    """A target that cannot seek: zipfile then writes sizes behind the data."""
    def __init__(self):
        self.data = b""

    def writable(self):
        return True

    def write(self, b):
        self.data += bytes(b)
        return len(b)


pipe = Pipe()
with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as z:
    z.writestr("arg0.npy", npy([0, -1, 5, 6]))
read("sizes in a data descriptor are read", base(arg0=pipe.data))
sound = npz("arg0", npy([0, -1, 5, 6]))


def patched(data, at, value):
    data = bytearray(data)
    data[at:at + len(value)] = value
    return bytes(data)


central = sound.index(b"PK\x01\x02")
end = sound.index(b"PK\x05\x06")
encrypted = patched(patched(sound, 6, b"\x01"), central + 8, b"\x01")
refused("an encrypted member is refused", base(arg0=encrypted), "arg0.npz: encrypted")
for at, words in [(14, "differs from the central"), (central + 16, "differs from the central"),
                  (30, "differs from the central"), (central + 42, "no local header"),
                  (end + 16, "does not end where"), (end + 8, "several volumes")]:
    refused("a zip changed at byte %d is refused" % at,
            base(arg0=patched(sound, at, bytes([sound[at] ^ 1]))), "arg0.npz: ", words)
both = patched(patched(sound, 14, b"abcd"), central + 16, b"abcd")
refused("a wrong checksum is refused", base(arg0=both), "arg0.npz: wrong checksum")
refused("damaged data is refused", base(arg0=patched(sound, 45, b"\xff\xff\xff\xff")), "arg0.npz: ")
refused("no array of the column's name", base(arg0=npz("arg0", npy([0, 1, 2, 3]), entry="x")),
        "arg0.npz: no array named arg0")
two = io.BytesIO()
with zipfile.ZipFile(two, "w") as z:
    import warnings
    warnings.simplefilter("ignore")
    z.writestr("arg0.npy", npy([0, 1, 2, 3]))
    z.writestr("arg0.npy", npy([0, 1, 2, 3]))
refused("two arrays of one name", base(arg0=two.getvalue()), "two entries named arg0.npy")
many = io.BytesIO()
with zipfile.ZipFile(many, "w") as z:
    for i in range(66000):
        z.writestr("x%d" % i, b"")
    z.writestr("arg0.npy", npy([0, -1, 5, 6]))
read("a zip of more than 65,535 entries is read", base(arg0=many.getvalue()))
# T9 paths and tar headers
refused("a link in place of a column is refused", {**base(), "pid.npz": "/etc/passwd"},
        "pid.npz is no regular member")
read("a link of another name is ignored", {**base(), "passwd": "/etc/passwd"})
for form, name in [(tarfile.GNU_FORMAT, "GNU"), (tarfile.PAX_FORMAT, "pax")]:
    read("%s long names are read" % name, tar({"d" * 300 + "/" + k: v for k, v in base().items()},
                                              form), note="")
pax = tar({"d" * 300 + "/pid.npz": base()["pid.npz"]}, tarfile.PAX_FORMAT)


def header(name, size, kind=b"0", size_field=None):
    block = bytearray(512)
    block[:len(name)] = name
    block[100:108] = b"0000644\0"
    block[124:136] = size_field or b"%011o\0" % size
    block[156:157] = kind
    block[257:265] = b"ustar\x0000"
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


END = b"\0" * 1024
for field, words in [(b"\xff" * 12, "bad member size"), (b"\x80" + b"\xff" * 11, "bad member size"),
                     (b"77777777777\0", "cut at byte"), (b"9" * 12, "bad member size"),
                     (b"\x80" + b"\0" * 3 + b"\x7f" + b"\xff" * 7, "bad member size")]:
    refused("the member size %r is refused" % field[:6],
            header(b"pid.npz", 0, size_field=field) + END, words)
refused("a sparse member is refused by name", header(b"pid.npz", 0, b"S") + END,
        "pid.npz is a sparse member")
for text in (b"", b"x", b"5 a=b\n", b"99999999999999999999 path=x\n", b"6 path\n", b"3 \n",
             b"12 size=-9\nx", b"0 a=b\n"):
    data = header(b"x", len(text), b"x") + text.ljust(512, b"\0") + header(b"pid.npz", 0) + END
    refused("pax attributes %r end in a refusal" % text, data if text else END,
            "extended header" if text else "a tar without members")
data = header(b"x", 24, b"x") + b"24 GNU.sparse.size=1000\n".ljust(512, b"\0") + END
refused("a pax sparse member is refused", data, "sparse member")
refused("an extended header of 1 GiB is refused", header(b"x", 1 << 30, b"x") + END,
        "extended header of 1073741824 bytes")
# T10 bombs
zeros = zlib.compressobj(9, zlib.DEFLATED, -15)
bomb = zeros.compress(npy([], shape="(99999999,)"))
for _ in range(50):
    bomb += zeros.compress(bytes(1 << 20))
bomb += zeros.flush()


def raw_zip(packed, size, crc=0):
    fields = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 33, crc, len(packed), size, 8, 0)
    local = b"PK\x03\x04" + fields + b"arg0.npy"
    entry = b"PK\x01\x02\x14\x00" + fields + b"\0" * 6 + b"\0" * 8 + b"arg0.npy"
    return local + packed + entry + b"PK\x05\x06" + struct.pack(
        "<HHHHIIH", 0, 0, 1, 1, len(entry), len(local) + len(packed), 0)


size = 4 * 8 + 128
refused("more data than the shape has is refused",
        base(arg0=raw_zip(zeros_and_more := zlib.compress(npy([0, 1, 2, 3]) + b"x" * 100)[2:-4],
                          len(npy([0, 1, 2, 3])))), "arg0.npz: something follows its last value")
refused("a size that the data cannot have is refused", base(arg0=raw_zip(bomb[:100], 1 << 30)),
        "100 bytes cannot inflate to 1073741824")
refused("a bomb stops at the size of the shape", base(arg0=raw_zip(bomb, 99999999 * 8 + 128)),
        "arg0.npz")
# T11 cuts
whole = tar(base())
sound_end = len(whole.rstrip(b"\0"))
messages = set()
failed = 0
with open(path, "wb") as f:
    f.write(whole)
for n in range(0, len(whole) - 9000, 101):
    got = run(whole[:n])
    failed += got.returncode != 1 and n < (sound_end + 511) // 512 * 512 + 512
claim(failed == 0, "a tarball cut anywhere before its end blocks is refused")
refused("a cut says which member is the last whole one", tar(base())[:512 * 6 + 100],
        "cut at byte 3172", "the last whole member is ")
# The index
ours = os.path.join(directory.name, "ours.tar")
text = "".join("%d %d 0 0 %d 7 a\n" % (i, i % 9, i * i) for i in range(500))
subprocess.run([program, "write", ours, "100"], input=text.encode(), check=True)
with tarfile.open(ours, "r:") as t:
    members = {m.name: t.extractfile(m).read() for m in t}
index = json.loads(members["index.json"])
rows = run(tar(members)).stdout.decode().splitlines()
claim(len(rows) == 500, "a tarball of ours can be packed again")


def changed(change):
    copy = json.loads(members["index.json"])
    change(copy)
    return {**members, "index.json": json.dumps(copy).encode()}


read("without its index it is read as well",
     {k: v for k, v in members.items() if k != "index.json"}, rows=rows)


def shift(index):
    index["offsets"]["arg0"][2] += 1


def swap(index):
    offsets = index["offsets"]
    offsets["arg0"] = offsets["arg0"][:2] + [offsets["arg0"][2] - 40] + offsets["arg0"][3:]


def drop(index):
    index["offsets"]["arg0"].pop()


def last(index):
    index["offsets"]["arg0"][-1] -= 3


def rows_per_block(index):
    index["rows_per_block"] = 50


def no_rows(index):
    index["rows_per_block"] = 0


def huge_offset(index):
    index["offsets"]["arg0"][-1] = 1 << 60


def negative(index):
    index["offsets"]["arg0"][0] = -1


for change in (shift, swap, last):
    refused("an index with wrong offsets (%s) is found out" % change.__name__, changed(change),
            "arg0.npz: ", "index.json")
for change in (drop, huge_offset, negative):
    refused("an index that cannot be (%s) is refused" % change.__name__, changed(change),
            "index.json: offsets of arg0 do not fit")
refused("an index with other rows a block is refused", changed(rows_per_block), "index.json: ")
refused("an index with no rows a block is refused", changed(no_rows), "index.json: rows_per_block")
refused("an edited text is found out by its checksum",
        {**members, "comm.json": members["comm.json"].replace(b"a", b"b")},
        "comm.json: its checksum is not that of index.json")
# T13
os.makedirs(os.path.join(directory.name, "d"))
for what, words in [(os.path.join(directory.name, "d"), "a directory, not a file"),
                    (os.path.join(directory.name, "none"), "cannot open: No such file")]:
    got = subprocess.run([program, "read", what], capture_output=True, text=True)
    claim(got.returncode == 1 and words in got.stderr, "%r is the answer" % words, got.stderr)
os.mkfifo(os.path.join(directory.name, "fifo"))
got = subprocess.run([program, "read", os.path.join(directory.name, "fifo")], capture_output=True,
                     text=True, timeout=20)
claim("a pipe, not a file" in got.stderr, "a pipe is refused by name at once", got.stderr)
print("1..%d" % count)
sys.exit(0 if good else 1)
