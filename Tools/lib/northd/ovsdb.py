"""A small OVSDB client (RFC 7047) for benchmarks: transactions, one value to wait for, and a count of
what a database tells its followers."""

import json
import socket


class Failure(Exception):
    """The server refused something, or is gone."""


class Connection:
    """One session. Messages are split by their brackets, as RFC 7047 §4 has no other frame."""

    def __init__(self, path, database):
        self.database = database
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.buffer = bytearray()
        self.scanned = 0
        self.depth = 0
        self.in_string = False
        self.number = 0
        self.updates = []

    def close(self):
        self.socket.close()

    def _send(self, message):
        self.socket.sendall(json.dumps(message).encode())

    def _end_of_message(self):
        """The length of the first message if it is complete, else None."""
        data, index = self.buffer, self.scanned
        while index < len(data):
            byte = data[index]
            if self.in_string:
                end = data.find(b'"', index)
                if end < 0:
                    index = len(data)
                    break
                slashes = end
                while data[slashes - 1] == 0x5C:
                    slashes -= 1
                self.in_string = (end - slashes) % 2 == 1
                index = end + 1
                continue
            if byte == 0x22:
                self.in_string = True
            elif byte in b"{[":
                self.depth += 1
            elif byte in b"}]":
                self.depth -= 1
                if self.depth == 0:
                    self.scanned = 0
                    return index + 1
            index += 1
        self.scanned = index
        return None

    def receive(self):
        """The next message and its size in bytes; probes are answered on the way."""
        while True:
            end = self._end_of_message()
            if end is not None:
                text = bytes(self.buffer[:end])
                del self.buffer[:end]
                message = json.loads(text)
                if message.get("method") == "echo":
                    self._send({"id": message["id"], "result": message["params"], "error": None})
                    continue
                return message, end
            data = self.socket.recv(1 << 20)
            if not data:
                raise Failure(f"the {self.database} server closed the connection")
            self.buffer += data

    def call(self, method, parameters):
        self.number += 1
        number = self.number
        self._send({"method": method, "params": parameters, "id": number})
        while True:
            message, size = self.receive()
            if message.get("id") == number and "method" not in message:
                if message.get("error"):
                    raise Failure(f"{method}: {message['error']}")
                return message["result"]
            self.updates.append((message, size))

    def transact(self, operations):
        results = self.call("transact", [self.database] + operations)
        for result in results:
            if result and result.get("error"):
                raise Failure(f"{self.database}: {result}")
        return results

    def monitor(self, tables, initial=True):
        """Follows tables {name: columns}. Returns the initial contents, if they are wanted."""
        requests = {
            name: [{"columns": columns, "select": {"initial": initial}}]
            for name, columns in tables.items()
        }
        return self.call("monitor_cond", [self.database, "follow", requests])

    def next_update(self):
        """The tables of the next update and its bytes."""
        message, size = self.updates.pop(0) if self.updates else self.receive()
        if message.get("method") != "update2":
            return {}, 0
        return message["params"][1], size

    def tables(self):
        """Names of all tables and their columns, from the server's schema."""
        schema = self.call("get_schema", [self.database])
        return {name: sorted(table["columns"]) for name, table in schema["tables"].items()}


def insert(table, row, name=None):
    operation = {"op": "insert", "table": table, "row": row}
    if name:
        operation["uuid-name"] = name
    return operation


def add(table, name, column, values):
    """Adds references or strings to a column of the row with that name."""
    return {
        "op": "mutate", "table": table, "where": [["name", "==", name]],
        "mutations": [[column, "insert", many(values)]],
    }


def update(table, name, row, key="name"):
    return {"op": "update", "table": table, "where": [[key, "==", name]], "row": row}


def many(values):
    return ["set", list(values)]


def mapping(values):
    return ["map", [[key, str(value)] for key, value in values.items()]]


def new(name):
    """A reference to a row of the same transaction."""
    return ["named-uuid", name]


def existing(uuid):
    return ["uuid", uuid]
