#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Each case has exactly the one diagnostic that expected.tsv tells (or none): run.sh path/to/kiln
kiln=${1:-build/kiln}
dir=$(dirname "$0")
bad=0
tab=$(printf '\t')
while IFS="$tab" read -r case lines severity fault; do
	case $case in ''|'#'*) continue ;; esac
	out=$("$kiln" check "$dir/cases/$case" 2>&1 | grep -E '^[^ ].*:[0-9]+:[0-9]+: (error|warning|note)\[')
	n=$(printf '%s' "$out" | grep -c .)
	if [ "$lines" = - ]; then
		[ "$n" = 0 ] && continue
	else
		line=$(printf '%s\n' "$out" | head -1 | sed 's/^[^:]*:\([0-9]*\):.*/\1/')
		case "|$lines|" in *"|$line|"*) [ "$n" = 1 ] && continue ;; esac
	fi
	echo "lint: $case ($fault) wants line $lines, got $n:"
	printf '%s\n' "$out" | sed 's/^/    /'
	bad=$((bad + 1))
done < "$dir/expected.tsv"
[ "$bad" = 0 ]
