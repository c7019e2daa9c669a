"""Sends what a station says that has come to a new place: a reverse ARP or an ARP for its own address.

    announce.py INTERFACE MAC ADDRESS rarp|garp
"""

import ipaddress
import socket
import struct
import sys


def frame(mac, address, kind):
    reverse = kind == "rarp"
    sender = bytes(4) if reverse else address
    target = mac if reverse else bytes(6)
    header = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 3 if reverse else 1)
    arp = header + mac + sender + target + sender
    return b"\xff" * 6 + mac + (b"\x80\x35" if reverse else b"\x08\x06") + arp + bytes(18)


def main():
    interface, mac, address, kind = sys.argv[1:]
    link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    link.bind((interface, 0))
    mac = bytes.fromhex(mac.replace(":", ""))
    link.send(frame(mac, ipaddress.IPv4Address(address).packed, kind))


main()
