# SPDX-License-Identifier: LGPL-2.1-or-later
"""The example of an experiment, small: every case is recorded, and the table says what the runs did."""
import csv
import json
from recorder import *

need_kernel()
RUN, BIN = os.path.abspath(sys.argv[3]), [os.path.abspath(path) for path in sys.argv[4:6]]

with Folder() as folder:
    os.mkdir("bin")
    for path in [SCHEDREC, *BIN]:
        os.symlink(path, f"bin/{os.path.basename(path)}")
    with open("e.json", "w") as f:
        json.dump({"programs": {"echo": ["sh", "-c", "echo $N.5; echo $N >file"]},
                   "settings": {"one": ["env", "N=1"], "two": ["env", "N=2"]}, "repetitions": 2,
                   "add": ["file"], "values": ["printed=stdout.txt", "written=file"],
                   "table": ["--table", "figures", "--width", "0"], "figure": ["--table", "totals"]}, f)

    def experiment():
        return subprocess.run([RUN, "e.json", "--out", "out", "--bin", "bin"], capture_output=True,
                              text=True)

    r = experiment()
    claim(r.returncode == 0 and r.stdout.split() == ["echo-one-1", "echo-two-1", "echo-one-2",
                                                     "echo-two-2"],
          "the cases are recorded in turn", r.stdout, r.stderr)
    with open("out/recordings.csv") as f:
        rows = {row["file"]: (float(row["printed"]), float(row["written"])) for row in csv.DictReader(f)}
    claim(rows == {f"echo-{name}-{i}.tar": (n + 0.5, n) for n, name in ((1, "one"), (2, "two"))
                   for i in (1, 2)}, "the table has what each run printed and wrote", rows)
    with open("out/table.txt") as f:
        lines = [line.split() for line in f.read().splitlines()]
    claim({line[0] for line in lines if line} >= {"echo-one", "echo-two"}, "and a row a case", lines)
    claim(open("out/figure.png", "rb").read(8) == b"\x89PNG\r\n\x1a\n" and not
          [n for n in os.listdir("out") if n.endswith(".dat")], "there is a picture, and nothing else",
          os.listdir("out"))
    os.unlink("out/echo-two-1.tar")
    r = experiment()
    claim(r.returncode == 0 and r.stdout.split() == ["echo-two-1"],
          "what is missing is recorded again, and nothing else", r.stdout, r.stderr)
done()
