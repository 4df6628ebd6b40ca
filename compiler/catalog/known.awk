# known.awk - rows of known/<kind>.tsv as initialisers of struct cat_known.
# cols: which columns are module, name, a, b, c (0: none), given by -v kind=.
BEGIN {
	FS = "\t"
	if (kind == "modules") split("1 1 0 0 0", col, " ")
	else if (kind == "functions") split("1 2 3 4 5", col, " ")
	else if (kind == "pvars") split("1 2 3 4 0", col, " ")
	else if (kind == "cfg_groups" || kind == "selects") split("0 1 0 0 0", col, " ")
	else split("1 2 3 0 0", col, " ")
}
function field(i) {
	if (col[i] == 0 || $(col[i]) == "") return "\"\""
	return "\"" $(col[i]) "\""
}
/^#/ || /^$/ { next }
{ print "{" field(1) ", " field(2) ", " field(3) ", " field(4) ", " field(5) "}," }
