# SPDX-License-Identifier: Apache-2.0
# Conformance of the language: the cases as 5.6.3 has them, those that differ in 6 under --compat=6, and those of 6 only.
# Cases that pending.txt names (what is not built yet) are not counted.
PATH="$1:$PATH"
good=0 bad=0
out=$(mktemp)

run() { # run.py's arguments
	python3 tests/lang/run.py --early --jobs=4 "$@" >"$out" 2>&1
	good=$((good + $(sed -n 's/^\([0-9]*\) ok, .*/\1/p' "$out")))
	sed -n 's/^FAIL \([^:]*\):.*/\1/p' "$out" | sort >"$out.bad"
	for c in $(grep -v '^#' tests/lang/pending.txt | sort | comm -13 - "$out.bad"); do
		bad=$((bad + 1))
		sed -n "/^FAIL $c:/,/^FAIL [^$c]/p" "$out" | head -6
	done
}

six="-E -l udp:127.0.0.1:{port} -a no -T -Y {tmp}"
run
run --overlay tests/lang/expected-6.2.tsv --only-overlay \
	--check "kamailio --compat=6 -c -f {cfg} $six" --server "kamailio --compat=6 -f {cfg} -DD -n 1 -w {tmp} $six"
run --dir tests/lang/v6 \
	--check "kamailio --compat=6 -c -f {cfg} $six" --server "kamailio --compat=6 -f {cfg} -DD -n 1 -w {tmp} $six"
rm -f "$out" "$out.bad"
echo "$good passed, $bad failed"
[ "$bad" = 0 ]
