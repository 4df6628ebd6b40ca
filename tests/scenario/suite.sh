# SPDX-License-Identifier: Apache-2.0
# Scenarios of this folder and of the examples; and that kiln test finds what is wrong (bad/*.fails). Called by tests/run.py with the build folder.
kiln=$1/kiln
cd "$(dirname "$0")" || exit 1
. ../golden.sh
"$kiln" test . ../../examples >"$tmp/all" 2>&1
grep -A40 '^FAIL' "$tmp/all"
good=$(sed -n 's/^\([0-9]*\) passed, .*/\1/p' "$tmp/all")
bad=$(sed -n 's/.* passed, \([0-9]*\) failed/\1/p' "$tmp/all")
[ -n "$good" ] || { good=0 bad=1; cat "$tmp/all"; }
for f in bad/*.fails; do
	check "${f%.fails}" 1 "$kiln" test "$f"
done
check bad/tap 1 "$kiln" test --tap bad/silent.fails options.scenario
check coverage 0 "$kiln" test --coverage=text options.scenario
check lcov 0 sh -c "'$kiln' test --coverage=lcov -o '$tmp/lcov' options.scenario >/dev/null && cat '$tmp/lcov'"
holds html sh -c "'$kiln' test --coverage=html -o '$tmp/c.html' options.scenario && grep -q 'class=miss' '$tmp/c.html'"
holds junit python3 -c 'import subprocess, sys, xml.dom.minidom as m
subprocess.call([sys.argv[1], "test", "--junit", sys.argv[2], "bad/wrong-code.fails", "options.scenario"], stdout=subprocess.DEVNULL)
d = m.parse(sys.argv[2]).documentElement
assert (d.getAttribute("tests"), d.getAttribute("failures")) == ("2", "1"), d.toxml()
assert "404 Not Here" in d.getElementsByTagName("failure")[0].firstChild.data' "$kiln" "$tmp/j.xml"
holds many-seeds sh -c "'$kiln' test --runs 25 loss.scenario"
holds watch python3 watch.py "$kiln"
holds nothing-found sh -c "'$kiln' test '$tmp' 2>/dev/null; [ \$? = 3 ]"
golden_end
