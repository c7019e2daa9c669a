"""Compares the whole texts of stock's and our ovn-trace (--detailed, --summary, --minimal) on the
same Southbound database: that of Debian's northd, or of rows written by hand.

    texts.py --programs DIR [--networks N] [--questions N] [--seed N] [--verbose] [FILE...]

Networks are those of `texts`, which are about texts, those of `corpus`, and random ones. Differences
that are meant are listed in `texts/known`, as those between chains are (known.py): `left` and `right`
are lines that only stock or only ours has, and a block of such lines has to be covered whole.

Which of two flows of one priority a packet takes is undefined, and stock takes any: where texts
part at the titles of two such flows, what follows is not compared.
"""

import argparse
import difflib
import pathlib
import re
import signal
import subprocess
import sys
import time

from chains import Southbound, limit
from known import Known
from network import Network
from ovsdb import Failure
from stack import program

HERE = pathlib.Path(__file__).resolve().parent
FORMS = ["--detailed", "--summary", "--minimal"]
TITLE = re.compile(r"^ *(\d+)\. (?:\w+ )?.*, priority (\d+), uuid [0-9a-f]{8}$")
# An action whose outcome is chance unless the question says it.
CHANCE = re.compile(r"\bct_lb\w*\((?:backends=)?[^;)]*,|= select\(|Randomly selected")
# Questions about what chance decides are repeated until both have said the same.
REPETITIONS = 40


def say(text):
    print(text, flush=True)


class Answers:
    """Both programs on one database."""

    def __init__(self, southbound, programs):
        self.southbound = southbound
        self.paths = {kind: program(kind, "ovn-trace", programs) for kind in ("stock", "ours")}

    def ask(self, kind, question):
        """The text, and what was said beside it; None if the program fails."""
        if kind == "ours" and "--no-friendly-names" not in question.options:
            return self.southbound.tracer("ours").call("trace", *FORMS, *question.arguments())
        result = subprocess.run(
            [self.paths[kind], f"--db=unix:{self.southbound.path('sb')}.sock", "-voff"] + FORMS
            + question.arguments(), check=False, capture_output=True, text=True,
            preexec_fn=limit if kind == "stock" else None)
        return result.stdout if result.returncode == 0 else None


class Part:
    """Lines that stand in only one of two texts, in one place."""

    def __init__(self, left, right, before=()):
        self.left, self.right, self.before = left, right, before

    def is_tie(self):
        """Two flows of one table and one priority."""
        left, right = (TITLE.match(lines[0]) if lines else None
                       for lines in (self.left, self.right))
        return bool(left and right and left.groups() == right.groups())

    def __str__(self):
        return "\n".join([f"    - {line}" for line in self.left]
                         + [f"    + {line}" for line in self.right])


def parts(left, right):
    """The places in which two texts differ, up to a tie."""
    left, right = left.splitlines(), right.splitlines()
    found = []
    matcher = difflib.SequenceMatcher(None, left, right, autojunk=False)
    for tag, i, j, k, m in matcher.get_opcodes():
        if tag == "equal":
            continue
        if i == j or k == m:
            i, j, k, m = _latest(left, right, i, j, k, m)
        part = Part(left[i:j], right[k:m], left[:i])
        if part.is_tie():
            break
        found.append(part)
    return found


def _latest(left, right, i, j, k, m):
    """The same lines more or less, as late as they may be said to begin: there the texts part."""
    longer, start, end = (right, k, m) if i == j else (left, i, j)
    count = 0
    while end + count < len(longer) and longer[start + count] == longer[end + count]:
        count += 1
    return i + count, j + count, k + count, m + count


