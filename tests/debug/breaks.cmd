# ../trace/filter.cfg --sip ../trace/two.sip
b route KNOWN
b append_to_reply
tbreak 17
b 9999
b nothing
logpoint 23 user {$rU} from {$fU}
condition 1 $rU == "carol"
watch $var(seen)
info breakpoints
run
c
c
c
delete 4
info breakpoints
condition 2 no such thing
run
c
rc
c
