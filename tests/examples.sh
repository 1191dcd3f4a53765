#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Usage: examples.sh EXAMPLES-DIRECTORY SOURCE-DIRECTORY
# Runs every example program on a tarball that one of them writes.
set -u
bin=$1 source=$2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
n=0

check() { # NAME EXPECTED-OUTPUT COMMAND...
	local name=$1 expected=$2 out
	shift 2
	n=$((n + 1))
	out=$("$@" 2>&1)
	if [ "$out" == "$expected" ]; then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name"
		printf 'expected:\n%s\nfound:\n%s\n' "$expected" "$out" | sed 's/^/# /'
	fi
}

check 'write_tarball writes a tarball' '' "$bin/write_tarball" "$dir/example.tar"

# Task 8 runs from 3 to 5 ms and from 8 to 9 ms, is moved once, and maps two pages.
check 'tasks prints run times, migrations and memory' \
'task 7 ran 7.000 ms and migrated 0 times
task 8 ran 3.000 ms and migrated 1 times
process 8 mapped at most 8 KiB' "$bin/tasks" "$dir/example.tar"

check 'tasks says what is wrong with a file that is no tarball, and fails' 'failed' \
	bash -c '"$0" "$1" >/dev/null 2>"$2" || { test -s "$2" && echo failed; }' \
	"$bin/tasks" "$source/README.md" "$dir/message"

check 'events counts the rows of each event' \
'         2 WAKEUP
         2 BLOCK
         5 CTX_SWITCH
         1 MIGRATE
         1 WAKING
         1 MMAP
   1000000 ns without a row at most' "$bin/events" "$dir/example.tar"

check 'migrations prints each move as it is read' \
'6.000 ms: example (8) from CPU 1 to CPU 0' "$bin/migrations" "$dir/example.tar"

check 'build_trace analyses a trace made in memory' \
'task 7 ran 900 ns and waited 400 ns after preemption
task 9 ran 400 ns and waited 0 ns after preemption' "$bin/build_trace"

# The README's first block of C is the program that was just run.
check 'the C program of the README is examples/tasks.c' same bash -c '
	awk "/^\`\`\`c\$/ { c = 1; next } /^\`\`\`/ { if (c) exit } c" "$0/README.md" |
		diff - "$0/examples/tasks.c" >&2 && echo same' "$source"

echo "1..$n"
