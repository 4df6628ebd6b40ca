#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Ladder of a call from the short message logs that the two phones wrote: ladder.py DIR"""
import csv
import glob
import os
import sys

rows = []
for path in glob.glob(os.path.join(sys.argv[1], "*.csv")):
    who = os.path.basename(path).split("-")[0]
    with open(path, newline="") as f:
        for r in csv.reader(f, delimiter="\t"):
            cells = [c.strip() for c in r]
            if len(cells) >= 5:
                rows.append((cells[0] + " " + cells[1], who, cells))

rows.sort(key=lambda x: x[0])
print("\n%-26s%-26s%s" % ("alice", "kiln", "bob"))
for when, who, cells in rows:
    sent = "S" in cells[2:4]
    text = cells[-1]
    text = text.replace("SIP/2.0 ", "") if text.startswith("SIP/2.0") else text.split(" ")[0]
    right = sent == (who == "alice")
    arrow = ("-- %s " % text[:20]).ljust(23, "-") + ">" if right else "<" + (" %s --" % text[:20]).rjust(23, "-")
    print(("|%-25s|%-25s|" % (arrow, "")) if who == "alice" else ("|%-25s|%-25s|" % ("", arrow)))
print()
