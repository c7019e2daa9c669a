"""The text form of a network and of the questions about it.

    # What it is good for.
    [northbound]                one command of ovn-nbctl per line, all in one transaction
    ls-add s
    [southbound]                what chassis would have written
    chassis NAME                one that has all features
    bind PORT CHASSIS           a workload's port is up there
    neighbour PORT IP MAC       a row of MAC_Binding
    station SWITCH MAC PORT     a row of FDB
    flow SWITCH ...             and other rows, where there is no northd (rows.py)
    [questions]                 microflows, after the options of ovn-trace that they need
    --ct=new inport == "a" && ip4

One --ct stands for every pass through the connection tracker, several for one pass each. A question
may have the option --datapath=NAME for the operand, and others of ovn-trace if only texts are
compared (texts.py).
"""

import shlex

SECTIONS = ("northbound", "southbound", "questions")
# Of a listed difference: not part of the network.
PATTERN = "[pattern]"


class Malformed(Exception):
    """A line of a network that says nothing."""


# Options that have a part in the text of an answer only.
TEXT_OPTIONS = ("--datapath=", "--lb-dst=", "--select-id=", "--no-friendly-names")


class Question:
    def __init__(self, microflow, states=(), options=()):
        self.microflow, self.states, self.options = microflow, tuple(states), tuple(options)

    @classmethod
    def parse(cls, line):
        states, options = [], []
        while line.startswith("--"):
            option, _, line = line.partition(" ")
            if option.startswith("--ct="):
                states.append(option.removeprefix("--ct="))
            elif option.startswith(TEXT_OPTIONS):
                options.append(option)
            else:
                raise Malformed(f"{option}: no option of a question")
            line = line.strip()
        return cls(line, states, options)

    def __str__(self):
        states = [f"--ct={state}" for state in self.states]
        return " ".join(states + list(self.options) + [self.microflow])

    def arguments(self):
        """Of ovn-trace, without the form of the answer."""
        options = [option for option in self.options if not option.startswith("--datapath=")]
        operands = [option.removeprefix("--datapath=") for option in self.options
                    if option.startswith("--datapath=")]
        return [f"--ct={state}" for state in self.states] + options + operands + [self.microflow]


class Network:
    def __init__(self, name, title=""):
        self.name, self.title = name, title
        self.northbound, self.southbound, self.questions = [], [], []
        # The listed difference that the network is there to show.
        self.shows = None

    @classmethod
    def parse(cls, name, text):
        network, section, comments = cls(name), None, []
        for number, raw in enumerate(text.splitlines(), 1):
            line = raw.strip()
            if not line:
                continue
            if line.startswith("#"):
                comments += [line.lstrip("# ")] if section is None else []
            elif line == PATTERN or line.startswith("[") and line.endswith("]") \
                    and line[1:-1] in SECTIONS:
                section = line[1:-1]
            elif section is None:
                raise Malformed(f"{name}:{number}: before the first section")
            elif f"[{section}]" == PATTERN:
                pass
            elif section == "questions":
                network.questions.append(Question.parse(line))
            else:
                getattr(network, section).append(line)
        network.title = " ".join(comments)
        return network

    def __str__(self):
        parts = [f"# {self.title}"]
        for section in SECTIONS:
            parts.append(f"[{section}]")
            parts += [str(line) for line in getattr(self, section)]
        return "\n".join(parts) + "\n"

    def commands(self):
        """The arguments of one call of ovn-nbctl."""
        words = []
        for line in self.northbound:
            words += (["--"] if words else []) + shlex.split(line)
        return words

    def reduced(self, question):
        """The same network with one question."""
        network = Network(self.name, self.title)
        network.northbound, network.southbound = self.northbound, self.southbound
        network.questions = [question]
        return network
