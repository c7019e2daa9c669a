"""Measures northd on a network of a cluster's shape: the cold start, memory, and what each kind of
change costs. Two stacks are up at once and take turns; the ratio is what counts. With several sizes
the last table has northd's share of each change, size by size.

    run.py --programs DIR --schemas DIR [--left KIND] [--right KIND] [--size NODESxPODS,BALANCERS,LISTS]...
           [--repetitions N] [--databases own|stock|ours] [--seed N]
"""

import argparse
import contextlib
import re
import statistics
import sys
import time

from changes import CHANGES
from network import Shape, fill_northbound, fill_southbound
from ovsdb import Failure
from shape import parse_size
from stack import Stack

STOPWATCHES = {"ours": "northd-change-to-southbound", "stock": "ovn-northd-loop"}


def parse():
    parser = argparse.ArgumentParser(prog="bench northd")
    parser.add_argument("--programs", required=True)
    parser.add_argument("--schemas", required=True)
    parser.add_argument("--left", choices=["stock", "ours", "none"], default="stock")
    parser.add_argument("--right", choices=["stock", "ours"], default="ours")
    parser.add_argument("--size", type=parse_size, action="append")
    parser.add_argument("--repetitions", type=int, default=9)
    parser.add_argument("--databases", choices=["own", "stock", "ours"], default="own")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    arguments.size = arguments.size or [(250, 50, 2000, 300)]
    return arguments


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def stopwatch(stack):
    """The greatest milliseconds of northd's own stopwatch since its reset."""
    text = stack.control("stopwatch/show", STOPWATCHES[stack.kind])
    return next(float(line.split()[1]) for line in text.splitlines() if "Maximum" in line)


def cold_start(stack, size, seed):
    shape = Shape(*size, seed=seed)
    fill_northbound(stack.connections["nb"], shape)
    fill_southbound(stack.connections["sb"], shape)
    stack.follow()
    begin = time.perf_counter()
    stack.compile()
    elapsed = time.perf_counter() - begin
    rows, size_written = stack.written(stack.number)
    say(f"{stack.kind}: cold start {elapsed:.2f} s, {rows} rows, {size_written >> 20} MB, "
        f"resident {stack.memory() >> 20} MB")
    return {"start": elapsed, "rows": rows, "memory": stack.memory(), "shape": shape}


def measure(stack, shape, name, number):
    stack.control("stopwatch/reset", *([] if stack.kind == "ours" else [STOPWATCHES["stock"]]))
    database, operations = CHANGES[name](shape, number)
    elapsed, rows, size = stack.apply(database, operations)
    own = stopwatch(stack)
    return elapsed * 1000, own, rows, size


def run_changes(stacks, starts, repetitions):
    results = {}
    for name in CHANGES:
        for number in range(repetitions):
            order = list(range(len(stacks)))
            if number % 2:
                order.reverse()
            for side in order:
                sample = measure(stacks[side], starts[side]["shape"], name, number)
                results.setdefault((name, side), []).append(sample)
        say("  ".join(
            f"{stacks[side].kind}: {name} {statistics.median(s[0] for s in results[name, side]):.1f} ms"
            for side in range(len(stacks))))
    return results


def print_results(size, stacks, starts, results):
    nodes, pods, balancers, lists = size
    print(f"\n{nodes} nodes of {pods} pods, {balancers} load balancers, {lists} rules, {nodes} chassis\n")
    both = len(stacks) == 2
    names = [stack.kind for stack in stacks]
    for title, key, scale in [("cold start, s", "start", 1), ("resident memory, MB", "memory", 1 << 20)]:
        values = [start[key] / scale for start in starts]
        ratio = f"   {names[-1]}/{names[0]} {values[-1] / values[0]:.3f}" if both else ""
        print(f"  {title:<34}" + "".join(f"{value:>12.2f}" for value in values) + ratio)
    print(f"  {'Southbound rows written at start':<34}" + "".join(f"{s['rows']:>12}" for s in starts))
    header = "".join(f"{n + ' ms':>11}{'(max)':>9}" for n in names)
    print(f"\n  {'change, until the Southbound has it':<34}{header}"
          f"{'ratio' if both else '':>8}{'northd ms':>12}{'(max)':>9}{'rows':>8}{'bytes':>10}")
    for name in CHANGES:
        row = f"  {name:<34}"
        medians = []
        for side in range(len(stacks)):
            times = [sample[0] for sample in results[name, side]]
            medians.append(statistics.median(times))
            row += f"{medians[-1]:>11.1f}{max(times):>9.1f}"
        own = results[name, len(stacks) - 1]
        row += f"{medians[-1] / medians[0]:>8.3f}" if both else " " * 8
        row += f"{statistics.median(s[1] for s in own):>12.2f}{max(s[1] for s in own):>9.2f}"
        row += f"{statistics.median(s[2] for s in own):>8.0f}{statistics.median(s[3] for s in own):>10.0f}"
        print(row)
    print(flush=True)


def run(arguments, size):
    kinds = [arguments.right] if arguments.left == "none" else [arguments.left, arguments.right]
    schemas = {"stock": "/usr/share/ovn", "ours": arguments.schemas}
    with contextlib.ExitStack() as open_stacks:
        stacks = [
            open_stacks.enter_context(
                Stack(kind, arguments.databases, arguments.programs, schemas)) for kind in kinds
        ]
        starts = [cold_start(stack, size, arguments.seed) for stack in stacks]
        results = run_changes(stacks, starts, arguments.repetitions)
        print_results(size, stacks, starts, results)
        for stack in stacks:
            if stack.kind == "ours":
                print_engine(stack)
        return {name: [sample[1] for sample in results[name, len(stacks) - 1]] for name in CHANGES}


def print_engine(stack):
    """What the engine itself holds, as its `memory/show` has it, for each logical port."""
    text = stack.control("memory/show").strip()
    number = stack.count("nb", "Logical_Switch_Port")
    held = re.search(r"engine-state-KB:(\d+)", text)
    share = f", {int(held.group(1)) * 1024 / number:.0f} bytes of engine state a port" if held else ""
    print(f"  {text}\n  {number} logical switch ports{share}\n", flush=True)


def print_by_size(sizes, shares):
    """The same changes on networks of different sizes: the cost follows the change."""
    names = [f"{nodes}x{pods}" for nodes, pods, *_ in sizes]
    header = "".join(f"{name + ' ms':>14}{'(max)':>9}" for name in names)
    print(f"\n  {'northd share, by size':<34}{header}{'last/first':>12}")
    for change in CHANGES:
        medians = [statistics.median(share[change]) for share in shares]
        row = "".join(
            f"{median:>14.2f}{max(share[change]):>9.2f}" for median, share in zip(medians, shares))
        print(f"  {change:<34}{row}{medians[-1] / medians[0]:>12.2f}")


def main():
    arguments = parse()
    try:
        shares = [run(arguments, size) for size in arguments.size]
        if len(shares) > 1:
            print_by_size(arguments.size, shares)
    except Failure as failure:
        sys.exit(f"bench: {failure}")


main()
