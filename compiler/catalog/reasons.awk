# reasons.awk - rows of reasons.tsv as initialisers of struct cat_reason; texts of "@id" lines are put in.
BEGIN { FS = "\t" }
/^#/ || /^$/ { next }
/^@/ { text[$1] = $2; next }
NF != 4 { print FILENAME ":" FNR ": four columns are wanted" > "/dev/stderr"; exit 1 }
substr($4, 1, 1) == "@" && !($4 in text) { print FILENAME ":" FNR ": no text for " $4 > "/dev/stderr"; exit 1 }
{ print "{\"" $1 "\", \"" $2 "\", \"" $3 "\", \"" (substr($4, 1, 1) == "@" ? text[$4] : $4) "\"}," }
