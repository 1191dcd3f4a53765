# SPDX-License-Identifier: LGPL-2.1-or-later
"""For test programs that print TAP, a line a claim."""
import sys

_claims = 0
_failed = 0


def claim(ok, sentence, *details):
    """One claim; what it was about is shown if it is false."""
    global _claims, _failed
    _claims += 1
    print(f"{'ok' if ok else 'not ok'} {_claims} - {sentence}")
    if not ok:
        _failed += 1
        for detail in details:
            for line in str(detail).splitlines():
                print(f"# {line[:600]}")
    sys.stdout.flush()


def skip(sentence, reason):
    global _claims
    _claims += 1
    print(f"ok {_claims} - {sentence} # SKIP {reason}")


def done():
    """Ends the program."""
    print(f"1..{_claims}")
    sys.exit(1 if _failed else 0)
