# /etc/kamailio/kamailio.cfg --pcap ../trace/call.pcap
b t_relay if $rm == "INVITE"
b route MANAGE_REPLY
b onreply_route[MANAGE_REPLY]
run
info txn
bt
info runs
c
bt
info txn
p $rs
next
back
c
delete
c
