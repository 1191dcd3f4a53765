# SPDX-License-Identifier: LGPL-2.1-or-later
"""Arrow's C stream of rows and tables, read by the specification's structs and compared with numpy.

usage: arrow.py TRACES"""
import ctypes as c
import json
import os
import sys
import tarfile

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../examples"))
import tables  # noqa: E402
import rows as witness  # noqa: E402


class Schema(c.Structure):
    pass


Schema._fields_ = [("format", c.c_char_p), ("name", c.c_char_p), ("metadata", c.c_void_p),
                   ("flags", c.c_int64), ("n_children", c.c_int64),
                   ("children", c.POINTER(c.POINTER(Schema))), ("dictionary", c.POINTER(Schema)),
                   ("release", c.CFUNCTYPE(None, c.POINTER(Schema))), ("private", c.c_void_p)]


class Array(c.Structure):
    pass


Array._fields_ = [("length", c.c_int64), ("null_count", c.c_int64), ("offset", c.c_int64),
                  ("n_buffers", c.c_int64), ("n_children", c.c_int64),
                  ("buffers", c.POINTER(c.c_void_p)), ("children", c.POINTER(c.POINTER(Array))),
                  ("dictionary", c.POINTER(Array)),
                  ("release", c.CFUNCTYPE(None, c.POINTER(Array))), ("private", c.c_void_p)]


class Stream(c.Structure):
    pass


Stream._fields_ = [("get_schema", c.CFUNCTYPE(c.c_int, c.POINTER(Stream), c.POINTER(Schema))),
                   ("get_next", c.CFUNCTYPE(c.c_int, c.POINTER(Stream), c.POINTER(Array))),
                   ("get_last_error", c.CFUNCTYPE(c.c_char_p, c.POINTER(Stream))),
                   ("release", c.CFUNCTYPE(None, c.POINTER(Stream))), ("private", c.c_void_p)]

WIDTHS = {b"l": np.int64, b"i": np.int32, b"g": np.float64}
tap = witness.Tap()
library = tables.LIBRARY


def buffer(array, i, dtype, n):
    return np.ctypeslib.as_array(c.cast(array.buffers[i], c.POINTER(c.c_uint8)),
                                 (n * np.dtype(dtype).itemsize,)).view(dtype).copy() \
        if n else np.zeros(0, dtype)


def valid(array):
    if not array.buffers[0]:
        return np.ones(array.length, bool)
    bits = buffer(array, 0, np.uint8, (array.length + 7) // 8)
    return np.unpackbits(bits, bitorder="little")[:array.length].astype(bool)


def texts(array):
    offsets = buffer(array, 1, np.int32, array.length + 1)
    data = buffer(array, 2, np.uint8, int(offsets[-1])).tobytes()
    return [data[a:b].decode("utf-8") if ok else None
            for a, b, ok in zip(offsets[:-1], offsets[1:], valid(array))]


def column(schema, array):
    """Values, None where null; indexes of a dictionary as its texts."""
    if schema.format == b"u":
        return texts(array)
    values, ok = buffer(array, 1, WIDTHS[schema.format], array.length), valid(array)
    if int((~ok).sum()) != array.null_count:
        tap.ok(False, "null_count is the number of nulls", schema.name)
    if schema.dictionary:
        names = texts(array.dictionary[0])
        return [names[v] if k else None for v, k in zip(values, ok)]
    return [v if k else None for v, k in zip(values.tolist(), ok)]


def metadata(schema):
    """{key: value} of a field."""
    if not schema.metadata:
        return {}
    at, words = schema.metadata, []
    pairs = c.c_int32.from_address(at).value
    at += 4
    for _ in range(2 * pairs):
        n = c.c_int32.from_address(at).value
        words.append(c.string_at(at + 4, n).decode())
        at += 4 + n
    return dict(zip(words[::2], words[1::2]))


def read(stream):
    """({name: values}, {name: metadata}, batches) of all arrays; everything is released."""
    schema, columns, batches = Schema(), {}, 0
    assert stream.get_schema(c.byref(stream), c.byref(schema)) == 0 and schema.format == b"+s"
    fields = [schema.children[i][0] for i in range(schema.n_children)]
    about = {f.name.decode(): metadata(f) for f in fields}
    while True:
        array = Array()
        if stream.get_next(c.byref(stream), c.byref(array)) != 0:
            raise OSError(stream.get_last_error(c.byref(stream)))
        if not array.release:
            break
        batches += 1
        for i, f in enumerate(fields):
            child = array.children[i][0]
            assert child.length == array.length
            columns.setdefault(f.name.decode(), []).extend(column(f, child))
        array.release(c.byref(array))
        assert not array.release
    schema.release(c.byref(schema))
    stream.release(c.byref(stream))
    assert not stream.release
    return columns, about, batches


for name in ("build", "memory", "pingpong"):
    path = os.path.join(sys.argv[1], name + ".tar")
    trace, stream, error = tables.Trace(path), Stream(), tables.Error()
    r = library.schedtrace_arrow_events(c.byref(stream), trace.address, c.c_uint64(0),
                                        c.c_uint64(2**64 - 1), c.byref(error))
    tap.ok(r == 0, f"{name}: there is a stream of rows", error.text)
    columns, about, _ = read(stream)
    rows = witness.Trace(path)
    own = {"timestamp": rows.timestamp, "pid": rows.pid, "cpu": rows.cpu, "arg0": rows.arg0,
           "arg1": rows.arg1}
    same = {k: columns[k] == v.tolist() for k, v in own.items()}
    tap.ok(all(same.values()) and about["timestamp"] == {"unit": "ns"},
           f"{name}: its columns are numpy's", same)
    names = {number: text for text, number in rows.ids.items()}
    with tarfile.open(path) as tar:
        comms = {number: text for text, number in json.load(tar.extractfile("comm.json")).items()}
    tap.ok(columns["event"] == [names[i] for i in rows.event.tolist()] and
           columns["comm"] == [comms.get(i) for i in rows.comm.tolist()],
           f"{name}: events and tasks have their names")

    for analysis, table in (("tasks", "tasks"), ("latency", "latency_histogram"),
                            ("memory", "memory")):
        result, stream = trace.analyze(analysis), Stream()
        r = library.schedtrace_arrow_table(c.byref(stream), result.address, table.encode(),
                                           c.byref(error))
        columns, about, batches = read(stream) if r == 0 else ({}, {}, 0)
        bad, expected = [], result[table]
        for k, v in expected.items():
            want = (np.ma.masked_invalid(v) if v.dtype == float else v).tolist()
            if columns.get(k) != want:
                bad.append((k, columns.get(k, [])[:3], want[:3]))
        tap.ok(r == 0 and batches == 1 and not bad and columns.keys() == expected.keys() and
               all(m["about"] for m in about.values()),
               f"{name}: the table {table} is the library's own", bad, error.text)
    r = library.schedtrace_arrow_table(c.byref(stream), result.address, b"nosuch", c.byref(error))
    tap.ok(r < 0 and b"there is no table nosuch" in error.text, f"{name}: no table of that name is said")
    library.schedtrace_arrow_events(c.byref(stream), trace.address, c.c_uint64(10), c.c_uint64(15),
                                    c.byref(error))
    columns, _, _ = read(stream)
    tap.ok(columns["timestamp"] == rows.timestamp[10:15].tolist(), f"{name}: a part of the rows, too")
tap.end()
