# ../trace/filter.cfg --sip ../trace/two.sip
start
next
n
print $rm
p @from.uri.user
p $var(seen)
break 23 if $rU == "bob"
continue
step
backtrace
info variables
info message
back
rstep
p $rU == "bob"
p $(rU{s.len})
p nonsense
p $var(nosuch)
set $var(seen) = 77
p $var(seen)
finish
finish
c
back
reverse-continue
goto 12
p $var(seen)
why 22
until 25
