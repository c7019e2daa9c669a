"""Prints the table of Tools/bench: medians of both sides and the ratios' spread.

    ratios.py LEFT RIGHT RESULTS REPETITIONS METRIC...

RESULTS has lines `metric repetition side value`. A ratio belongs to one repetition, so that what
disturbed the machine disturbed both of its sides. Of each metric there must be that many. From
twenty on there is a bound: with a certainty of 95 % the ratio is not less (not more, where less is
better), by Student's distribution of the ratios' logarithms.
"""

import collections
import math
import statistics
import sys

UNITS = {
    "flows": ("new megaflows per second", 1, "/s", "more is better"),
    "first": ("first packet of a flow", 1000, "ms", "less is better"),
    "cached": ("round trip over cached flows", 1000, "ms", "less is better"),
    "tcp": ("TCP across hosts, routed", 1, "Mb/s", "more is better"),
    "explosion": ("TCP beside an explosion of masks", 10, "%", "more is better"),
    "scanned": ("first packet beside a scan", 1000, "ms", "less is better"),
    "edit": ("a flow's change to packets", 1000, "ms", "less is better"),
    "memory": ("agent memory", 1024, "MB", "less is better"),
    "ready": ("from start to all flows", 1000, "s", "less is better"),
    "resident": ("memory with all flows", 1024, "MB", "less is better"),
}


def read(path):
    values = collections.defaultdict(dict)
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            metric, repetition, side, value = line.split()
            if value.isdigit():
                values[metric].setdefault(int(repetition), {})[side] = int(value)
    return values


BOUNDED = 20


def bound(ratios, is_lower):
    """The one-sided bound of 95 %; the quantile by its expansion, Abramowitz and Stegun 26.7.5."""
    logarithms = [math.log(ratio) for ratio in ratios]
    freedom = len(ratios) - 1
    normal = statistics.NormalDist().inv_cdf(0.95)
    quantile = normal + (normal**3 + normal) / (4 * freedom)
    margin = quantile * statistics.stdev(logarithms) / math.sqrt(len(ratios))
    return math.exp(statistics.fmean(logarithms) + (-margin if is_lower else margin))


def row(metric, pairs):
    name, scale, unit, direction = UNITS[metric]
    left, right = (statistics.median(p[i] for p in pairs) / scale for i in (0, 1))
    ratios = sorted(b / a for a, b in pairs if a)
    spread = f"{statistics.median(ratios):6.2f}   {ratios[0]:.2f} - {ratios[-1]:.2f}"
    print(f"  {name:<30} {left:>10.2f} {right:>10.2f} {unit:<4} {spread:<22} {direction}")
    if len(ratios) >= BOUNDED:
        edge = bound(ratios, direction.startswith("more"))
        print(f"  {'':<30} {len(ratios)} repetitions, bound of 95 %: {edge:.3f}")


def main():
    left, right, path, repetitions, *metrics = sys.argv[1:]
    values = read(path)
    print(f"\n  {'':<30} {left:>10} {right:>10}      {right}/{left}: median, min - max\n")
    complete = True
    for metric in metrics:
        pairs = [(v["left"], v["right"]) for v in values[metric].values() if len(v) == 2]
        if len(pairs) < int(repetitions):
            print(f"  {UNITS[metric][0]:<30} only {len(pairs)} complete repetitions")
            complete = False
        else:
            row(metric, pairs)
    sys.exit(0 if complete else 1)


main()
