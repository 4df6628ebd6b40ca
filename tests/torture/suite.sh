# SPDX-License-Identifier: Apache-2.0
# RFC 4475 and RFC 5118: every message to the strict edge of examples/, over UDP and over TCP; a fresh server for each, because
# several messages share Call-IDs. What counts is a PASS: an answer (or silence) of the kind that expected.tsv wants.
dir=$(mktemp -d)
good=0
bad=0
"$2" build examples/strict-edge/edge.cfg -o "$dir/edge" || exit 1
for proto in udp tcp; do
	port=$(python3 -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	"$dir/edge" -DD -E -a no -n 3 -l "udp:127.0.0.1:$port" -l "tcp:127.0.0.1:$port" -Y "$dir" -w "$dir" >"$dir/log.$proto" 2>&1 &
	pid=$!
	n=0
	while [ $n -lt 100 ] && ! python3 tests/torture/ready.py "$port"; do
		n=$((n + 1))
	done
	python3 tests/torture/run_torture.py --target "127.0.0.1:$port" --proto $proto --expected tests/torture/expected.tsv \
		--out "$dir/$proto.tsv" tests/torture >"$dir/out.$proto" 2>&1 || cat "$dir/out.$proto"
	kill $pid
	wait $pid 2>/dev/null
	pass=$(awk -F'\t' '$5 == "PASS"' "$dir/$proto.tsv" | wc -l)
	good=$((good + pass))
	bad=$((bad + 62 - pass))
	awk -F'\t' -v p=$proto 'NR > 1 && $5 != "PASS" { print p, $1, $4, $5 }' "$dir/$proto.tsv"
	# one request, one final answer
	awk -F'\t' -v p=$proto 'NR > 1 && $4 ~ /\+/ && $1 !~ /dblreq/ { print p, $1, "answered twice:", $4 }' "$dir/$proto.tsv" >"$dir/twice"
	bad=$((bad + $(wc -l <"$dir/twice")))
	cat "$dir/twice"
done
rm -rf "$dir"
python3 tests/torture/three.py "$1/kamailio" /usr/sbin/kamailio >"$dir.three" 2>&1
grep -v ' passed, ' "$dir.three"
good=$((good + $(sed -n 's/^\([0-9]*\) passed, .*/\1/p' "$dir.three")))
bad=$((bad + $(sed -n 's/.* passed, \([0-9]*\) failed/\1/p' "$dir.three")))
rm -f "$dir.three"
echo "$good passed, $bad failed"
[ "$bad" = 0 ]
