# SPDX-License-Identifier: Apache-2.0
# Has every function of the core modules a case beside the reference server, and every name that they lack a reason?
python3 tests/cases/check.py > "$1/cases.check" 2>&1
a=$?
python3 tests/cases/reasons.py "$1/kiln" > "$1/cases.reasons" 2>&1
b=$?
cat "$1/cases.check" "$1/cases.reasons" | grep -v " passed, "
awk '/ passed, /{good += $1; bad += $3} END {print good " passed, " bad " failed"}' "$1/cases.check" "$1/cases.reasons"
[ $a = 0 ] && [ $b = 0 ]
