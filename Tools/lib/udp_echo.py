"""Sends every datagram back.

    udp_echo.py ADDRESS PORT
"""

import socket
import sys

server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind((sys.argv[1], int(sys.argv[2])))
while True:
    data, client = server.recvfrom(2048)
    server.sendto(data, client)
