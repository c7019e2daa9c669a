"""Sends a packet to each of many stations that nobody has: each is a new flow.

    scan.py INTERFACE SOURCE_MAC SOURCE_IP COUNT [RATE]

RATE packets leave per second, as fast as possible without it.
"""

import ipaddress
import math
import socket
import sys
import time

from frame import udp_frame

FIRST = 0x0200_AA00_0000


def main():
    interface, source_mac, source, count = sys.argv[1:5]
    source = ipaddress.ip_address(source)
    target = ipaddress.ip_address("10.0.1.77")
    link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    link.bind((interface, 0))
    rate = float(sys.argv[5]) if len(sys.argv) > 5 else math.inf
    begin = time.monotonic()
    for number in range(int(count)):
        station = (FIRST + number).to_bytes(6, "big").hex(":")
        if (wait := begin + number / rate - time.monotonic()) > 0:
            time.sleep(wait)
        link.send(udp_frame(source_mac, station, source, target, 7))


if __name__ == "__main__":
    main()
