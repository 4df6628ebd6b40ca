# SPDX-License-Identifier: Apache-2.0
# The debuggers: transcripts of commands (NAME.cmd gives NAME.out), a terminal, an adapter's client. Called by tests/run.py with the build folder.
kiln=$1/kiln
cd "$(dirname "$0")" || exit 1
. ../golden.sh
for cmd in *.cmd; do
	name=${cmd%.cmd}
	# the first line is a comment with the arguments
	check "$name" 0 sh -c "$kiln debug $(sed -n '1s/^# //p' "$cmd") <$cmd | sed 's/^transaction [0-9:]*/transaction N/'"
done
holds terminal python3 terminal.py "$kiln"
holds adapter python3 adapter.py "$kiln"
golden_end
