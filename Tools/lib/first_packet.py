"""Measures the first packet of new flows, one at a time.

    first_packet.py FROM TO SOURCE_MAC TARGET_MAC TARGET_IP SOURCE_IP COUNT

FROM and TO are network namespaces whose interface is eth0. Packet number n comes from SOURCE_IP
+ n, so that each needs a megaflow of its own. Prints the microseconds from sending each to its
arrival at TO's interface (the kernel's time stamp, so that how long this program takes to wake up is
not in it), one per line; `lost` if it did not arrive in two seconds.
"""

import ctypes
import ipaddress
import os
import pathlib
import socket
import struct
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import frame  # noqa: E402

CLONE_NEWNET = 0x40000000
ETHERTYPE_IP = 0x0800
# asm-generic/socket.h
SO_TIMESTAMPNS = 35
PORT = 7100


def enter(namespace):
    descriptor = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
    if ctypes.CDLL(None, use_errno=True).setns(descriptor, CLONE_NEWNET) != 0:
        sys.exit(f"first_packet.py: cannot enter {namespace}")
    os.close(descriptor)


def open_link(namespace, protocol):
    enter(namespace)
    link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(protocol))
    link.bind(("eth0", protocol))
    return link


def time_stamp(messages):
    """When the kernel got a packet, in nanoseconds."""
    for level, kind, data in messages:
        if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
            seconds, nanoseconds = struct.unpack("=qq", data[:16])
            return seconds * 1_000_000_000 + nanoseconds
    sys.exit("first_packet.py: the kernel stamps no packets")


def wait_for(receiver, source):
    """Reads until a packet from that address came; its arrival in nanoseconds, or None."""
    deadline = time.monotonic_ns() + 2_000_000_000
    while (left := deadline - time.monotonic_ns()) > 0:
        receiver.settimeout(left / 1e9)
        try:
            data, messages, _, _ = receiver.recvmsg(2048, 64)
        except socket.timeout:
            return None
        if data[26:30] == source:
            return time_stamp(messages)
    return None


def main():
    start, end, source_mac, target_mac, target, source, count = sys.argv[1:8]
    target, source = ipaddress.ip_address(target), ipaddress.ip_address(source)
    receiver = open_link(end, ETHERTYPE_IP)
    receiver.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    sender = open_link(start, 0)
    for number in range(int(count)):
        data = frame.udp_frame(source_mac, target_mac, source + number, target, PORT)
        begin = time.time_ns()
        sender.send(data)
        arrival = wait_for(receiver, (source + number).packed)
        print("lost" if arrival is None else (arrival - begin) // 1000)


if __name__ == "__main__":
    main()
