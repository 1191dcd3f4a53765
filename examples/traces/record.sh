#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# usage: record.sh BUILD_DIRECTORY [--convert-only]
# Records the traces of this folder anew, as root, and converts them; or converts those that are
# here, after the converter changed what it writes. See README.md.
set -eu
build="$(realpath "${1:?usage: record.sh BUILD_DIRECTORY}")"
cd "$(dirname "$(readlink -f "$0")")"
convert_only=false
[ "${2-}" != --convert-only ] || convert_only=true
source="$(realpath ../..)"
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT

# record NAME OPTION... -- COMMAND...
record()
{
	local name="$1"
	shift
	if $convert_only; then
		"$build/convert/schedconv/schedconv" "$name.dat" "$name.tar"
		return
	fi
	echo "== $name: schedrec $*"
	(cd "$scratch" && "$build/record/schedrec" -o "$name.dat" "$@")
	install -m 644 "$scratch/$name.dat" .
	"$build/convert/schedconv/schedconv" "$name.dat" "$name.tar"
}

cp "$source"/examples/workloads/*.c "$scratch"
cat >"$scratch/Makefile" <<'END'
CFLAGS = -O2 -D_GNU_SOURCE -pthread
all: pingpong spawn memory
END

record build -e sched,mm -- make -s -j4
record pingpong -- ./pingpong -n 1000 -p 2 -w 20000
record memory -e sched,mm -- ./memory 4
# Kernel symbols make the trace.dat large: only its tarball is kept.
if ! $convert_only; then
	record stacks -e sched,stacks -- ./pingpong -n 200 -p 1 -w 20000
	rm stacks.dat
fi

ls -l ./*.dat ./*.tar
