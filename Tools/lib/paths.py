"""Compares what two kernels do on the same paths, as Tools/lib/bench_paths has written it.

    paths.py STOCK OURS

Each file has, for each path, lines `path NAME`, `masks NUMBER` and one `actions TEXT` for each of the
flows. Where a list of actions sets the tunnel, and which address of its own it names there, makes no
difference; nor does the text of what goes to an agent. The status is 0 if on no path ours has more masks,
or a flow with an action that none of stock's has.
"""

import collections
import re
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
                current["actions"][canonical(text)] += 1
    return paths


def split(text):
    """The actions of a list: commas inside of parentheses and braces belong to one."""
    depth, begin = 0, 0
    for place, character in enumerate(text):
        depth += (character in "({") - (character in ")}")
        if character == "," and depth == 0:
            yield text[begin:place]
            begin = place + 1
    yield text[begin:]


def canonical(text):
    text = re.sub(r"(tunnel\(tun_id=[^,]*,)(ipv6_)?src=[^,]*,", r"\1", text).replace("tp_dst=6081,", "")
    text = re.sub(r"userspace\(.*\)", "userspace", text)
    return tuple(sorted(split(text)))


def is_covered(mine, theirs):
    """Each of our flows does what one of theirs does, or less of it."""
    return all(
        any(not collections.Counter(flow) - collections.Counter(other) for other in theirs)
        for flow in mine
    )


def show(side, actions):
    for flow in sorted(actions.elements()):
        print(f"      only {side:<6} {','.join(flow)}")


def main():
    stock, ours = (read(name) for name in sys.argv[1:])
    agree = True
    print(f"\n  {'':<18} {'flows':>12} {'masks':>12}   actions")
    for name, theirs in stock.items():
        mine = ours.get(name, {"masks": 0, "actions": collections.Counter()})
        same = theirs["actions"] == mine["actions"]
        covered = is_covered(mine["actions"], theirs["actions"])
        agree = agree and covered and mine["masks"] <= theirs["masks"]
        verdict = "the same" if same else "fewer" if covered else "others"
        flows = f"{theirs['actions'].total()} / {mine['actions'].total()}"
        masks = f"{theirs['masks']} / {mine['masks']}"
        print(f"  {name:<18} {flows:>12} {masks:>12}   {verdict}")
        show("stock", theirs["actions"] - mine["actions"])
        show("ours", mine["actions"] - theirs["actions"])
    print("\n  stock / ours")
    sys.exit(0 if agree else 1)


main()
