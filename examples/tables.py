#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tables and rows of a recording as numpy arrays, straight from libschedtrace by ctypes.

As a module:

    import tables
    trace = tables.Trace("build.tar")
    tasks = trace.table("tasks", "tasks")       # {column: array}
    rows = trace.events()                       # {"timestamp": array, ...}

Columns of numbers are views of the library's memory, which lives as long as any array of it.
Unknown integers are masked, unknown reals NaN, unknown texts None.

As a program: tables.py TARBALL [ANALYSIS...] describes every column of their tables.
"""
import ctypes
import os
import subprocess
import sys

import numpy as np

INT, REAL, TEXT = 1, 2, 3
UNKNOWN = np.iinfo(np.int64).min
c_void_p, c_char_p, c_size_t, byref = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t,
                                       ctypes.byref)


class Error(ctypes.Structure):
    _fields_ = [("status", ctypes.c_int), ("text", ctypes.c_char * 1024)]


class Column(ctypes.Structure):         # of what is there, its beginning
    _fields_ = [("name", c_char_p), ("unit", c_char_p), ("about", c_char_p),
                ("type", ctypes.c_int)]


class Info(ctypes.Structure):
    _fields_ = [("name", c_char_p), ("about", c_char_p), ("n_columns", c_size_t),
                ("columns", ctypes.POINTER(ctypes.POINTER(Column)))]


class Events(ctypes.Structure):
    _fields_ = [("n", c_size_t)] + [(name, c_void_p) for name in (
        "timestamp", "pid", "event", "cpu", "arg0", "arg1", "comm", "stack")]


def contents(pointer):
    return pointer.contents


def load_library():
    """By the loader (LD_LIBRARY_PATH, ldconfig), or where pkg-config says."""
    name = "libschedtrace.so.0"
    try:
        library = ctypes.CDLL(name)
    except OSError:
        found = subprocess.run(["pkg-config", "--variable=libdir", "schedtrace"],
                               capture_output=True, text=True)
        if found.returncode:
            raise
        library = ctypes.CDLL(os.path.join(found.stdout.strip(), name))
    for function in ("schedtrace_tables_at", "schedtrace_tables_find", "schedtrace_table_ints",
                     "schedtrace_table_reals", "schedtrace_table_texts"):
        getattr(library, function).restype = c_void_p
    library.schedtrace_table_info.restype = ctypes.POINTER(Info)
    library.schedtrace_tables_count.restype = c_size_t
    library.schedtrace_table_rows.restype = c_size_t
    return library


LIBRARY = load_library()


def view(address, ctype, n, owner):
    """An array over n values at an address; the owner of that memory stays alive with it."""
    memory = (ctype * n).from_address(address or 0) if n else (ctype * 0)()
    memory.owner = owner
    array = np.frombuffer(memory, ctype, n)
    array.flags.writeable = False
    return array


class Tables:
    """The tables of one run of analyses."""

    def __init__(self, address):
        self.address = c_void_p(address)

    def __del__(self):
        LIBRARY.schedtrace_tables_free(self.address)

    def names(self):
        return [self.info(LIBRARY.schedtrace_tables_at(self.address, c_size_t(i))).name.decode()
                for i in range(LIBRARY.schedtrace_tables_count(self.address))]

    @staticmethod
    def info(table):
        return LIBRARY.schedtrace_table_info(c_void_p(table)).contents

    def find(self, name):
        table = LIBRARY.schedtrace_tables_find(self.address, name.encode())
        if not table:
            raise KeyError(f"no table {name}; there are {', '.join(self.names())}")
        return table

    def columns(self, name):
        """[(column, unit, meaning)]"""
        info = self.info(self.find(name))
        return [tuple(text.decode() for text in (c.name, c.unit, c.about))
                for c in map(contents, info.columns[:info.n_columns])]

    def __getitem__(self, name):
        """{column: array}"""
        table = self.find(name)
        info, n = self.info(table), LIBRARY.schedtrace_table_rows(c_void_p(table))
        return {c.name.decode(): self.array(table, c, n)
                for c in map(contents, info.columns[:info.n_columns])}

    def array(self, table, column, n):
        if column.type == INT:
            ints = view(LIBRARY.schedtrace_table_ints(c_void_p(table), column.name),
                        ctypes.c_int64, n, self)
            unknown = ints == UNKNOWN
            return np.ma.array(ints, mask=unknown, copy=False) if unknown.any() else ints
        if column.type == REAL:
            return view(LIBRARY.schedtrace_table_reals(c_void_p(table), column.name),
                        ctypes.c_double, n, self)
        texts = LIBRARY.schedtrace_table_texts(c_void_p(table), column.name)
        texts = (c_char_p * n).from_address(texts) if n else ()
        # Bytes of the recorded system, of any kind.
        return np.array([t if t is None else t.decode("utf-8", "backslashreplace") for t in texts],
                        object)


class Trace:
    def __init__(self, path):
        self.address, error = c_void_p(), Error()
        if LIBRARY.schedtrace_open(byref(self.address), os.fsencode(path), None, byref(error)):
            raise OSError(error.text.decode())

    def __del__(self):
        LIBRARY.schedtrace_close(self.address)

    def analyze(self, *analyses):
        tables, error = c_void_p(), Error()
        if LIBRARY.schedtrace_analyze(self.address, ",".join(analyses).encode(), byref(tables),
                                      byref(error)):
            raise ValueError(error.text.decode())
        return Tables(tables.value)

    def table(self, analysis, table):
        return self.analyze(analysis)[table]

    def events(self):
        """All rows: {column: array}"""
        events, error = ctypes.POINTER(Events)(), Error()
        if LIBRARY.schedtrace_load(self.address, byref(events), byref(error)):
            raise ValueError(error.text.decode())
        events = events.contents
        wide = {"timestamp", "arg0", "arg1"}
        return {name: view(getattr(events, name),
                           ctypes.c_int64 if name in wide else ctypes.c_int32, events.n, self)
                for name, _ in Events._fields_[1:] if getattr(events, name) or not events.n}


def describe(path, *analyses):
    tables = Trace(path).analyze(*analyses)
    for name in tables.names():
        table, units = tables[name], {c: unit for c, unit, _ in tables.columns(name)}
        print(f"{name}: {len(next(iter(table.values())))} rows")
        for column, array in table.items():
            if array.dtype == object:
                known = [text for text in array if text is not None]
                print(f"  {column:22} {len(set(known))} different texts")
            elif np.ma.count(array):
                unit = units[column].replace("1", "")   # 1: a count
                print(f"  {column:22} {np.nanmin(array):.10g} to {np.nanmax(array):.10g} {unit}"
                      .rstrip())


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: tables.py TARBALL [ANALYSIS...]")
    try:
        describe(sys.argv[1], *(sys.argv[2:] or ["tasks"]))
    except (OSError, ValueError) as error:
        sys.exit(f"tables.py: {error}")
