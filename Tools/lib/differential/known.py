"""Differences that are meant, each with its cause. A file of `known` is a network whose title is the
cause: it is the reproducer, and lines of the section [pattern] say which differences it explains:

    chains 1 2          between which chains, 1 to 3
    question REGEX      the question
    left REGEX          a line of what the left chain says and the right one doesn't
    right REGEX         a line of what the right chain says and the left one doesn't
    network REGEX       a line of the network
"""

import re


class Known:
    def __init__(self, directory):
        self.entries = []
        for path in sorted(directory.glob("*.network")):
            self.entries.append(Entry(path.stem, path.read_text(encoding="utf-8")))

    def cause(self, network, question, chains, left, right):
        for entry in self.entries:
            if entry.explains(network, question, chains, left, right):
                return f"{entry.name}: {entry.title}"
        return None


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

    def explains(self, network, question, chains, left, right):
        lines = {
            "question": [str(question)],
            "network": network.northbound + network.southbound,
            "left": _only(left, right), "right": _only(right, left),
            "chains": [f"{chains[0] + 1} {chains[1] + 1}"],
        }
        return bool(self.terms) and all(
            any(re.search(value, line) for line in lines[word]) for word, value in self.terms)


def _only(left, right):
    """Lines of outcomes that the other side doesn't have."""
    other = {line for outcome in right for line in outcome.lines()}
    return [line for outcome in left for line in outcome.lines() if line not in other]
