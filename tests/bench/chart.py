# SPDX-License-Identifier: Apache-2.0
"""CPU time per operation as bars: user and system, the reference above, Kiln below, the floor as a line."""
from xml.sax.saxutils import escape

ROW, BAR, LEFT, WIDTH = 52, 14, 260, 900
COLOURS = {"reference": ("#8a8f98", "#c3c7cd"), "kiln": ("#1f6feb", "#9ec5fe")}


def cpu_name():
    with open("/proc/cpuinfo") as f:
        return next((l.split(":", 1)[1].strip() for l in f if l.startswith("model name")), "unknown CPU")


def bar(y, m, who, scale):
    dark, light = COLOURS[who]
    user, total = m["user_us"] * scale, m["cpu_us"] * scale
    return ('<rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/><rect x="%.1f" y="%d" width="%.1f" height="%d" fill="%s"/>'
            '<text x="%.1f" y="%d">%.1f us</text>' % (LEFT, y, user, BAR, dark, LEFT + user, y, max(total - user, 0), BAR, light,
                                                      LEFT + total + 6, y + BAR - 3, m["cpu_us"]))


def svg(out):
    rows = [(w, r) for w, r in out["workloads"].items() if r.get("ratio")]
    parts, y = [], 60
    for w, r in rows:
        ref, kiln = r["servers"][r["best"]], r["servers"]["kiln"]
        scale = (WIDTH - LEFT - 160) / max(ref["cpu_us"], kiln["cpu_us"], 0.1)
        parts.append('<text x="10" y="%d">%s</text>' % (y + BAR, escape("%s %s" % (w.upper(), r["title"]))))
        parts.append('<text x="10" y="%d" fill="#666">%.1f times less CPU, user %.1f</text>' % (y + 2 * BAR + 4, r["ratio"]["cpu"], r["ratio"]["user"]))
        parts.append(bar(y, ref, "reference", scale) + bar(y + BAR + 3, kiln, "kiln", scale))
        y += ROW
    head = ("Server CPU per operation, each row to its own scale; dark: user, light: system. Above %s, below Kiln. %s" % (
        "the reference", out["machine"]))
    return ('<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12">'
            '<rect width="100%%" height="100%%" fill="white"/><text x="10" y="24" font-size="13">%s</text>%s</svg>\n' % (
                WIDTH, y + 10, escape(head), "".join(parts)))
