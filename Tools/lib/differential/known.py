"""Differences that are meant, each with its cause. A file of `known` is a network whose title is the
cause. Its questions show the difference; lines of the section [pattern] say which others it explains:

    chains 1 2          between which chains, 1 to 3
    question REGEX      the question
    network REGEX       a line of the network
    left REGEX          what only the left chain says: every such line matches one of these
    right REGEX         what only the right chain says, likewise
    after REGEX         of whole texts (texts.py): a line that both have before the difference; what
                        follows is not compared
    first REGEX         of whole texts: the first line of either side that differs
    tie                 it is chance whether the network shows it

An entry explains a difference only if it explains all of it.
"""

import re


class Known:
    def __init__(self, directory):
        self.entries = []
        for path in sorted(directory.glob("*.network")):
            self.entries.append(Entry(path.stem, path.read_text(encoding="utf-8")))

    def has_to_show(self, name):
        """Whether the network of the entry with this name differs for its cause in every run."""
        return any(entry.name == name and not entry.is_tie for entry in self.entries)

    def causes(self, network, question, chains, left, right):
        """All entries that explain the difference."""
        return [entry for entry in self.entries
                if entry.explains(network, question, chains, left, right)]


class Entry:
    def __init__(self, name, text):
        self.name, self.title, self.terms = name, "", []
        section = None
        for line in text.splitlines():
            line = line.strip()
            if line.startswith("#") and section is None:
                self.title = (self.title + " " + line.lstrip("# ")).strip()
            elif line.startswith("["):
                section = line
            elif section == "[pattern]" and line:
                word, _, value = line.partition(" ")
                self.terms.append((word, value.strip()))
        self.is_tie = ("tie", "") in self.terms

    def __str__(self):
        return f"{self.name}: {self.title}"

    def has(self, word):
        return any(term[0] == word for term in self.terms)

    def explains(self, network, question, chains, left, right):
        """Of outcomes."""
        return self.covers(network, question, chains, _only(left, right), _only(right, left))

    def covers(self, network, question, chains, left, right, before=()):
        """Of lines that only one side has, and of those that both have before them."""
        places = {
            "question": [str(question)],
            "network": network.northbound + network.southbound,
            "chains": [f"{chains[0] + 1} {chains[1] + 1}"], "after": before,
            "first": list(left[:1]) + list(right[:1]),
        }
        return bool(self.terms) and all(
            any(re.search(value, line) for line in places[word])
            for word, value in self.terms if word in places
        ) and self._covers("left", left) and self._covers("right", right)

    def _covers(self, side, lines):
        patterns = [value for word, value in self.terms if word == side]
        return all(any(re.search(pattern, line) for pattern in patterns) for line in lines)


def _only(left, right):
    """Lines of outcomes that the other side doesn't have."""
    other = {line for outcome in right for line in outcome.lines()}
    return [line for outcome in left for line in outcome.lines() if line not in other]
