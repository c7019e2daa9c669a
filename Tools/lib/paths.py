"""Compares what two kernels do on the same paths, as Tools/lib/bench_paths has written it.

    paths.py STOCK OURS

Each file has, for each path, lines `path NAME`, `masks NUMBER`, one `actions TEXT` for each of the
flows, `lookups` with four numbers (packets and lookups after the first, before and after some packets were sent
for which there were flows), `tried` with four (masks that were tried, and lookups, before and after the same
packets), and `chain N M...` for a flow of recirculation number N whose packets go on as M.
Where a list of actions sets the tunnel, and which address of its own it names there, makes no
difference; nor does the text of what goes to an agent. The status is 0 if on no path ours has more masks,
a flow with an action that none of stock's has, or packets that are looked up more often.
"""

import collections
import re
import sys


# Connections of TCP have a packet more or less from run to run.
TOLERANCE = 0.1


class Path:
    def __init__(self):
        self.masks = 0
        self.actions = collections.Counter()
        self.trips = 0.0
        self.tried = 0.0
        self.chains = collections.defaultdict(set)

    def count(self, first, again, later_first, later_again):
        """Lookups after the first of the packets sent in between, for each of them."""
        packets = int(later_first) - int(first)
        self.trips = (int(later_again) - int(again)) / packets if packets > 0 else 0.0

    def count_masks(self, masks, lookups, later_masks, later_lookups):
        asked = int(later_lookups) - int(lookups)
        self.tried = (int(later_masks) - int(masks)) / asked if asked > 0 else 0.0

    def longest(self, number="0", seen=()):
        """Trips of the packet that makes the most."""
        nexts = self.chains.get(number, set()) - set(seen)
        return max((1 + self.longest(one, (*seen, number)) for one in nexts), default=0)


def read(name):
    paths = {}
    with open(name, encoding="utf-8") as lines:
        for line in lines:
            kind, _, text = line.rstrip("\n").partition(" ")
            if kind == "path":
                current = paths[text] = Path()
            elif kind == "masks":
                current.masks = int(text)
            elif kind == "lookups":
                current.count(*text.split())
            elif kind == "tried":
                current.count_masks(*text.split())
            elif kind == "chain":
                number, *nexts = text.split()
                current.chains[number].update(nexts)
            else:
                current.actions[canonical(text)] += 1
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
    print(f"\n  {'':<18} {'flows':>12} {'masks':>12} {'tried':>14} {'trips':>14} {'longest':>10}   actions")
    for name, theirs in stock.items():
        mine = ours.get(name, Path())
        same = theirs.actions == mine.actions
        covered = is_covered(mine.actions, theirs.actions)
        short = mine.trips <= theirs.trips + TOLERANCE and mine.longest() <= theirs.longest()
        agree = agree and covered and short and mine.masks <= theirs.masks
        verdict = "the same" if same else "fewer" if covered else "others"
        flows = f"{theirs.actions.total()} / {mine.actions.total()}"
        masks = f"{theirs.masks} / {mine.masks}"
        tried = f"{theirs.tried:.2f} / {mine.tried:.2f}"
        trips = f"{theirs.trips:.2f} / {mine.trips:.2f}"
        longest = f"{theirs.longest()} / {mine.longest()}"
        more = "" if short else ", more trips"
        print(f"  {name:<18} {flows:>12} {masks:>12} {tried:>14} {trips:>14} {longest:>10}   {verdict}{more}")
        show("stock", theirs.actions - mine.actions)
        show("ours", mine.actions - theirs.actions)
    print("\n  stock / ours")
    sys.exit(0 if agree else 1)


main()
