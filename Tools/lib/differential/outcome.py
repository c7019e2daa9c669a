"""What a trace says about a packet, free of how the pipeline is laid out (Docs/decisions/0008).

An outcome is the bag of deliveries (port, headers that differ from the packet that was sent, what
made the packet) and the set of effects on the way (what was logged, learned, answered, offered).
A packet that is dropped has no delivery. Where a load balancer or a multipath route chooses, a
question has a set of outcomes.
"""

import collections
import ipaddress
import re

INTERNAL = re.compile(r"^(xx?)?reg\d|^flags|^ct_|^outport$|^inport$|^next")
BLOCK = re.compile(r"^(.*?) ?\{$")
ASSIGNMENT = re.compile(r"^([a-z0-9_.\[\]]+(?:\[[^\]]*\])?) = (.*)$")
OUTPUT = re.compile(r'^output\("(.*)"\)$')
TRANSLATION = re.compile(r"^ct_[sd]nat\w*\((ip[46]\.(?:src|dst))=([^)]*)\)")
TRACKING = re.compile(r"^ct_")
WAITING = re.compile(r"^(arp|nd_ns)\b")
# What leads nowhere: a copy, or a packet that was made, that is dropped.
EMPTY = re.compile(r"^(ct_|clone|icmp[46]|tcp_reset|sctp_abort|arp|nd_n[as]|reject)")
EFFECT = re.compile(
    r"(?:^|= )((?:put_dhcp_opts|put_dhcpv6_opts|put_nd_ra_opts|dns_lookup|log|set_queue|set_meter"
    r"|igmp|handle_\w+|bind_vport|trigger_event|put_arp|put_nd|put_fdb|commit_lb_aff"
    r"|sample|mirror|event)\b.*)$")
BACKENDS = re.compile(r"\bct_lb(?:_mark)?\(backends=([^;)]*)")
SELECTION = re.compile(r"= select\(([^;)]*)\)")
TERM = re.compile(r"([a-z0-9_.]+) == ([^ &|]+)")
BOUNDARY = "# Minimal trace.\n"


class Outcome:
    def __init__(self, deliveries, effects, failure=""):
        self.deliveries, self.effects, self.failure = deliveries, effects, failure
        self.key = (tuple(sorted(deliveries.items())), tuple(sorted(effects)), failure)

    def __eq__(self, other):
        return self.key == other.key

    def __hash__(self):
        return hash(self.key)

    def lines(self):
        result = [f"failure: {self.failure}"] if self.failure else []
        for (port, headers, made), count in sorted(self.deliveries.items()):
            times = f" x{count}" if count > 1 else ""
            changes = ", ".join(f"{name}={value}" for name, value in headers)
            by = f" made by {'/'.join(made)}" if made else ""
            result.append(f"{port}{times}{by}: {changes or 'as sent'}")
        if not self.deliveries and not self.failure:
            result.append("dropped")
        return result + [f"effect {effect}" for effect in sorted(self.effects)]


NO_ANSWER = Outcome(collections.Counter(), set(), "no answer")


class Answer:
    """One answer: its outcome, and how many outcomes choices could have led to."""

    def __init__(self, microflow, text):
        if text is None:
            self.outcome, self.choices = NO_ANSWER, 1
            return
        detailed, found, minimal = text.partition(BOUNDARY)
        if not found:
            self.outcome = Outcome(collections.Counter(), set(), text.strip())
            self.choices = 1
            return
        effects, self.choices = _effects(detailed)
        reader = _Reader(microflow)
        reader.read(minimal.splitlines())
        self.outcome = Outcome(reader.deliveries, effects | reader.effects)


def _effects(detailed):
    effects, choices = set(), 1
    for raw in detailed.splitlines():
        if not raw.startswith("    "):
            continue
        line = raw.strip().rstrip(";")
        for pattern, name in ((BACKENDS, "backends"), (SELECTION, "select")):
            match = pattern.search(line)
            if match:
                members = match.group(1).split(",")
                choices *= len(members)
                if name == "backends":
                    effects.add("backends " + " ".join(sorted(set(m.strip() for m in members))))
        match = EFFECT.search(line)
        if match:
            effects.add(_sorted_options(match.group(1)))
    return effects, choices