class Comparison:
    def __init__(self, arguments):
        self.arguments = arguments
        self.known = Known(HERE / "texts" / ("none" if arguments.no_known else "known"))
        self.networks = self.asked = self.unlisted = self.unanswered = 0
        self.listed, self.shown = {}, set()

    def compare(self, network, answers):
        self.networks += 1
        for question in network.questions:
            self.asked += 1
            texts, found = self._differences(network, answers, question)
            if self.arguments.verbose:
                say(f"{question}\n{texts[1]}")
            if texts[0] is None and texts[1] is not None:
                self.unanswered += 1
                continue
            for part, entry in found:
                self._report(network, question, part, entry)

    def _differences(self, network, answers, question):
        """The two texts, and their differences with the entries that explain them."""
        for _ in range(REPETITIONS):
            texts = [answers.ask(kind, question) for kind in ("stock", "ours")]
            if texts[1] is None:
                return texts, [(Part(["an answer"], ["no answer"]), None)]
            if texts[0] is None:
                return texts, []
            found = self._explained(network, question, texts)
            if all(entry for _, entry in found) or not CHANCE.search(texts[1]):
                break
        return texts, found

    def _explained(self, network, question, texts):
        found = []
        for part in parts(*texts):
            entry = next((entry for entry in self.known.entries
                          if self._explains(entry, network, question, part)), None)
            found.append((part, entry))
            if entry and entry.has("after"):
                break
        return found

    @staticmethod
    def _explains(entry, network, question, part):
        """What is not after something is a line in place of another."""
        sides = (("left", part.left), ("right", part.right))
        return entry.covers(network, question, (0, 1), part.left, part.right, part.before) and (
            entry.has("after") or all(lines for side, lines in sides if entry.has(side)))

    def _report(self, network, question, part, entry):
        if entry:
            self.listed[str(entry)] = self.listed.get(str(entry), 0) + 1
            self.shown.add((network.name, entry.name))
        else:
            self.unlisted += 1
            say(f"\nDIFFERENT in {network.name}: {question}\n{part}")

    def check(self, network):
        """A listed difference that its own network does not show is no longer one."""
        if self.known.has_to_show(network.shows) \
                and (network.name, network.shows) not in self.shown:
            self.unlisted += 1
            say(f"\nGONE: nothing in {network.name} differs for its cause: {network.title}")

    def line(self):
        unanswered = f", {self.unanswered} that end stock's program" if self.unanswered else ""
        return (f"{self.networks} networks, {self.asked} texts, {sum(self.listed.values())} "
                f"listed differences{unanswered}, {self.unlisted} unlisted")


def networks(arguments):
    files = arguments.files
    if not files:
        for directory in ("texts", "texts/known", "corpus"):
            files = files + sorted((HERE / directory).glob("*.network"))
    yield from stored(files)
    if arguments.networks:
        from generate import generate
        for seed in range(arguments.seed, arguments.seed + arguments.networks):
            yield generate(seed, arguments.questions)


def stored(files):
    for path in files:
        network = Network.parse(path.stem, path.read_text(encoding="utf-8"))
        if path.resolve().parent == HERE / "texts" / "known":
            network.shows = path.stem
        yield network


def run(arguments):
    comparison = Comparison(arguments)
    begin = time.monotonic()
    for network in networks(arguments):
        with Southbound("stock", arguments.programs, "/usr/share/ovn") as southbound:
            southbound.fill(network)
            comparison.compare(network, Answers(southbound, arguments.programs))
        if not arguments.no_known:
            comparison.check(network)
    for cause, count in sorted(comparison.listed.items()):
        say(f"listed {count:6} {cause}")
    say(comparison.line() + f" ({time.monotonic() - begin:.0f} s)")
    return 1 if comparison.unlisted else 0


def main():
    parser = argparse.ArgumentParser(prog="texts")
    parser.add_argument("--programs", required=True, type=pathlib.Path)
    parser.add_argument("--networks", type=int, default=0, help="random ones")
    parser.add_argument("--questions", type=int, default=50, help="about each random network")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-known", action="store_true", help="list nothing")
    parser.add_argument("--verbose", action="store_true", help="print every answer")
    parser.add_argument("files", nargs="*", type=pathlib.Path, help="networks in place of all")
    # Whatever was started ends with its context, so a signal has to become an exception.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
    try:
        sys.exit(run(parser.parse_args()))
    except Failure as failure:
        sys.exit(f"texts: {failure}")


if __name__ == "__main__":
    main()
