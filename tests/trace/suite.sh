# SPDX-License-Identifier: Apache-2.0
# kiln trace over Debian's script and a capture of a registration and a call that SIPp made against the reference.
# Called by tests/run.py with the build folder.
kiln=$1/kiln
cd "$(dirname "$0")" || exit 1
. ../golden.sh
stock=/etc/kamailio/kamailio.cfg

check ladder 0 "$kiln" trace $stock --pcap call.pcap --ladder
check whole 0 sh -c "'$kiln' trace filter.cfg --sip two.sip | sed 's/tag=[0-9a-f]\{32\}/tag=OURS/'"
check why-condition 0 "$kiln" trace filter.cfg --sip two.sip --why 22
check why-ended 0 "$kiln" trace filter.cfg --sip two.sip --why 27
check why-route 0 "$kiln" trace filter.cfg --sip two.sip --why 36
check why-operand 0 "$kiln" trace operands.cfg --sip two.sip --why 4
check why-operands 0 "$kiln" trace operands.cfg --sip two.sip --why 6
check why-ran 0 "$kiln" trace filter.cfg --sip two.sip --why filter.cfg:17
check why-nothing 2 "$kiln" trace filter.cfg --sip two.sip --why 2
check define 0 "$kiln" trace filter.cfg --define STRICT --sip two.sip --brief
holds replay-equals-the-capture sh -c "'$kiln' trace $stock --pcap call.pcap --brief | grep -q '^compared with the file: 9 equal, 0 differ, 0 missing, 0 more'"
holds same-seed-same-run sh -c "'$kiln' trace $stock --pcap call.pcap >'$tmp/1' && '$kiln' trace $stock --pcap call.pcap | cmp - '$tmp/1'"
holds other-seed-other-branches sh -c "! '$kiln' trace $stock --pcap call.pcap --seed 2 | cmp -s - '$tmp/1'"
holds svg python3 -c 'import sys, xml.dom.minidom as m
d = m.parse(sys.argv[1])
links = {a.getAttribute("href") for a in d.getElementsByTagName("a")}
assert any(x.startswith("/etc/kamailio/kamailio.cfg#L") for x in links), links
lines = [l for l in d.getElementsByTagName("line") if l.getAttribute("marker-end")]
assert len(lines) == 17, len(lines)' "$("$kiln" trace $stock --pcap call.pcap --ladder=svg -o "$tmp/l.svg"; echo "$tmp/l.svg")"
check no-such-file 3 "$kiln" trace filter.cfg --sip missing.sip
check usage 2 "$kiln" trace filter.cfg
golden_end
