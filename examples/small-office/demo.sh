#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Compile the example, serve it, register two phones, place a call, show the ladder.
#   demo.sh [KILN]        SERVER=cmd serves with cmd instead of building (for comparison)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
kiln=${1:-build/kiln}
dir=$(mktemp -d)
port=${PORT:-5960}
pids=
finish() {
	for p in $pids; do kill "$p" 2>/dev/null || true; done
	rm -rf "$dir"
}
trap finish EXIT

if [ -n "${SERVER:-}" ]; then
	cmd="$SERVER -f $here/edge.cfg"
else
	echo "\$ kiln build examples/small-office/edge.cfg -o edge"
	"$kiln" build "$here/edge.cfg" -o "$dir/edge"
	cmd="$dir/edge"
fi
echo "\$ edge -DD -E -l udp:127.0.0.1:$port"
$cmd -DD -E -a no -l "udp:127.0.0.1:$port" -Y "$dir" -w "$dir" >"$dir/log" 2>&1 &
pids="$pids $!"

# sipp waits for answers itself: a REGISTER is repeated until the server is up
phone() { # name port scenario extra...
	name=$1 p=$2 scenario=$3
	shift 3
	sipp "127.0.0.1:$port" -i 127.0.0.1 -p "$p" -sf "$here/$scenario.xml" -m 1 -trace_shortmsg \
		-shortmessage_file "$dir/$name-$scenario.csv" -timeout 20 -timeout_error -nostdin "$@" \
		>"$dir/$name-$scenario.out" 2>&1
}
fail() {
	echo "demo failed: $1"
	cat "$dir/log" "$dir"/*.out | tail -40
	exit 1
}
phone bob 5962 register -s bob || fail "bob cannot register"
phone alice 5961 register -s alice || fail "alice cannot register"
phone bob 5962 callee -s bob &
callee=$!
phone alice 5961 caller -s bob || fail "the call did not go through"
wait $callee || fail "bob saw no whole call"
python3 "$here/ladder.py" "$dir"
echo "one call set up and ended through the compiled script"
