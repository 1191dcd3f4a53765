# SPDX-License-Identifier: LGPL-2.1-or-later
# For test scripts that print TAP: plan N; ok SENTENCE COMMAND...; skip_all REASON.
tap_number=0

plan()
{
	echo "1..$1"
}

# ok SENTENCE COMMAND...: true if the command succeeds; what it printed is shown if not.
ok()
{
	local sentence="$1" output status
	shift
	tap_number=$((tap_number + 1))
	output="$("$@" 2>&1)"
	status=$?
	if [ $status = 0 ]; then
		echo "ok $tap_number - $sentence"
	else
		echo "not ok $tap_number - $sentence"
		printf '%s\n' "$output" | sed 's/^/# /'
	fi
	return $status
}

skip_all()
{
	echo "1..0 # SKIP $1"
	exit 0
}
