# SPDX-License-Identifier: Apache-2.0
# For suites of commands whose output is compared: sourced by tests/*/suite.sh, which ends with `golden_end`.
good=0 bad=0
suite=$(basename "$PWD")
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# check NAME STATUS COMMAND...: the command's output is the file NAME.out, its exit code STATUS
check() {
	name=$1 want=$2
	shift 2
	"$@" >"$tmp/out" 2>"$tmp/err"
	code=$?
	if [ "$code" = "$want" ] && cmp -s "$tmp/out" "$name.out"; then
		good=$((good + 1))
	else
		bad=$((bad + 1))
		echo "$suite: $name: exit code $code, wanted $want"
		diff "$name.out" "$tmp/out" | head -20
		head -5 "$tmp/err"
	fi
}

# holds NAME COMMAND...: the command succeeds
holds() {
	name=$1
	shift
	if "$@" >"$tmp/out" 2>&1; then
		good=$((good + 1))
	else
		bad=$((bad + 1))
		echo "$suite: $name:"
		tail -5 "$tmp/out"
	fi
}

golden_end() {
	echo "$good passed, $bad failed"
	[ "$bad" = 0 ]
}
