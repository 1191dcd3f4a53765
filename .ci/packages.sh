# SPDX-License-Identifier: LGPL-2.1-or-later
# The Debian packages that schedtrace needs, in one place. Sourced by check and quickstart.

# To build and use the library and all programs.
packages_to_build="gcc libc6-dev meson ninja-build pkg-config make
	zlib1g-dev libjansson-dev libisal-dev libzstd-dev libtracefs-dev libtraceevent-dev libdw-dev
	libcairo2-dev libwebsockets-dev libsqlite3-dev libmariadb-dev"

# To check it besides: the second compiler, and the witnesses the tests ask for the same answer.
packages_to_check="$packages_to_build g++ clang libclang-rt-dev libcmocka-dev
	libtracecmd-dev libkshark-dev libjson-c-dev trace-cmd linux-perf
	python3 python3-numpy python3-pandas zstd strace procps util-linux binutils file man-db
	poppler-utils libxml2-utils python3-nbformat python3-nbclient python3-ipykernel zsh fish
	chromium chromium-driver python3-selenium mariadb-server-core sysstat
	protobuf-compiler"

# as_root COMMAND...: run it as root, through sudo where needed.
as_root()
{
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		echo "not root and no sudo: cannot run $*" >&2
		return 1
	fi
}

# install_packages PACKAGE...: those that are missing, nothing where none is.
install_packages()
{
	local missing="" p try log

	command -v dpkg-query >/dev/null || {
		echo "this is not Debian: install the counterparts of: $*" >&2
		return 0
	}
	for p; do
		[ "$(dpkg-query -W -f='${db:Status-Status}\n' "$p" 2>/dev/null |
			sort -u)" = installed ] || missing="$missing $p"
	done
	[ -n "$missing" ] || return 0
	echo "installing:$missing"
	log="$(mktemp)"
	for try in 1 2 3; do
		# shellcheck disable=SC2086 # a list of words
		as_root env DEBIAN_FRONTEND=noninteractive sh -c '
			apt-get -qq update &&
			apt-get -qq -y --no-install-recommends install "$@"' sh $missing \
			</dev/null >"$log" 2>&1 && {
			rm -f "$log"
			return 0
		}
		sleep $((try * 5))
	done
	cat "$log" >&2
	rm -f "$log"
	echo "apt-get could not install:$missing" >&2
	return 1
}

# mount_tracefs: so that recording works; harmless where it does.
mount_tracefs()
{
	# Its files cannot be seen by a user, so ask the list of mounts.
	grep -q '^[^ ]* /sys/kernel/tracing tracefs ' /proc/self/mounts ||
		as_root mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null ||
		echo "tracefs cannot be mounted here: recording will not work" >&2
}
