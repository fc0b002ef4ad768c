# SPDX-License-Identifier: GPL-2.0-or-later
"""Samples to a table in Markdown and a picture."""
import math
import statistics

from bench.workloads import CLASSES, NATIVE


def geometric(values):
    values = [v for v in values if v]
    return math.exp(sum(map(math.log, values)) / len(values)) if values else None


def show(x, unit=""):
    return "–" if x is None else f"{x:.2f}{unit}" if x < 100 else f"{x:.0f}{unit}"


def seconds(t):
    return "–" if t is None else f"{t:.3f}"


class Report:
    """Of samples[class][name][peer] = list of outcomes."""

    def __init__(self, samples, peers, gains=None):
        self.gains = gains or {}
        self.samples = {kind: names for kind, names in samples.items() if kind in CLASSES}
        self.starts = samples.get("start", {}).get("start", {})
        self.qemus = [p for p in peers if p not in ("native", "emu")]

    def median(self, kind, name, peer, what):
        """Of the rounds but the first, if there are others: see first()."""
        outcomes = self.samples[kind][name].get(peer, [])
        values = [getattr(o, what) for o in outcomes if not o.first] or [getattr(o, what) for o in outcomes]
        return statistics.median(values) if values else None

    def first(self, kind, name, peer):
        """The first run in a fresh guest, which is also what translating costs."""
        return next((o.cpu for o in self.samples[kind][name].get(peer, []) if o.first), None)

    def ratios(self, kind, name, what="cpu"):
        """(emu / native, best QEMU / emu, which)"""
        emu = self.median(kind, name, "emu", what)
        native = self.median(kind, name, "native", what)
        theirs = [(t, q) for q in self.qemus if (t := self.median(kind, name, q, what)) is not None]
        if emu is None or not theirs:
            return (emu and native and emu / native, None, "")
        best, which = min(theirs)
        return (emu / native if native else None, best / emu, which)

    def class_row(self, kind):
        title, must, aim = CLASSES[kind]
        names = self.samples[kind]
        factor = geometric([self.ratios(kind, n)[1] for n in names])
        wall = geometric([self.ratios(kind, n, "wall")[1] for n in names])
        native = geometric([self.ratios(kind, n)[0] for n in names])
        verdict = "–" if factor is None else "aim" if factor >= aim else "must" if factor >= must else "below"
        limit = f" (≤ {NATIVE[kind]})" if kind in NATIVE else ""
        return (f"| {title} | {show(factor)} | {show(wall)} | {must} | {aim} | {verdict} | {show(native)}{limit} |")

    def markdown(self):
        lines = ["| class | faster than QEMU (CPU) | (wall) | must | aim | reached | times native |",
                 "|---|---|---|---|---|---|---|"]
        lines += [self.class_row(kind) for kind in self.samples if self.samples[kind]]
        lines += self.slower()
        for what, label in (("cpu", "CPU seconds of the whole process; first: the first run in a fresh guest"),
                            ("wall", "wall seconds in the guest")):
            firsts = ["emu", *self.qemus] if what == "cpu" else []
            lines += ["", f"Medians, {label}:", "",
                      "| class | workload | native | emu | " + " | ".join(self.qemus) + " | emu / native | QEMU / emu |" +
                      "".join(f" {p}, first |" for p in firsts),
                      "|---" * (6 + len(self.qemus) + len(firsts)) + "|"]
            lines += [self.row(kind, name, what, firsts) for kind, names in self.samples.items() for name in names]
        return "\n".join(lines + self.several() + self.resident() + self.starting()) + "\n"

    def row(self, kind, name, what, firsts):
        times = [self.median(kind, name, p, what) for p in ("native", "emu", *self.qemus)]
        native, factor, _ = self.ratios(kind, name, what)
        slow = " **slower**" if factor and factor < 1 else ""
        cells = [seconds(t) for t in times] + [show(native), show(factor) + slow]
        return " | ".join([f"| {kind}", name, *cells, *(seconds(self.first(kind, name, p)) for p in firsts)]) + " |"

    def slower(self):
        """What is slower than the better QEMU."""
        rows = [(f, name) for kind, names in self.samples.items() for name in names
                if (f := self.ratios(kind, name)[1]) and f < 1]
        return ["", "Slower than QEMU: " + (", ".join(f"{name} ({f:.2f})" for f, name in sorted(rows)) or "none") + "."]

    def several(self):
        """Two vCPUs against one."""
        peers = list(next(iter(self.gains.values()), {}))
        lines = ["", "| two vCPUs on two cores: times the work of one (CPU time for the same work) | " + " | ".join(peers) + " |",
                 "|---" * (len(peers) + 1) + "|"]
        rows = dict(self.gains)
        rows["geometric mean"] = {p: [geometric([row[p][i] for row in self.gains.values()]) for i in (0, 1)]
                                  for p in peers}
        lines += [f"| {name} | " + " | ".join("{:.2f} ({:.2f})".format(*row[p]) for p in peers) + " |"
                  for name, row in rows.items()]
        return lines if peers else []

    def starting(self):
        """The first instruction: when, and the memory by then."""
        lines = ["", "| until the guest's first instruction | wall | resident beyond the guest's RAM |", "|---|---|---|"]
        for peer, outcomes in self.starts.items():
            wall = statistics.median(o.wall for o in outcomes) * 1000
            resident = statistics.median(o.resident_mib for o in outcomes)
            lines.append(f"| {peer} | {wall:.0f} ms | {resident:.0f} MiB |")
        return lines if self.starts else []

    def resident(self):
        """Memory beyond the guest's, after a boot."""
        peers = ["emu", *self.qemus]
        lines = ["", "| resident beyond the guest's RAM after | " + " | ".join(peers) + " |",
                 "|---" * (len(peers) + 1) + "|"]
        for name in self.samples.get("boot", {}):
            values = [self.median("boot", name, p, "resident_mib") for p in peers]
            lines.append(f"| {name} | " + " | ".join("–" if v is None else f"{v:.0f} MiB" for v in values) + " |")
        return lines if "boot" in self.samples else []

    def svg(self):
        """A bar per class on a logarithmic scale, with ticks at must and aim."""
        rows = [(CLASSES[k], f) for k in self.samples
                if (f := geometric([self.ratios(k, n)[1] for n in self.samples[k]]))]
        left, width, step = 150, 600, 26

        def x(v):
            return left + width * math.log(max(v, 0.5) / 0.5) / math.log(400)
        height = step * len(rows) + 50
        out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + width + 60}" height="{height}" '
               'font-family="sans-serif" font-size="12">',
               '<rect width="100%" height="100%" fill="white"/>']
        for v in (1, 2, 5, 10, 20, 50, 100):
            out.append(f'<line x1="{x(v):.0f}" y1="10" x2="{x(v):.0f}" y2="{height - 35}" stroke="#ccc"/>'
                       f'<text x="{x(v):.0f}" y="{height - 20}" text-anchor="middle">{v}x</text>')
        for i, ((title, must, aim), f) in enumerate(rows):
            y = 14 + i * step
            colour = "#2a7" if f >= aim else "#58b" if f >= must else "#c63"
            out.append(f'<text x="{left - 8}" y="{y + 13}" text-anchor="end">{title}</text>'
                       f'<rect x="{x(0.5):.0f}" y="{y}" width="{x(f) - x(0.5):.1f}" height="16" fill="{colour}"/>'
                       f'<text x="{x(f) + 4:.0f}" y="{y + 13}">{f:.1f}</text>')
            out += [f'<line x1="{x(v):.1f}" y1="{y - 3}" x2="{x(v):.1f}" y2="{y + 19}" stroke="black" '
                    f'stroke-width="{w}"/>' for v, w in ((must, 2), (aim, 1))]
        out.append(f'<text x="{left}" y="{height - 4}">times faster than the better QEMU; '
                   'thick tick: must, thin tick: aim</text></svg>')
        return "\n".join(out) + "\n"
