#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# usage: run.sh [--update] [NAME...]
# Runs each NAME.sh of this folder at the top of the source tree and compares all it prints, and
# the exit status where it is not 0, with NAME.out. --update writes NAME.out instead: read the
# difference before committing it. The programs must be on PATH.
set -u
here="$(dirname "$(readlink -f "$0")")"
cd "$here/../.." || exit 1

update=false
if [ "${1-}" = --update ]; then
	update=true
	shift
fi
[ $# -gt 0 ] || set -- $(cd "$here" && ls -- *.sh | sed -n '/^run\.sh$/!s/\.sh$//p')

scratch="$(mktemp -d)" || exit 1
trap 'rm -rf "$scratch"' EXIT
export scratch LC_ALL=C COLUMNS=100
unset NO_COLOR

number=0
echo "1..$#"
for name; do
	number=$((number + 1))
	bash "$here/$name.sh" >"$scratch/out" 2>&1 </dev/null
	status=$?
	[ $status = 0 ] || echo "exit status $status" >>"$scratch/out"
	if $update; then
		cp "$scratch/out" "$here/$name.out"
	fi
	# The script's second line is its claim.
	sentence="$(sed -n '2s/^# //p' "$here/$name.sh")"
	if diff -u "$here/$name.out" "$scratch/out" >"$scratch/diff"; then
		echo "ok $number - $sentence"
	else
		echo "not ok $number - $sentence"
		sed 's/^/# /' "$scratch/diff"
	fi
done
