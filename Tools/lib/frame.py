"""Sends UDP packets with any addresses out of an interface, whatever the kernel would say.

    frame.py INTERFACE SOURCE_MAC TARGET_MAC SOURCE_IP TARGET_IP PORT [COUNT]

Their payload and target port make them easy to count in a capture. They leave 0.2 s apart, so
that the first meets an empty flow cache and the others what the first one left there.
"""

import ipaddress
import socket
import struct
import sys
import time

PAYLOAD = b"swift-ovn"
UDP = 17


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def udp(source, target, port):
    length = 8 + len(PAYLOAD)
    header = struct.pack("!HHHH", port, port, length, 0)
    pseudo = source.packed + target.packed + struct.pack("!IHBB", length, 0, 0, UDP)
    if source.version == 4:
        pseudo = source.packed + target.packed + struct.pack("!BBH", 0, UDP, length)
    value = checksum(pseudo + header + PAYLOAD) or 0xFFFF
    return header[:6] + struct.pack("!H", value) + PAYLOAD


def ip(source, target, body):
    if source.version == 6:
        header = struct.pack("!IHBB", 6 << 28, len(body), UDP, 64)
        return header + source.packed + target.packed + body
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 0, 0, 64, UDP, 0)
    header += source.packed + target.packed
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + body


def udp_frame(source_mac, target_mac, source, target, port):
    kind = 0x0800 if source.version == 4 else 0x86DD
    header = mac(target_mac) + mac(source_mac) + struct.pack("!H", kind)
    return header + ip(source, target, udp(source, target, port))


def main():
    interface, source_mac, target_mac, source, target, port = sys.argv[1:7]
    count = int(sys.argv[7]) if len(sys.argv) > 7 else 3
    source, target = ipaddress.ip_address(source), ipaddress.ip_address(target)
    frame = udp_frame(source_mac, target_mac, source, target, int(port))
    link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    link.bind((interface, 0))
    for number in range(count):
        if number:
            time.sleep(0.2)
        link.send(frame)


if __name__ == "__main__":
    main()
