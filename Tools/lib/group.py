"""A member of a multicast group, or somebody who sends to one.

    group.py join INTERFACE GROUP PORT [SECONDS]    prints one line for each datagram
    group.py send INTERFACE GROUP PORT TEXT
"""

import socket
import struct
import sys
import time

HOPS = 4


def is_six(group):
    return ":" in group


def udp(group):
    return socket.socket(socket.AF_INET6 if is_six(group) else socket.AF_INET, socket.SOCK_DGRAM)


def join(interface, group, port, seconds):
    link, index = udp(group), socket.if_nametoindex(interface)
    link.bind((group, port, 0, index) if is_six(group) else (group, port))
    if is_six(group):
        request = socket.inet_pton(socket.AF_INET6, group) + struct.pack("@I", index)
        link.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, request)
    else:
        request = socket.inet_aton(group) + struct.pack("@4si", bytes(4), index)
        link.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, request)
    print("joined", flush=True)
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        link.settimeout(left)
        try:
            print(link.recv(2048).decode(), flush=True)
        except TimeoutError:
            break


def send(interface, group, port, text):
    link, index = udp(group), socket.if_nametoindex(interface)
    if is_six(group):
        link.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
        link.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, HOPS)
    else:
        request = struct.pack("@4s4si", bytes(4), bytes(4), index)
        link.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, request)
        link.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, HOPS)
    link.sendto(text.encode(), (group, port))


def main():
    action, interface, group, port = sys.argv[1:5]
    if action == "join":
        join(interface, group, int(port), float(sys.argv[5]) if len(sys.argv) > 5 else 600)
    else:
        send(interface, group, int(port), sys.argv[5])


main()
