"""ARP requests from many stations that don't exist, as fast as possible.

    forge.py INTERFACE COUNT TARGET
"""

import ipaddress
import socket
import struct
import sys


def request(number, target):
    station = b"\x02\x99" + struct.pack("!I", number)
    source = struct.pack("!I", (10 << 24) + (1 << 8) + 256 + number)
    arp = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + station + source + bytes(6) + target
    return b"\xff" * 6 + station + b"\x08\x06" + arp + bytes(18)


def main():
    interface, count, target = sys.argv[1:]
    target = ipaddress.IPv4Address(target).packed
    link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    link.bind((interface, 0))
    for number in range(int(count)):
        link.send(request(number, target))


main()
