# SPDX-License-Identifier: Apache-2.0
"""How many times less CPU an operation takes than at the reference: two bars a workload, user time and all; light and dark."""
from xml.sax.saxutils import escape

ROW, BAR, LEFT, WIDTH, TOP = 34, 12, 280, 760, 44
STYLE = ("text{font:12px sans-serif;fill:#24292f}.u{fill:#1f6feb}.a{fill:#8cb8f6}line{stroke:#8a8f98;stroke-dasharray:3}"
         "@media(prefers-color-scheme:dark){text{fill:#d0d7de}.a{fill:#35588f}}")


def cpu_name():
    with open("/proc/cpuinfo") as f:
        return next((l.split(":", 1)[1].strip() for l in f if l.startswith("model name")), "unknown CPU")


def bar(y, kind, value, scale):
    return '<rect class="%s" x="%d" y="%d" width="%.1f" height="%d"/><text x="%.1f" y="%d">%.1f</text>' % (
        kind, LEFT, y, value * scale, BAR, LEFT + value * scale + 5, y + BAR - 2, value)


def svg(out):
    rows = [(w, r) for w, r in out["workloads"].items() if r.get("ratio")]
    scale = (WIDTH - LEFT - 40) / max([r["ratio"][k] for _, r in rows for k in ("user", "cpu")] + [1])
    end = TOP + ROW * len(rows)
    parts = ['<text x="%d" y="%d" text-anchor="end">%s</text>' % (LEFT - 8, TOP + ROW * i + BAR + 5, escape("%s, %s" % (w[0].upper() + w[1:], r["title"]))) +
             bar(TOP + ROW * i, "u", r["ratio"]["user"], scale) + bar(TOP + ROW * i + BAR + 2, "a", r["ratio"]["cpu"], scale)
             for i, (w, r) in enumerate(rows)]
    head = ('<text x="10" y="20">Times less CPU an operation than the reference</text><rect class="u" x="%d" y="10" width="12" height="12"/>'
            '<text x="%d" y="20">user</text><rect class="a" x="%d" y="10" width="12" height="12"/><text x="%d" y="20">user and system</text>' % (
                LEFT + 130, LEFT + 147, LEFT + 200, LEFT + 217))
    one = '<line x1="%.1f" x2="%.1f" y1="%d" y2="%d"/>' % (LEFT + scale, LEFT + scale, TOP - 6, end)
    return '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d"><style>%s</style>%s\n</svg>\n' % (
        WIDTH, end + 6, WIDTH, end + 6, STYLE, "\n".join([head] + parts + [one]))
