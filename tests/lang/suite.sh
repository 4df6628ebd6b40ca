# SPDX-License-Identifier: Apache-2.0
# Conformance of the language: every case but those that pending.txt names (what is not built yet).
out=$(mktemp)
PATH="$1:$PATH" python3 tests/lang/run.py --early --jobs=4 >"$out" 2>&1
good=$(sed -n 's/^\([0-9]*\) ok, .*/\1/p' "$out")
sed -n 's/^FAIL \([^:]*\):.*/\1/p' "$out" | sort >"$out.bad"
new=$(grep -v '^#' tests/lang/pending.txt | sort | comm -13 - "$out.bad")
n=0
for c in $new; do
	n=$((n + 1))
	sed -n "/^FAIL $c:/,/^FAIL [^$c]/p" "$out" | head -6
done
rm -f "$out" "$out.bad"
echo "${good:-0} passed, $n failed"
[ "$n" = 0 ]
