# SPDX-License-Identifier: Apache-2.0
# What is known when compiling is done when compiling: each case names lines that the dump of its route must ("# has:") and must not
# ("# not:") hold, and how often ("# times N:").
good=0 bad=0
for f in tests/rir/*.cfg; do
	out=$("$2" check --dump=rir --stop-after=lower "$f" 2>&1)
	ok=1
	while read -r line; do
		want=${line#*: }
		case $line in
		"# has: "*) case $out in *"$want"*) ;; *) ok=0; echo "$f: there is no \"$want\"" ;; esac ;;
		"# times "*)
			n=${line#\# times }; n=${n%%:*}
			[ "$(echo "$out" | grep -cF -- "$want")" = "$n" ] || { ok=0; echo "$f: not $n times \"$want\""; } ;;
		"# not: "*) case $out in *"$want"*) ok=0; echo "$f: there is \"$want\"" ;; esac ;;
		esac
	done <"$f"
	[ $ok = 1 ] && good=$((good + 1)) || bad=$((bad + 1))
done
echo "$good passed, $bad failed"
[ "$bad" = 0 ]
