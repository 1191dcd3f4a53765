#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# usage: install.sh BUILD_DIRECTORY SOURCE_DIRECTORY
# What a user of the library does: installs it, compiles the README's program with the flags that
# pkg-config gives and nothing else, and runs it on a saved tarball.
set -u
build="$1"
source="$2"
. "$source/tests/tap.sh"

root="$(mktemp -d)" || exit 1
trap 'rm -rf "$root"' EXIT
trace="$source/examples/traces/memory.tar"

# The first C block of the README that has a main.
readme_program()
{
	awk '/^```c$/ { inside = 1; text = ""; next }
		/^```$/ && inside { inside = 0; if (text ~ /main\(/) { printf "%s", text; exit } }
		inside { text = text $0 "\n" }' "$source/README.md"
}

# shellcheck disable=SC2046 # pkg-config prints words
compile_readme_program()
{
	readme_program >"$root/my.c"
	[ -s "$root/my.c" ] && cc -Wall -Wextra -Werror "$root/my.c" -o "$root/my" \
		$(pkg-config --cflags --libs schedtrace)
}

# shellcheck disable=SC2046
compile_cxx()
{
	printf '#include <schedtrace/schedtrace.h>\n#include <cstdio>\n%s\n' \
		'int main() { std::puts(schedtrace_version()); }' >"$root/my.cpp"
	c++ -Wall -Wextra -Werror -pedantic "$root/my.cpp" -o "$root/my-cxx" \
		$(pkg-config --cflags --libs schedtrace) && "$root/my-cxx" | grep -q '^[0-9]'
}

# It says of the process that ran longest what the installed schedreport says of it.
run_readme_program()
{
	local pid ns

	IFS=, read -r pid ns <<<"$("$prefix/bin/schedreport" tasks --comm memory --format csv \
		--columns pid,on_cpu_ns --top 1 "$trace" 2>/dev/null | tail -n 1)"
	"$root/my" "$trace" >"$root/my.out" && cat "$root/my.out" && echo "expected: $pid $ns ns" &&
		grep -w "$pid" "$root/my.out" | grep -wF "$(awk "BEGIN { printf \"%.3f\", $ns / 1e6 }")"
}

installed_programs_run()
{
	local program

	for program in schedrec schedconv schedreport schedview; do
		"$prefix/bin/$program" --version || return
	done
	"$prefix/bin/schedreport" tasks "$trace" | grep -w memory &&
		"$prefix/bin/schedview" stats -i page-faults "$trace" | grep -w user
}

# shellcheck disable=SC2046
second_library_reads_recordings()
{
	cc -Wall -Wextra -Werror "$source/examples/recording.c" -o "$root/recording" \
		$(pkg-config --cflags --libs schedtrace-tracedat) &&
		"$root/recording" "$source/examples/traces/memory.dat" | grep 'ran for'
}

library_is_self_contained()
{
	local needed
	needed="$(readelf -d "$library_path/libschedtrace.so.0" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p')"
	echo "$needed"
	! grep -qE 'libtrace|libzstd' <<<"$needed" &&
		readelf -d "$library_path/libschedtrace.so.0" | grep -q 'SONAME.*\[libschedtrace.so.0\]'
}

has_a_man_page_each()
{
	local page
	for page in schedrec schedconv schedreport schedview; do
		ls "$prefix"/share/man/man1/"$page".1* || return
	done
}

has_completions()
{
	"$prefix/bin/schedreport" --completion=bash | cmp - \
		"$prefix/share/bash-completion/completions/schedreport" &&
		[ -s "$prefix/share/zsh/site-functions/_schedrec" ] &&
		[ -s "$prefix/share/fish/vendor_completions.d/schedconv.fish" ]
}

# Every document, and an example that can be built from there.
has_documents_and_examples()
{
	local documents="$prefix/share/doc/schedtrace" path

	for path in README.md docs/analyses.md docs/pictures/states.png examples/tasks.c; do
		cmp "$source/$path" "$documents/$path" || return
	done
	! find "$documents" -name meson.build -o -name '*.1' | grep .
}

plan 10
ok "meson install puts everything under the prefix" \
	meson install -C "$build" --no-rebuild --quiet --destdir "$root/dest"
pc="$(find "$root/dest" -name schedtrace.pc)"
export PKG_CONFIG_PATH="${pc%/*}" PKG_CONFIG_SYSROOT_DIR="$root/dest"
library_path="${PKG_CONFIG_PATH%/pkgconfig}"
prefix="$root/dest$(PKG_CONFIG_SYSROOT_DIR='' pkg-config --variable=prefix schedtrace)"
export LD_LIBRARY_PATH="$library_path"
ok "the README's program compiles with pkg-config's flags alone" compile_readme_program
ok "the README's program prints the tasks of a saved tarball" run_readme_program
ok "a program that reads a trace.dat compiles with the second library's flags alone and runs" \
	second_library_reads_recordings
ok "a C++ program compiles with pkg-config's flags alone and runs" compile_cxx
ok "the installed programs run" installed_programs_run
ok "each installed program has a manual page" has_a_man_page_each
ok "the library needs neither libtracefs nor libtraceevent, and its soname ends in .so.0" \
	library_is_self_contained
ok "each shell's completion is where the shell looks for it" has_completions
ok "the documents and examples are installed" has_documents_and_examples
