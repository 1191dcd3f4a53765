#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Public headers, version script and shared library name the same functions, and the library calls
# nothing that ends, prints for, or changes the program it is in.
# usage: symbols.sh MAP SHARED-LIBRARY ARCHIVE HEADER...
map=$1 library=$2 archive=$3
shift 3
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
n=0 failed=0

claim() { # SENTENCE FILE: true when the file is empty
	n=$((n + 1))
	if [ -s "$2" ]; then
		failed=1
		echo "not ok $n - $1"
		sed 's/^/# /' "$2"
	else
		echo "ok $n - $1"
	fi
}

cat "$@" | sed 's@/\*\*.*\*/@@; /^ *\/\*/,/\*\//d' | tr '\n' ' ' |
	grep -o 'SCHEDTRACE_EXPORT[^;]*;' | grep -o 'schedtrace_[a-z0-9_]*(' | tr -d '(' |
	sort -u > "$work/headers"
grep -o '^[[:space:]]*schedtrace_[a-z0-9_]*;' "$map" | tr -d '\t ;' | sort > "$work/map"
nm -D --defined-only "$library" | awk '$2 ~ /[TDBRVW]/ { sub(/@.*/, "", $3); print $3 }' |
	sort > "$work/library"
nm -u "$archive" | awk '$1 == "U" { print $2 }' | sed 's/@.*//' | sort -u > "$work/used"

[ -s "$work/headers" ] && [ -s "$work/map" ] && [ -s "$work/used" ]
[ $? = 0 ] && : > "$work/none" || echo "nothing was found to compare" > "$work/none"
claim "the lists are not empty" "$work/none"
uniq -d "$work/map" > "$work/out"
claim "no symbol stands twice in the map" "$work/out"
comm -23 "$work/headers" "$work/map" > "$work/out"
claim "every function of the headers is in the map" "$work/out"
comm -13 "$work/headers" "$work/map" > "$work/out"
claim "every symbol of the map is in a header" "$work/out"
comm -3 "$work/map" "$work/library" | grep -v '^	*SCHEDTRACE_' > "$work/out"
claim "the library exports the map's symbols and no others" "$work/out"
for name in exit _exit _Exit abort __assert_fail quick_exit atexit printf puts putchar __printf_chk \
	perror stdout stderr stdin signal sigaction raise kill alarm setlocale chdir fchdir chroot \
	umask setenv putenv unsetenv getenv fork vfork execve execvp system popen setrlimit srand rand \
	strtok strerror localtime gmtime ctime asctime json_set_alloc_funcs json_object_seed; do
	grep -x "$name" "$work/used"
done > "$work/out"
claim "the library never exits, prints, or changes its process" "$work/out"
echo "1..$n"
exit $failed
