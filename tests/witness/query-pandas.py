#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Queries choose the rows that pandas chooses. Usage: query-pandas.py QUERY-ROWS"""
import os
import random
import subprocess
import sys
import warnings

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from tap import claim, done, skip   # noqa: E402

try:
    import pandas
except ImportError:
    skip("queries choose the rows that pandas chooses", "python3-pandas is not installed")
    done()
import numpy   # noqa: E402

warnings.simplefilter("ignore")
BIG = 2**53
INTS = [0, 1, 2, 3, -1, -7, 5, 10, BIG, BIG + 1, BIG + 2, -BIG - 1, 2**63 - 1, -2**63, 2**62, 7]
SMALL = [0, 1, 0, 2, 3, -1, 1, 0, 2, 5, 7, -3, 1, 1, 2, 4]
REALS = [0.0, -0.0, 0.5, float("nan"), float("inf"), float("-inf"), 1e300, float(BIG), 3.0, -2.5,
         7.0, 1.0, 2.0, 5.0, float("nan"), 10.0]
TEXTS = ["cc1", "make", None, "cc", "sh", "a'b", "cc1", "Make", None, "x", "x", "zz", "ld", "as",
         "cc", "bash"]
FRAME = pandas.DataFrame({"a": numpy.array(INTS, dtype=numpy.int64),
                          "b": numpy.array(SMALL, dtype=numpy.int64),
                          "divided": numpy.array(SMALL[::-1], dtype=numpy.int64),
                          "x": REALS, "comm": TEXTS})

# Every operator, precedence and type, and what numpy does at the edges.
TABLE = r"""
a == 1
a != 1
a < 3
a <= 3
a > 9007199254740992
a == 9007199254740992
a == 9007199254740993
a == 9007199254740992.0
a >= 9007199254740993
a == 9223372036854775807
a < -9223372036854775807
x == 0
x != x
x == x
x > 1
x <= 3
not x > 1
~(x > 1)
x == 3
a == x
a < x
a != b
1 < a < 10
1 < a <= 3 < 5
0 <= b < a
a < b < x
3 > a > 0
a == 1 | a == 2
a == 1 & b == 1
a == 1 and b == 1 or x == 3
a == 1 or b == 1 and x == 3
a == 1 | b == 1 & x == 3
(a == 1 | b == 1) & x < 3
not a == 1
not a == 1 and b == 0
not (a == 1 and b == 0)
~(a == 1) & ~(b == 0)
a in [1, 2, 3]
a not in [1, 2, 3]
a in [1]
a in []
a in (1, 2)
a == [1, 2, 3]
a != [1, 2, 3]
x in [0.5, 3]
x in [1, 2]
x not in [0.5]
a in [1.0, 2.5]
comm in ['cc', 'x']
comm not in ['cc', 'x']
comm == 'cc1'
comm != 'cc1'
comm == "a'b"
comm == 'cc1' or comm == 'make' and a == 1
a + 1 == 2
a - b > 0
a * 2 == 4
a * a == 1
a * a < 0
a + a < 0
a / 2 == 0.5
a / b > 1
a / b == a / b
a // 2 == 0
a // 2 == -1
a // -2 == 0
a // 3 * 3 + a % 3 == a
a % 3 == 2
a % -3 == -1
-a == 1
-a < 0
+a == 1
- a + 1 == 0
a ** 2 == 4
x ** 2 == 0.25
x ** 0.5 < 2
-a ** 2 == -4
2 ** 3 ** 0 == b
a * 2 + 1 == 3
a + 2 * b == 3
(a + 2) * b == 3
a - 1 - 1 == 0
a / 2 / 2 == 0.25
x + 1 > 1
x - x == 0
x * 0 == 0
x / 0 > 1
1 / x > 0
x // 2 == 1
x % 2 == 1
x % -2 == -1
-x > 0
a == 0x10 - 15
a == 1_0
a == 1e1
a > .5
a == 10.
a < 1e400
(~a) == -2
~a == -2
(a == 1) == True
(a == 1) == (b == 1)
(a == 1) != False
`a` == 1
a==1&b==1|x==3
"""


def random_expression(choose, depth=0):
    """Conditions that both take, of a few levels."""
    def number(level):
        kind = choose.randrange(7 if level < 3 else 3)
        if kind < 2:
            return choose.choice(["a", "b", "x"])
        if kind == 2:
            return choose.choice(["0", "1", "2", "-3", "0.5", "7"])
        if kind == 3:
            return "-" + number(level + 1)
        if kind == 4:   # what pandas divides stays a fraction wherever else it stands
            return "(%s / %s)" % (choose.choice(["divided", "x"]),
                                  choose.choice(["divided", "x", "2", "0.5"]))
        operator = choose.choice(["+", "-", "*"])
        form = "(%s %s %s)" if choose.random() < 0.5 else "%s %s %s"
        return form % (number(level + 1), operator, number(level + 1))

    kind = choose.randrange(8 if depth < 3 else 4)
    if kind < 3:
        operator = choose.choice(["==", "!=", "<", "<=", ">", ">="])
        # Where both sides are numbers written out, pandas answers with one value for all rows.
        return "%s %s %s" % (choose.choice(["a", "b", "x"]), operator, number(0))
    if kind == 3:
        return choose.choice(["comm == 'cc'", "comm != 'x'", "a in [1, 2]", "x not in [0.5, 7]"])
    if kind == 4:
        return "not " + random_expression(choose, depth + 1)
    if kind == 5:
        return "~(%s)" % random_expression(choose, depth + 1)
    form = "(%s) %s (%s)" if kind == 6 else "%s %s %s"
    return form % (random_expression(choose, depth + 1), choose.choice(["and", "or", "&", "|"]),
                   random_expression(choose, depth + 1))


def pandas_rows(expression):
    try:
        with numpy.errstate(all="ignore"):
            return list(FRAME.query(expression, engine="python").index)
    except Exception as e:   # pylint: disable=broad-except
        return "%s: %s" % (type(e).__name__, e)


def our_rows(all_expressions):
    def words(values):
        return " ".join("-" if v is None else str(v) for v in values)

    text = "".join("%s %s %s\n" % line for line in (
        ("int", "a", words(INTS)), ("int", "b", words(SMALL)),
        ("int", "divided", words(SMALL[::-1])), ("real", "x", words(REALS)),
        ("text", "comm", words(TEXTS)))) + "".join("query %s\n" % e for e in all_expressions)
    p = subprocess.run([sys.argv[1]], input=text, stdout=subprocess.PIPE, text=True, check=True)
    lines = p.stdout.splitlines()
    assert len(lines) == len(all_expressions), (len(lines), len(all_expressions))
    return [line if line.startswith("refused") else [int(w) for w in line.split()]
            for line in lines]


def compare(sentence, all_expressions):
    wrong = []
    for expression, ours in zip(all_expressions, our_rows(all_expressions)):
        theirs = pandas_rows(expression)
        if ours != theirs:
            wrong.append("%s: %s, pandas: %s" % (expression, ours, theirs))
    claim(not wrong, sentence, *wrong[:20])


table = TABLE.split("\n")[1:-1]
compare("%d written expressions choose pandas' rows" % len(table), table)
seed = random.SystemRandom().randrange(10**9)
choose = random.Random(seed)
compare("300 random expressions do (seed %d)" % seed,
        [random_expression(choose) for _ in range(300)])
done()
