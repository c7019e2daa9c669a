"""Compares what two kernels do on the same paths, as Tools/lib/bench_paths has written it.

    paths.py STOCK OURS

Each file has, for each path, lines `path NAME`, `masks NUMBER` and one `actions TEXT` for each of the
flows. The status is 0 if on no path ours has more masks or other actions.
"""

import collections
import sys


def read(name):
    paths = {}
    with open(name, encoding="utf-8") as lines:
        for line in lines:
            kind, _, text = line.rstrip("\n").partition(" ")
            if kind == "path":
                current = paths[text] = {"masks": 0, "actions": collections.Counter()}
            elif kind == "masks":
                current["masks"] = int(text)
            else:
                current["actions"][text] += 1
    return paths


def show(side, actions):
    for text in sorted(actions.elements()):
        print(f"      only {side:<6} {text}")


def main():
    stock, ours = (read(name) for name in sys.argv[1:])
    agree = True
    print(f"\n  {'':<18} {'flows':>12} {'masks':>12}   actions")
    for name, theirs in stock.items():
        mine = ours.get(name, {"masks": 0, "actions": collections.Counter()})
        same = theirs["actions"] == mine["actions"]
        agree = agree and same and mine["masks"] <= theirs["masks"]
        flows = f"{theirs['actions'].total()} / {mine['actions'].total()}"
        masks = f"{theirs['masks']} / {mine['masks']}"
        print(f"  {name:<18} {flows:>12} {masks:>12}   {'the same' if same else 'differ'}")
        show("stock", theirs["actions"] - mine["actions"])
        show("ours", mine["actions"] - theirs["actions"])
    print("\n  stock / ours")
    sys.exit(0 if agree else 1)


main()
