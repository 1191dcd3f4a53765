# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the command prints and writes travels with the recording."""
import tarfile
from recorder import *

need_kernel()
SCHEDCONV = os.path.abspath(sys.argv[3])
SCHEDREPORT = os.path.abspath(sys.argv[4])
MOST = 16 << 20


def convert(path):
    """({member: bytes} of the tarball, the notes)."""
    r = subprocess.run([SCHEDCONV, path, "out.tar"], capture_output=True, text=True)
    claim(r.returncode == 0, f"schedconv converts {path}", r.stderr)
    with tarfile.open("out.tar") as tar:
        return {m.name: tar.extractfile(m).read() for m in tar}, r.stderr


def losses(path):
    return stat_sum(header(path)[1], "overrun")


with Folder():
    sides = ["sh", "-c", "echo one; echo two >&2; printf '\\0\\377' ; cat input >results.txt; exit 7"]
    results = os.urandom(100000)
    touch("input")
    with open("input", "wb") as f:
        f.write(results)
    r = subprocess.run([SCHEDREC, "-q", "-o", "k.dat", "--keep-output", "--add", "results.txt", "--add",
                        "/proc/version", "--", *sides], capture_output=True)
    claim(r.returncode == 7 and r.stdout == b"one\n\0\xff" and r.stderr == b"two\n",
          "what the command prints is passed on, and its status", r)
    members, notes = convert("k.dat")
    claim(members.get("stdout.txt") == b"one\n\0\xff" and members.get("stderr.txt") == b"two\n",
          "it is in the tarball", members.keys())
    with open("/proc/version", "rb") as f:
        claim(members.get("version") == f.read(), "a file without a size is kept up to its end")
    claim(members.get("results.txt") == results, "so is a file that the command wrote", notes)
    subprocess.run([SCHEDCONV, "-q", "out.tar", "again.tar"], check=True)
    with tarfile.open("again.tar") as tar:
        claim(tar.extractfile("results.txt").read() == results,
              "a tarball made of the tarball has it too")

    run("-q", "-o", "n.dat", "--keep-output", "--", "echo", "took", "12.5", "s")
    subprocess.run([SCHEDCONV, "-q", "n.dat", "n.tar"], check=True)
    r = subprocess.run([SCHEDREPORT, "recordings", "-f", "csv", "--value", "took[s]=stdout.txt",
                        "-c", "took", "n.dat", "n.tar"], capture_output=True, text=True)
    claim(r.stdout.split()[-2:] == ["12.5", "12.5"],
          "--value reads a number from the recording and from the tarball", r.stdout, r.stderr)

    size = 20_000_001
    r = run("-o", "b.dat", "--keep-output", "--", "sh", "-c", f"yes | head -c {size}")
    members, notes = convert("b.dat")
    claim(len(r.stdout) == size and f"stdout.txt, which has {size} bytes" in r.stderr,
          "much output is passed on whole, and it is told that its beginning is kept", r.stderr)
    claim(members["stdout.txt"] == b"y\n" * (MOST // 2) and str(size) in notes,
          "the tarball has that beginning, and the converter tells how much there was", notes)
    claim(losses("b.dat") == 0, "no event is lost for it", header("b.dat")[1])

    r = subprocess.run([SCHEDREC, "-q", "-o", "h.dat", "--keep-output", "--", "sh", "-c",
                        "yes; echo $? >status"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       preexec_fn=lambda: os.dup2(os.open("/dev/full", os.O_WRONLY), 1))
    with open("status") as f:
        claim(f.read().strip() == "141", "where nobody takes the output the command is told so")

    p = start("-q", "-o", "d.dat", "--keep-output", "--", "sh", "-c",
              "(while [ ! -e go ]; do sleep 0.05; done; echo late) & echo early")
    out, err = p.communicate(timeout=LONG)
    touch("go")
    claim(p.returncode == 0 and out == "early\n",
          "a descendant that lives on does not keep the recorder", out, err)

    p = start("-q", "-o", "c.dat", "--keep-output", "--", "sh", "-c", until("end"))
    wait_begun(p)
    claim(wait_for(lambda: any(status_of(int(t), "CapEff", 16) == 0
                               for t in os.listdir(f"/proc/{p.pid}/task"))),
          "the thread that passes it on has no capabilities")
    touch("end")
    p.communicate(timeout=LONG)

    r = run("-q", "-o", "m.dat", "--add", "nothing", "--", "true")
    claim(r.returncode == 125 and "--add nothing" in r.stderr and "status 0" in r.stderr,
          "a file that is not there at the end is told", r.stderr)
    claim(report_lines("m.dat") > 0, "the recording is whole without it")

    r = run("-q", "-o", "r.dat", "--rotate", "1M", "--keep-output", "--", "sh", "-c",
            "echo first; i=0; while [ $i -lt 300 ]; do /bin/true; i=$((i+1)); done; echo last")
    files = sorted(f for f in os.listdir(".") if f.startswith("r.0"))
    claim(convert(files[-1])[0].get("stdout.txt") == b"first\nlast\n",
          "of several files the last one has it", files, r.stderr)

    os.mkdir("again")
    for options, words in ((["--add", "x.npz"], "column"), (["--add", "/"], "no name"),
                           (["--add", "k.dat", "--add", "./k.dat"], "same name"),
                           (["--keep-output", "--add", "a/stdout.txt"], "makes a member"),
                           (["--add", "x" * 100], "too long"), (["--add", "\udcff"], "UTF-8"),
                           (["--flight", "1", "--keep-output"], "--flight"),
                           (["--add", "again"], "regular file")):
        r = run("-q", "-o", "no.dat", *options, "--", "true")
        claim(r.returncode == 125 and words in r.stderr, f"{options[-1][:20]!a} is refused", r.stderr)
    r = run("-q", "-o", "no2.dat", "-d", "0.1", "--keep-output")
    claim(r.returncode == 125 and "COMMAND" in r.stderr, "--keep-output without a command is refused",
          r.stderr)
done()
