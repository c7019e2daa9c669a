"""Sends a packet to each of many stations that nobody has, as fast as possible: each is a new flow.

    scan.py INTERFACE SOURCE_MAC SOURCE_IP COUNT
"""

import ipaddress
import socket
import sys

from frame import udp_frame

FIRST = 0x0200_AA00_0000


def main():
    interface, source_mac, source, count = sys.argv[1:5]
    source = ipaddress.ip_address(source)
    target = ipaddress.ip_address("10.0.1.77")
    link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    link.bind((interface, 0))
    for number in range(int(count)):
        station = (FIRST + number).to_bytes(6, "big").hex(":")
        link.send(udp_frame(source_mac, station, source, target, 7))


if __name__ == "__main__":
    main()
