"""The three chains: a stock Southbound database with the stock and with our ovn-trace, and our
northd's with our ovn-trace. Each is a set of processes that ends with its context."""

import json
import os
import pathlib
import resource
import shlex
import signal
import socket
import subprocess
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "northd"))

import rows  # noqa: E402
from ovsdb import Failure  # noqa: E402
from stack import Stack, program  # noqa: E402

CHAINS = ("stock northd, stock ovn-trace", "stock northd, our ovn-trace", "our northd, our ovn-trace")
# The stock daemon uses up the states of its command line over all of its questions.
STATES = 30000
# Passes through the connection tracker that one packet can make.
PASSES = 64
# Bytes that a stock ovn-trace may have: a packet that comes back to a load balancer again and again
# makes it grow without end.
MEMORY = 1 << 30
# Seconds until a question counts as not answered.
PATIENCE = 10
FEATURES = (
    "port-up-notif", "ct-no-masked-label", "mac-binding-timestamp", "ovn-ct-lb-related",
    "fdb-timestamp", "ls-dpg-column", "ct-commit-nat-v2", "ct-commit-to-zone", "ct-next-zone",
    "ovn-sample-with-registers", "ct-label-flush", "ct-state-save")


def limit():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


class Ended(Failure):
    """A program ended in place of answering."""


