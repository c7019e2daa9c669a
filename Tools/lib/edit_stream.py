"""Measures how long a change of a logical flow takes to reach packets that have a megaflow.

    edit_stream.py FROM TO SOURCE_MAC TARGET_MAC SOURCE_IP TARGET_IP DATABASE DATAPATH TABLE COUNT

FROM and TO are network namespaces whose interface is eth0; FROM sends TO a UDP packet each
millisecond. A logical flow that drops them is written into the Southbound DATABASE (a Unix socket),
in ingress table TABLE of the switch with UUID DATAPATH, and taken out again. Prints COUNT times the
microseconds from the database's answer to the last packet that TO got; `lost`, and why on standard
error, if they went on for a minute or did not begin again.
"""

import ipaddress
import json
import pathlib
import socket
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import first_packet  # noqa: E402
import frame  # noqa: E402

PORT = 7200
GAP = 0.001
# Without a packet for so long the stream has ended.
SILENCE = 0.5
PATIENCE = 60


class Stream:
    """The packets, and when the last one arrived."""

    def __init__(self, start, end, data):
        self.receiver = first_packet.open_link(end, first_packet.ETHERTYPE_IP)
        self.receiver.setsockopt(socket.SOL_SOCKET, first_packet.SO_TIMESTAMPNS, 1)
        self.sender = first_packet.open_link(start, 0)
        self.data = data
        self.last = 0
        for step in (self.send, self.hear):
            threading.Thread(target=step, daemon=True).start()

    def send(self):
        while True:
            self.sender.send(self.data)
            time.sleep(GAP)

    def hear(self):
        while True:
            data, messages, _, _ = self.receiver.recvmsg(2048, 64)
            if data[26:] == self.data[26:]:
                self.last = first_packet.time_stamp(messages)

    def ends(self):
        """True once nothing has arrived for a while."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if time.time_ns() - self.last > SILENCE * 1e9:
                return True
            time.sleep(0.02)
        return False

    def begins(self):
        before, deadline = self.last, time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if self.last > before:
                return True
            time.sleep(0.02)
        return False


class Database:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.text = ""

    def transact(self, operation):
        """The operation's result, and when the database's answer came in nanoseconds."""
        request = {"method": "transact", "id": 1, "params": ["OVN_Southbound", operation]}
        self.socket.sendall(json.dumps(request).encode())
        while True:
            try:
                answer, end = json.JSONDecoder().raw_decode(self.text)
            except ValueError:
                self.text += self.socket.recv(1 << 16).decode()
                continue
            moment = time.time_ns()
            self.text = self.text[end:]
            # Anything else is a question whether this client still lives.
            if answer.get("id") == 1:
                result = answer["result"][0]
                if "error" in result:
                    sys.exit(f"edit_stream.py: {result}")
                return result, moment


def measure(stream, database, flow):
    row, moment = database.transact({"op": "insert", "table": "Logical_Flow", "row": flow})
    ended = stream.ends()
    last = stream.last
    where = [["_uuid", "==", row["uuid"]]]
    database.transact({"op": "delete", "table": "Logical_Flow", "where": where})
    if not ended or not stream.begins():
        print("edit_stream.py: packets", "did not begin again" if ended else "went on", file=sys.stderr)
        return "lost"
    # What stops between two packets took as long as that at most.
    return max(last - moment, int(GAP * 1e9)) // 1000


def main():
    start, end, source_mac, target_mac, source, target, path, datapath, table, count = sys.argv[1:11]
    database = Database(path)
    data = frame.udp_frame(
        source_mac, target_mac, ipaddress.ip_address(source), ipaddress.ip_address(target), PORT)
    stream = Stream(start, end, data)
    flow = {
        "logical_datapath": ["uuid", datapath], "pipeline": "ingress", "table_id": int(table),
        "priority": 2500, "match": f'inport == "{start}" && udp.dst == {PORT}', "actions": "drop;",
    }
    if not stream.begins():
        sys.exit("edit_stream.py: no packet arrives")
    for _ in range(int(count)):
        print(measure(stream, database, flow), flush=True)
        time.sleep(SILENCE)


main()
