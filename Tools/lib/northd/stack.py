"""Two databases and one northd as processes of this benchmark, of one kind: stock or ours."""

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

from ovsdb import Connection, Failure

DATABASES = {"nb": "OVN_Northbound", "sb": "OVN_Southbound"}
PATIENCE = 900


def program(kind, name, directory):
    path = shutil.which(name) if kind == "stock" else str(pathlib.Path(directory) / name)
    if not path or not os.access(path, os.X_OK):
        raise Failure(f"there is no program {name} ({kind})")
    return path


class Stack:
    """Use as a context: everything that was started ends with it."""

    def __init__(self, kind, databases, programs, schemas):
        self.kind = kind
        self.databases = kind if databases == "own" else databases
        self.programs, self.schemas = programs, schemas[self.databases]
        self.processes = []

    def __enter__(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="northd-bench."))
        try:
            for name in DATABASES:
                self._start_server(name)
            self.connections = {name: self.connect(name) for name in DATABASES}
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    def path(self, name):
        return str(self.directory / name)

    def _run(self, name, command):
        environment = dict(os.environ, OVS_RUNDIR=str(self.directory), OVN_RUNDIR=str(self.directory),
                           OVS_DBDIR=str(self.directory), OVN_DBDIR=str(self.directory))
        with open(self.path(f"{name}.out"), "w", encoding="utf-8") as out:
            process = subprocess.Popen(command, env=environment, stdout=out, stderr=out,
                                       stdin=subprocess.DEVNULL)
        self.processes.append(process)
        return process

    def _start_server(self, name):
        schema = pathlib.Path(self.schemas) / f"ovn-{name}.ovsschema"
        subprocess.run(["ovsdb-tool", "create", self.path(f"{name}.db"), schema], check=True)
        self._run(name, [
            program(self.databases, "ovsdb-server", self.programs),
            f"--remote=punix:{self.path(name)}.sock", f"--unixctl={self.path(name)}.ctl",
            f"--log-file={self.path(name)}.log", "-vconsole:off", self.path(f"{name}.db")])
        self._wait_for(f"{name}.sock")

    def _wait_for(self, socket):
        deadline = time.monotonic() + 30
        while not (self.directory / socket).exists():
            if time.monotonic() > deadline:
                raise Failure(f"{self.kind}: {socket} does not appear")
            time.sleep(0.02)

    def connect(self, name):
        """A socket is there a moment before somebody listens on it."""
        deadline = time.monotonic() + 30
        while True:
            try:
                return Connection(f"{self.path(name)}.sock", DATABASES[name])
            except ConnectionRefusedError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def start_northd(self):
        self.northd = self._run("northd", [
            program(self.kind, "ovn-northd", self.programs),
            f"--ovnnb-db=unix:{self.path('nb')}.sock", f"--ovnsb-db=unix:{self.path('sb')}.sock",
            f"--unixctl={self.path('northd')}.ctl", f"--log-file={self.path('northd')}.log",
            "-vconsole:off"])
        self._wait_for("northd.ctl")

    def compile(self):
        """Starts northd and waits until the Southbound database has the whole configuration."""
        self.start_northd()
        self.number += 1
        self.connections["nb"].transact([self.next_number()])
        self.wait_for_southbound(self.number)

    def count(self, name, table):
        """Rows of a table of a database."""
        result = self.connections[name].transact([{
            "op": "select", "table": table, "where": [], "columns": ["_uuid"]}])
        return len(result[0]["rows"])

    def memory(self, field="VmRSS"):
        """Of northd, in bytes."""
        status = pathlib.Path(f"/proc/{self.northd.pid}/status").read_text(encoding="utf-8")
        line = next(line for line in status.splitlines() if line.startswith(field + ":"))
        return int(line.split()[1]) * 1024

    def control(self, command, *arguments):
        """Asks northd on its control socket."""
        connection = Connection(f"{self.path('northd')}.ctl", "control")
        try:
            return connection.call(command, list(arguments))
        finally:
            connection.close()

    # Waiting for configuration numbers

    def follow(self):
        """Starts to watch what northd answers, and to count what it writes."""
        self.watcher = self.connect("nb")
        self.watcher.monitor({"NB_Global": ["sb_cfg"]})
        follower = self.connect("sb")
        follower.monitor(follower.tables(), initial=False)
        self.follower = follower
        self.number = self.configuration_number()

    def configuration_number(self):
        rows = self.connections["nb"].transact(
            [{"op": "select", "table": "NB_Global", "where": [], "columns": ["nb_cfg"]}])[0]["rows"]
        return rows[0]["nb_cfg"]

    def next_number(self):
        return {"op": "mutate", "table": "NB_Global", "where": [],
                "mutations": [["nb_cfg", "+=", 1]]}

    def wait_for_southbound(self, number):
        self.watcher.socket.settimeout(PATIENCE)
        while True:
            tables, _ = self.watcher.next_update()
            for row in tables.get("NB_Global", {}).values():
                columns = row.get("modify") or row.get("insert") or {}
                if columns.get("sb_cfg", 0) >= number:
                    return

    def written(self, number):
        """Rows and bytes that followers of the Southbound database were told, up to the number."""
        rows = size = 0
        while True:
            tables, count = self.follower.next_update()
            size += count
            rows += sum(len(table) for name, table in tables.items() if name != "SB_Global")
            for row in tables.get("SB_Global", {}).values():
                columns = row.get("modify") or row.get("insert") or {}
                if columns.get("nb_cfg", 0) >= number:
                    return rows, size

    def apply(self, database, operations):
        """Makes one change and waits for northd; returns seconds, rows, bytes."""
        operations = self._resolved(database, operations)
        self.number += 1
        begin = time.perf_counter()
        if database == "sb":
            self.connections["sb"].transact(operations)
            operations = []
        self.connections["nb"].transact(operations + [self.next_number()])
        self.wait_for_southbound(self.number)
        elapsed = time.perf_counter() - begin
        return (elapsed, *self.written(self.number))

    def _resolved(self, database, operations):
        """A function among the operations is given the results of those before it."""
        plain = []
        for operation in operations:
            if callable(operation):
                operation = operation(self.connections[database].transact(plain))
                plain = []
            plain.append(operation)
        return plain
