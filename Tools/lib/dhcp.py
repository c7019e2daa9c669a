"""DHCPv4 messages, whatever they say, and what is answered.

    dhcp.py INTERFACE TYPE [WORD...] [/ TYPE [WORD...]]...

TYPE is discover, request, inform, decline or release; a word is requested=A, server=A, client=A,
boot or broadcast. Prints one line for each message: the first answer's type, its own address
(yiaddr), the next server's (siaddr), then options by number, in order; or `nothing` after some
seconds.
"""

import ipaddress
import socket
import struct
import sys
import time

from frame import checksum, mac

TYPES = {"discover": 1, "offer": 2, "request": 3, "decline": 4, "ack": 5, "nak": 6, "release": 7,
         "inform": 8}
COOKIE = bytes.fromhex("63825363")
FIRST_TRANSACTION = 0x51F70001
PATIENCE = 4.0


def option(code, data):
    return bytes([code, len(data)]) + data


def address(text):
    return ipaddress.IPv4Address(text).packed


def message(station, transaction, kind, words):
    flags = 0x8000 if "broadcast" in words else 0
    body = struct.pack("!BBBBIHH", 1, 1, 6, 0, transaction, 0, flags)
    body += address(words.get("client", "0.0.0.0")) + bytes(12) + station + bytes(10 + 192) + COOKIE
    body += option(53, bytes([TYPES[kind]]))
    if "requested" in words:
        body += option(50, address(words["requested"]))
    if "server" in words:
        body += option(54, address(words["server"]))
    if "boot" in words:
        body += option(175, b"\x01\x02")
    return body + b"\xff"


def frame(station, transaction, kind, words):
    body = message(station, transaction, kind, words)
    udp = struct.pack("!HHHH", 68, 67, 8 + len(body), 0) + body
    source, target = words.get("client", "0.0.0.0"), "255.255.255.255"
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0)
    ip += address(source) + address(target)
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    return b"\xff" * 6 + station + b"\x08\x00" + ip + udp


def options(data):
    found, index = {}, 0
    while index + 1 < len(data) and data[index] != 255:
        if data[index] == 0:
            index += 1
            continue
        length = data[index + 1]
        found[data[index]] = data[index + 2 : index + 2 + length]
        index += 2 + length
    return found


def describe(packet, transaction):
    """None for what is no answer to the message sent."""
    if packet[12:14] != b"\x08\x00" or packet[23] != 17 or packet[36:38] != b"\x00\x44":
        return None
    body = packet[42:]
    if body[4:8] != struct.pack("!I", transaction) or body[0] != 2:
        return None
    found = options(body[240:])
    names = {number: name for name, number in TYPES.items()}
    words = [names[found.pop(53)[0]]]
    words += [str(ipaddress.IPv4Address(body[at : at + 4])) for at in (16, 20)]
    return " ".join(words + [f"{code}={found[code].hex()}" for code in sorted(found)])


def ask(link, request, transaction):
    link.send(request)
    end = time.monotonic() + PATIENCE
    while (left := end - time.monotonic()) > 0:
        link.settimeout(left)
        try:
            line = describe(link.recv(2048), transaction)
        except TimeoutError:
            break
        if line:
            return line
    return "nothing"


def messages(arguments):
    """The words of one message after the other."""
    words = []
    for argument in arguments:
        if argument == "/":
            yield words
            words = []
        else:
            words.append(argument)
    yield words


def main():
    interface = sys.argv[1]
    with open(f"/sys/class/net/{interface}/address", encoding="ascii") as file:
        station = mac(file.read().strip())
    link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    link.bind((interface, 0))
    for transaction, (kind, *rest) in enumerate(messages(sys.argv[2:]), FIRST_TRANSACTION):
        words = dict(word.split("=") if "=" in word else (word, True) for word in rest)
        print(ask(link, frame(station, transaction, kind, words), transaction), flush=True)


if __name__ == "__main__":
    main()
