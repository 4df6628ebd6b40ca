# SPDX-License-Identifier: Apache-2.0
# The verbs that only show something. Called by tests/run.py with the build folder.
kiln=$1/kiln
cd "$(dirname "$0")" || exit 1
. ../golden.sh

check graph-text 0 "$kiln" graph graph.cfg
check graph-dot 0 "$kiln" graph --format=dot graph.cfg
"$kiln" graph --format=svg graph.cfg -o "$tmp/g.svg"
holds graph-svg-is-xml python3 -c 'import sys, xml.dom.minidom as m
t = [x.firstChild.data for x in m.parse(sys.argv[1]).getElementsByTagName("text")]
assert "route[RELAY]" in t and "failure_route[NEXT]" in t, t' "$tmp/g.svg"
check doc-function 0 "$kiln" doc is_maxfwd_lt
check doc-nothing 1 "$kiln" doc no_such_thing
holds doc-variable sh -c "'$kiln' doc '\$rU' | grep -q 'can be assigned'"
holds doc-transformation sh -c "'$kiln' doc '{s.len}' | grep -q 'module pv'"
holds bash-completion bash -c '. <("$0" completion bash) && COMP_WORDS=(kiln gra) COMP_CWORD=1 && _kiln && [ "${COMPREPLY[*]}" = graph ]' "$kiln"
holds zsh-completion sh -c "'$kiln' completion zsh | grep -q 'graph:routes and who leads to whom'"
# every module and the tool itself have a page that troff takes without a warning
for m in '' $("$kiln" coverage | awk '/^[a-z]/ && NF > 4 { print $1 }' | grep -vE '^(module|all)$'); do
	"$kiln" man $m >"$tmp/page" 2>/dev/null || continue
	holds "man-$m" sh -c "! groff -man -ww -Tutf8 '$tmp/page' 2>&1 >/dev/null | grep ."
done
holds usage sh -c "'$kiln' nonsense 2>&1 | grep -q 'kiln graph'; '$kiln' nonsense 2>/dev/null; [ \$? = 2 ]"
holds checking-loads-no-code-generator sh -c "LD_DEBUG=files '$kiln' check /etc/kamailio/kamailio.cfg 2>&1 | grep -c 'libc\.so' >/dev/null && ! LD_DEBUG=files '$kiln' check /etc/kamailio/kamailio.cfg 2>&1 | grep -qE 'LLVM|gvc|pcap'"
golden_end
