"""A name server that knows one answer to everything: 192.0.2.53 to A, 2001:db8::53 to AAAA, else
none. Whoever gets it has reached this server.

    names.py ADDRESS...
"""

import selectors
import socket
import struct
import sys

ANSWERS = {1: socket.inet_aton("192.0.2.53"), 28: socket.inet_pton(socket.AF_INET6, "2001:db8::53")}


def end_of_question(query):
    index = 12
    while query[index]:
        index += query[index] + 1
    return index + 5


def response(query):
    end = end_of_question(query)
    data = ANSWERS.get(struct.unpack("!H", query[end - 4 : end - 2])[0])
    header = query[:2] + struct.pack("!HHHHH", 0x8580, 1, 1 if data else 0, 0, 0)
    answer = query[12:end]
    if data:
        answer += b"\xc0\x0c" + query[end - 4 : end] + struct.pack("!IH", 60, len(data)) + data
    return header + answer


def main():
    selector = selectors.DefaultSelector()
    for address in sys.argv[1:]:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        server = socket.socket(family, socket.SOCK_DGRAM)
        server.bind((address, 53))
        selector.register(server, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            query, client = key.fileobj.recvfrom(2048)
            key.fileobj.sendto(response(query), client)


main()
