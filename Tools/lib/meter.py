"""Deletes a meter of the kernel's datapath ovs-system in this network namespace.

    meter.py NUMBER

The stock tools can't: they know the meters of OpenFlow bridges only. (linux/openvswitch.h,
linux/genetlink.h)
"""

import errno
import os
import socket
import struct
import sys

NETLINK_GENERIC = 16
GENL_ID_CTRL, CTRL_CMD_GETFAMILY = 16, 3
CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME = 1, 2
OVS_METER_VERSION, OVS_METER_CMD_DEL, OVS_METER_ATTR_ID = 1, 3, 1
REQUEST, ACKNOWLEDGE = 1, 4
NLMSG_ERROR = 2


def attribute(kind, payload):
    length = 4 + len(payload)
    return struct.pack("HH", length, kind) + payload + bytes(-length % 4)


def exchange(channel, family, flags, command, version, payload):
    """The answer's kind and what follows the netlink header."""
    body = struct.pack("BBxx", command, version) + payload
    channel.send(struct.pack("IHHII", 16 + len(body), family, REQUEST | flags, 1, 0) + body)
    answer = channel.recv(65536)
    kind = struct.unpack_from("H", answer, 4)[0]
    if kind == NLMSG_ERROR:
        code = -struct.unpack_from("i", answer, 16)[0]
        if code:
            raise OSError(code, os.strerror(code))
    return answer[16:]


def family_number(channel, name):
    answer = exchange(
        channel, GENL_ID_CTRL, 0, CTRL_CMD_GETFAMILY, 1,
        attribute(CTRL_ATTR_FAMILY_NAME, name.encode() + b"\0"))
    place = 4
    while place < len(answer):
        length, kind = struct.unpack_from("HH", answer, place)
        if kind == CTRL_ATTR_FAMILY_ID:
            return struct.unpack_from("H", answer, place + 4)[0]
        place += length + -length % 4
    raise OSError(errno.ENOENT, name)


def main():
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_GENERIC) as channel:
        channel.bind((0, 0))
        exchange(
            channel, family_number(channel, "ovs_meter"), ACKNOWLEDGE, OVS_METER_CMD_DEL,
            OVS_METER_VERSION,
            struct.pack("i", socket.if_nametoindex("ovs-system"))
            + attribute(OVS_METER_ATTR_ID, struct.pack("I", int(sys.argv[1]))))


main()
