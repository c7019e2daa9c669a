"""Sends packets that differ from what access control lists name in one bit of each of three fields.

    explosion.py INTERFACE SOURCE_MAC TARGET_MAC SOURCE_IP TARGET_IP PORTS RATE PACKETS

A classifier that remembers for each packet only the bits that decided about it needs a mask of its own
for each of them: 32 bits of the target, 16 of the source port and 16 of the target port, 8192 masks ("tuple
space explosion", doi:10.1145/3359989.3365431). TARGET_IP and PORTS (SOURCE,TARGET) are what the lists name.
RATE packets per second are sent, some at a time, from the first again when all have been; PACKETS of them,
however long that takes.
"""

import ipaddress
import itertools
import socket
import struct
import sys
import time

import frame

ADDRESS_BITS, PORT_BITS = 32, 16
# A sleep costs the machine more than a packet; the sender's share is not the datapath's.
BURST = 20


def packets(source_mac, target_mac, source, target, ports):
    source, target = ipaddress.ip_address(source), int(ipaddress.ip_address(target))
    header = frame.mac(target_mac) + frame.mac(source_mac) + struct.pack("!H", 0x0800)
    choices = itertools.product(range(ADDRESS_BITS), range(PORT_BITS), range(PORT_BITS))
    for address, one, other in choices:
        near = ipaddress.ip_address(target ^ (1 << address))
        body = struct.pack("!HHHH", ports[0] ^ (1 << one), ports[1] ^ (1 << other), 8, 0)
        yield header + frame.ip(source, near, body)


def main():
    interface, source_mac, target_mac, source, target, ports, rate, count = sys.argv[1:9]
    ports = [int(port) for port in ports.split(",")]
    trace = list(packets(source_mac, target_mac, source, target, ports))
    link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    link.bind((interface, 0))
    begin = time.monotonic()
    endless = itertools.cycle(trace)
    for number in range(0, int(count), BURST):
        wait = begin + number / float(rate) - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        for packet in itertools.islice(endless, BURST):
            link.send(packet)


if __name__ == "__main__":
    main()
