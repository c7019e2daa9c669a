"""A collector of IPFIX messages (RFC 7011) over UDP: prints a line for each data record whose template
it has had, and `no template NUMBER` for each set whose template it hasn't.

    ipfix.py ADDRESS PORT
"""

import ipaddress
import socket
import struct
import sys

# What is shown of a record, by the numbers of IANA's registry.
SHOWN = {
    138: "point", 4: "proto", 8: "src", 12: "dst", 27: "src", 28: "dst", 7: "sport", 11: "dport",
    82: "port", 2: "packets", 1: "octets", 133: "dropped", 136: "end", 167: "failures",
}
ADDRESSES = (8, 12, 27, 28)
NAMES = (82,)


def specifiers(data, offset, count):
    fields = []
    for _ in range(count):
        number, size = struct.unpack_from("!HH", data, offset)
        offset += 8 if number & 0x8000 else 4
        fields.append((number, size))
    return fields, offset


def learn(templates, domain, data, has_scope):
    offset = 0
    while offset + 4 <= len(data):
        number, count = struct.unpack_from("!HH", data, offset)
        offset += 6 if has_scope else 4
        templates[domain, number], offset = specifiers(data, offset, count)


def text(number, value):
    if number in ADDRESSES:
        return str(ipaddress.ip_address(value))
    return value.decode() if number in NAMES else str(int.from_bytes(value, "big"))


def record(fields, data, offset):
    shown = []
    for number, size in fields:
        if size == 0xFFFF:
            size = data[offset]
            offset += 1
        if number in SHOWN:
            shown.append(f"{SHOWN[number]}={text(number, data[offset : offset + size])}")
        offset += size
    return shown, offset


def show(templates, domain, number, data):
    fields = templates.get((domain, number))
    if fields is None:
        print(f"no template {number}", flush=True)
        return
    offset = 0
    while offset < len(data):
        shown, offset = record(fields, data, offset)
        print(f"app={domain >> 24} datapath={domain & 0xFFFFFF}", *shown, flush=True)


def read(templates, message):
    version, length, _, _, domain = struct.unpack_from("!HHIII", message)
    if version != 10 or length != len(message):
        print("malformed message", flush=True)
        return
    offset = 16
    while offset < length:
        number, size = struct.unpack_from("!HH", message, offset)
        data = message[offset + 4 : offset + size]
        if number in (2, 3):
            learn(templates, domain, data, number == 3)
        else:
            show(templates, domain, number, data)
        offset += size


def main():
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((sys.argv[1], int(sys.argv[2])))
    print("listening", flush=True)
    templates = {}
    while True:
        read(templates, server.recv(65536))


main()