class Control:
    """A control socket. One answer is one JSON object, and nothing follows it unasked."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(path)

    def call(self, method, *arguments):
        data = b""
        self._send(json.dumps({"id": 0, "method": method, "params": arguments}).encode())
        while True:
            piece = self._receive()
            if not piece:
                raise Ended(f"{method}: the program ended")
            data += piece
            if not data.rstrip().endswith(b"}"):
                continue
            try:
                answer = json.loads(data)
            except ValueError:
                continue
            if answer.get("error"):
                raise Failure(f"{method}: {answer['error']}")
            return answer["result"]


    def _send(self, data):
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def _receive(self):
        try:
            return self.socket.recv(1 << 20)
        except (ConnectionResetError, TimeoutError):
            return b""


class Southbound(Stack):
    """Two databases of Debian's server with a northd of one kind, and tracers of both kinds."""

    def __init__(self, kind, programs, schemas):
        super().__init__(kind, "stock", programs, {"stock": schemas})
        self.tracers, self.started = {}, 0

    def fill(self, network):
        if not network.northbound:
            self.connections["sb"].transact(rows.operations(network.southbound))
            return
        self.start_northd()
        for line in network.southbound:
            if line.startswith("chassis "):
                self._add_chassis(line.split()[1])
        self._client("ovn-nbctl", ["--wait=sb"] + network.commands())
        for line in network.southbound:
            if not line.startswith("chassis "):
                self._add_row(shlex.split(line))
        self._client("ovn-nbctl", ["--wait=sb", "sync"])

    def _client(self, name, words):
        database = "nb" if name == "ovn-nbctl" else "sb"
        result = subprocess.run(
            [name, f"--db=unix:{self.path(database)}.sock", "--timeout=120"] + words,
            capture_output=True, text=True, check=False)
        if result.returncode:
            raise Failure(f"{name} ({self.kind}): {result.stderr.strip()[-600:]}")
        return result.stdout

    def _add_chassis(self, name):
        number = sum(map(ord, name)) % 250 + 1
        features = [f"other_config:{feature}=true" for feature in FEATURES]
        self._client("ovn-sbctl", ["chassis-add", name, "geneve", f"127.0.0.{number}", "--",
                                   "set", "chassis", name] + features)

    def _select(self, table, column, value, columns):
        rows = self.connections["sb"].transact([{
            "op": "select", "table": table, "where": [[column, "==", value]],
            "columns": columns}])[0]["rows"]
        if not rows:
            raise Failure(f"{self.kind}: there is no {value} in {table}")
        return rows[0]

    def _add_row(self, words):
        verb, rest = words[0], words[1:]
        if verb == "bind":
            chassis = self._select("Chassis", "name", rest[1], ["_uuid"])["_uuid"]
            operation = {"op": "update", "table": "Port_Binding",
                         "where": [["logical_port", "==", rest[0]]],
                         "row": {"chassis": chassis, "up": True}}
        elif verb == "neighbour":
            port = self._select("Port_Binding", "logical_port", rest[0], ["datapath"])
            operation = {"op": "insert", "table": "MAC_Binding", "row": {
                "logical_port": rest[0], "ip": rest[1], "mac": rest[2],
                "datapath": port["datapath"]}}
        elif verb == "station":
            port = self._select("Port_Binding", "logical_port", rest[2], ["datapath", "tunnel_key"])
            datapath = self._select("Datapath_Binding", "_uuid", port["datapath"], ["tunnel_key"])
            operation = {"op": "insert", "table": "FDB", "row": {
                "mac": rest[1], "dp_key": datapath["tunnel_key"], "port_key": port["tunnel_key"]}}
        else:
            raise Failure(f"{verb}: no such line of a Southbound database")
        self.connections["sb"].transact([operation])

    # Questions

    def problems(self):
        """What our northd could not compile."""
        return self.control("status/problems") if self.kind == "ours" else ""

    def tracer(self, kind, state=None):
        key = (kind, state if kind == "stock" else None)
        if key not in self.tracers:
            self.started += 1
            name = f"trace-{kind}-{self.started}"
            states = [f"--ct={state}"] * STATES if kind == "stock" and state else []
            command = [program(kind, "ovn-trace", self.programs), "--detach", "--no-chdir",
                       f"--db=unix:{self.path('sb')}.sock", f"--unixctl={self.path(name)}.ctl",
                       f"--pidfile={self.path(name)}.pid", f"--log-file={self.path(name)}.log",
                       "-vconsole:off"] + states
            result = subprocess.run(
                command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                stdin=subprocess.DEVNULL, preexec_fn=limit if kind == "stock" else None)
            if result.returncode:
                raise Failure(f"ovn-trace ({kind}) did not start")
            self._wait_for(f"{name}.ctl")
            self.tracers[key] = Control(f"{self.path(name)}.ctl")
            self.tracers[key].pid = int(
                (self.directory / f"{name}.pid").read_text(encoding="ascii"))
        return self.tracers[key]

    def ask(self, kind, question):
        """The detailed and the minimal answer; None if the stock program fails an assertion."""
        forms, states = ["--detailed", "--minimal"], [f"--ct={state}" for state in question.states]
        if kind == "ours":
            if len(states) == 1:
                states = states * PASSES
            return self.tracer(kind, None).call("trace", *forms, *states, question.microflow)
        if len(states) > 1:
            result = subprocess.run(
                ["ovn-trace", f"--db=unix:{self.path('sb')}.sock"] + forms + states
                + [question.microflow], check=False, capture_output=True, text=True)
            return result.stdout if result.returncode == 0 else None
        state = question.states[0] if question.states else None
        try:
            return self.tracer(kind, state).call("trace", *forms, question.microflow)
        except Ended:
            self._end(self.tracers.pop((kind, state)))
            return None

    @staticmethod
    def _end(tracer):
        """A tracer is not our child, and may be too busy to hear a command."""
        try:
            os.kill(tracer.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def __exit__(self, *arguments):
        for tracer in self.tracers.values():
            self._end(tracer)
        super().__exit__(*arguments)


class Chains:
    """All three, for one network."""

    def __init__(self, programs, schemas):
        self.sides = [Southbound("stock", programs, "/usr/share/ovn"),
                      Southbound("ours", programs, schemas)]

    def __enter__(self):
        self.entered = []
        try:
            for side in self.sides:
                side.__enter__()
                self.entered.append(side)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for side in reversed(self.entered):
            side.__exit__()

    def fill(self, network):
        for side in self.sides:
            side.fill(network)

    def ask(self, chain, question):
        stock, ours = self.sides
        if chain == 0:
            return stock.ask("stock", question)
        return (stock if chain == 1 else ours).ask("ours", question)