def _sorted_options(effect):
    """Options of DHCP have an order that means nothing."""
    name, opening, rest = effect.partition("(")
    if not name.startswith("put_dhcp"):
        return effect
    return name + opening + ", ".join(sorted(rest.rstrip(")").split(", "))) + ")"


MACS = ("eth.src", "eth.dst", "arp.sha", "arp.tha", "nd.sll", "nd.tll")
ADDRESSES = ("ip4.src", "ip4.dst", "arp.spa", "arp.tpa", "ip6.src", "ip6.dst", "nd.target")


def canonical(name, value):
    """A number in the way of its field; traces print it in more than one."""
    if not value.startswith("0x"):
        return value
    number = int(value, 16)
    if name in MACS:
        return ":".join(f"{number >> shift & 255:02x}" for shift in range(40, -1, -8))
    if name in ADDRESSES:
        is_six = name.startswith(("ip6", "nd"))
        return str((ipaddress.IPv6Address if is_six else ipaddress.IPv4Address)(number))
    return str(number)


class _State:
    def __init__(self, headers, made=()):
        self.headers, self.made = dict(headers), made

    def copy(self, maker=None):
        return _State(self.headers, self.made + ((maker,) if maker else ()))


class _Reader:
    """Runs the modifications of a minimal trace."""

    def __init__(self, microflow):
        self.sent = {name: canonical(name, value) for name, value in TERM.findall(microflow)}
        self.deliveries, self.effects = collections.Counter(), set()

    def read(self, lines):
        self.lines, self.index = lines, 0
        self._block(_State(self.sent))

    def _block(self, state):
        while self.index < len(self.lines):
            line = self.lines[self.index].strip()
            self.index += 1
            if line == "};":
                return
            if line:
                self._line(line, state)

    def _skip(self):
        """The packet waits for a neighbour: what follows happens later, and maybe never."""
        depth = 0
        while self.index < len(self.lines) and depth >= 0:
            line = self.lines[self.index].strip()
            depth += 1 if BLOCK.match(line) else -1 if line == "};" else 0
            self.index += depth >= 0

    def _line(self, line, state):
        block = BLOCK.match(line)
        if block:
            self._block(self._inner(block.group(1), state))
            if WAITING.match(block.group(1)):
                self._skip()
            return
        text = line.removesuffix(";")
        output = OUTPUT.match(text)
        if output:
            self._deliver(output.group(1), state)
        elif text == "ip.ttl--":
            state.headers["ip.ttl"] = str(int(state.headers.get("ip.ttl", "0")) - 1)
        elif ASSIGNMENT.match(text):
            name, value = ASSIGNMENT.match(text).groups()
            if not INTERNAL.match(name):
                state.headers[name] = canonical(name, value)
        elif text.startswith("*** too many tables"):
            pass  # Of a loop that only the time to live ends; stock has no such limit.
        elif text.startswith("***"):
            self.effects.add(text)
        elif text.startswith("LOG: "):
            self.effects.add(text.split(", packet=")[0])
        elif EFFECT.search(text):
            self.effects.add(_sorted_options(EFFECT.search(text).group(1)))
        elif not text.startswith(("/*", "select: ")) and not EMPTY.match(text):
            self.effects.add(f"unreadable: {line}")

    def _inner(self, title, state):
        translation = TRANSLATION.match(title)
        if translation:
            inner = state.copy()
            inner.headers[translation.group(1)] = translation.group(2)
            return inner
        if TRACKING.match(title):
            return state.copy()
        name = title.split(" ")[0]
        return state.copy(None if name in ("clone", "select:") else name)

    def _deliver(self, port, state):
        # A solicitation goes to its target's group, whether the flow says so or not.
        implied = ("eth.dst", "ip6.dst") if "nd_ns" in state.made else ()
        changed = tuple(sorted(
            (name, value) for name, value in state.headers.items()
            if self.sent.get(name) != value and name not in implied))
        self.deliveries[port, changed, state.made] += 1
