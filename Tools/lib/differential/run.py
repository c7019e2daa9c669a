"""Asks three chains of northd and ovn-trace the same questions about the same networks; their
outcomes have to be the same, except for differences that are listed with their cause.

    run.py --programs DIR --schemas DIR [--corpus DIR] [--networks N] [--questions N] [--seed N]
           [--output DIR] [FILE...]
"""

import argparse
import pathlib
import signal
import sys
import time

from chains import CHAINS, Chains
from known import Known
from network import Network
from outcome import NO_ANSWER, Answer
from ovsdb import Failure

HERE = pathlib.Path(__file__).resolve().parent
# Repetitions of a question with choices, for each of its outcomes.
REPETITIONS = 8
MOST = 160
# More of them before chains count as different.
LAST = 60
UNANSWERED = "stock ovn-trace ends, by an assertion (put_nd_ra_opts) or without memory"


def parse():
    parser = argparse.ArgumentParser(prog="differential")
    parser.add_argument("--programs", required=True, type=pathlib.Path)
    parser.add_argument("--schemas", required=True)
    parser.add_argument("--networks", type=int, default=200, help="random ones")
    parser.add_argument("--questions", type=int, default=100, help="about each random network")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-corpus", action="store_true", help="random networks only")
    parser.add_argument("--reproducers", action="store_true",
                        help="those of listed differences in place of all")
    parser.add_argument("--no-known", action="store_true", help="list nothing")
    parser.add_argument("--output", type=pathlib.Path, help="where reproducers go")
    parser.add_argument("--verbose", action="store_true", help="print every outcome")
    parser.add_argument("files", nargs="*", type=pathlib.Path, help="networks in place of all")
    return parser.parse_args()


def say(text):
    print(text, flush=True)


def stored(paths):
    for path in paths:
        network = Network.parse(path.stem, path.read_text(encoding="utf-8"))
        if path.resolve().parent == HERE / "known":
            network.shows = path.stem
        yield network


def networks(arguments):
    if arguments.files:
        yield from stored(arguments.files)
        return
    if arguments.reproducers:
        yield from stored(sorted((HERE / "known").glob("*.network")))
        return
    if not arguments.no_corpus:
        yield from stored(sorted((HERE / "corpus").glob("*.network")))
        yield from stored(sorted((HERE / "known").glob("*.network")))
    if arguments.networks:
        from generate import generate
        for seed in range(arguments.seed, arguments.seed + arguments.networks):
            yield generate(seed, arguments.questions)


class Comparison:
    """One network in all chains."""

    def __init__(self, chains, network):
        self.chains, self.network = chains, network

    def outcomes(self, question):
        """A set per chain; a question that has choices is repeated."""
        found, choices = [set() for _ in CHAINS], [1] * len(CHAINS)
        for chain in range(len(CHAINS)):
            self._ask(chain, question, found, choices)
        for chain in range(len(CHAINS)):
            for _ in range(min(REPETITIONS * (choices[chain] - 1), MOST)):
                if len(found[chain]) >= choices[chain]:
                    break
                self._ask(chain, question, found, choices)
        if max(choices) > 1 and any(found[0] != others for others in found[1:]):
            for chain in range(len(CHAINS)):
                for _ in range(LAST):
                    self._ask(chain, question, found, choices)
        return found

    def _ask(self, chain, question, found, choices):
        answer = Answer(question.microflow, self.chains.ask(chain, question))
        found[chain].add(answer.outcome)
        choices[chain] = max(choices[chain], answer.choices)


class Differences:
    """What was found, against what is known."""

    def __init__(self, arguments, known):
        self.arguments, self.known = arguments, known
        self.listed, self.unlisted, self.asked, self.count = {}, 0, 0, 0
        # Entries that a network was seen to show.
        self.shown = set()

    def compare(self, network, comparison, question):
        self.asked += 1
        sets = comparison.outcomes(question)
        if self.arguments.verbose:
            say(f"{question}\n  " + "\n  ".join(describe(sets[0])))
        for left, right in ((0, 1), (1, 2)):
            if NO_ANSWER in sets[left]:
                self.listed[UNANSWERED] = self.listed.get(UNANSWERED, 0) + 1
            elif sets[left] != sets[right]:
                self._found(network, question, sets, left, right)

    def _found(self, network, question, sets, left, right):
        causes = self.known.causes(network, question, (left, right), sets[left], sets[right])
        if causes:
            name = str(causes[0])
            self.listed[name] = self.listed.get(name, 0) + 1
            self.shown |= {(network.name, cause.name) for cause in causes}
            return
        self.unlisted += 1
        say(f"\nDIFFERENT in {network.name}: {question}")
        for chain in (left, right):
            say(f"  {CHAINS[chain]}:")
            for line in describe(sets[chain]):
                say(f"    {line}")
        if self.arguments.output:
            path = self.arguments.output / f"{network.name}-{self.unlisted}.network"
            path.write_text(str(network.reduced(question)), encoding="utf-8")

    def check(self, network):
        """A listed difference that its own network does not show is no longer one."""
        if not network.questions or not self.known.has_to_show(network.shows):
            return
        if (network.name, network.shows) in self.shown:
            return
        self.unlisted += 1
        say(f"\nGONE: nothing in {network.name} differs for its cause: {network.title}")

    def line(self):
        listed = sum(self.listed.values())
        return (f"{self.count} networks, {self.asked} microflows, "
                f"{listed} listed differences, {self.unlisted} unlisted")


def describe(outcomes):
    lines = []
    for number, outcome in enumerate(sorted(outcomes, key=lambda o: o.key)):
        if len(outcomes) > 1:
            lines.append(f"outcome {number + 1}:")
        lines += outcome.lines()
    return lines


def run(arguments):
    differences = Differences(arguments, Known(HERE / ("none" if arguments.no_known else "known")))
    begin = time.monotonic()
    if arguments.output:
        arguments.output.mkdir(parents=True, exist_ok=True)
    for network in networks(arguments):
        with Chains(arguments.programs, arguments.schemas) as chains:
            chains.fill(network)
            problems = chains.sides[1].problems()
            if problems and arguments.verbose:
                say(f"problems of {network.name}: {problems}")
            differences.count += 1
            comparison = Comparison(chains, network)
            for question in network.questions:
                differences.compare(network, comparison, question)
            if not arguments.no_known:
                differences.check(network)
    for cause, count in sorted(differences.listed.items()):
        say(f"listed {count:6} {cause}")
    say(differences.line() + f" ({time.monotonic() - begin:.0f} s)")
    return 1 if differences.unlisted else 0


def main():
    # Whatever was started ends with its context, so a signal has to become an exception.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
    try:
        sys.exit(run(parse()))
    except Failure as failure:
        sys.exit(f"differential: {failure}")


if __name__ == "__main__":
    main()
