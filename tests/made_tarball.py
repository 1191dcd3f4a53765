# SPDX-License-Identifier: LGPL-2.1-or-later
"""Recordings of a few rows, for tests."""
import io
import struct
import tarfile
import zipfile

EVENTS = ("EXEC EXIT WAKEUP WAKEUP_NEW BLOCK BLOCK_IO WAIT_FUTEX WAKE_FUTEX WAKER_FUTEX FORK TICK "
          "CTX_SWITCH MIGRATE RQ_SIZE IDL_BLN_FAIR_BEG IDL_BLN_FAIR_END PER_BLN_FAIR_BEG "
          "PER_BLN_FAIR_END").split()


def tarball(path, rows):
    """A recording of rows of timestamp, pid, event, cpu, arg0, arg1."""
    columns = {"timestamp": "q", "pid": "i", "event": "i", "cpu": "i", "arg0": "q", "arg1": "q"}
    members = {"sched_log_traced_events.start":
               "\n".join(f"{i} {name}" for i, name in enumerate(EVENTS)).encode()}
    for k, (name, kind) in enumerate(columns.items()):
        header = f"{{'descr': '<i{struct.calcsize(kind)}', 'fortran_order': False, "
        header = (header + f"'shape': ({len(rows)},), }}").ljust(117) + "\n"
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as z:
            z.writestr(name + ".npy", b"\x93NUMPY\1\0" + struct.pack("<H", 118) + header.encode() +
                       struct.pack(f"<{len(rows)}{kind}", *(row[k] for row in rows)))
        members[name + ".npz"] = packed.getvalue()
    with tarfile.open(path, "w") as tar:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return path
