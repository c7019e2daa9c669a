"""A server of one file by FTP (RFC 959, RFC 2428), as much as a client needs to get it.

    ftp.py ADDRESS TEXT
"""

import socket
import sys
import threading


class Session(threading.Thread):
    def __init__(self, control, text):
        super().__init__(daemon=True)
        self.control, self.text = control, text
        self.listener = self.target = None

    def say(self, line):
        self.control.sendall(line.encode() + b"\r\n")

    def listen(self):
        self.listener = socket.create_server((self.control.getsockname()[0], 0))
        return self.listener.getsockname()[1]

    def data(self):
        if self.listener:
            return self.listener.accept()[0]
        own = self.control.getsockname()[0]
        return socket.create_connection(self.target, 10, (own, 0))

    def handle(self, command, argument):
        if command == "PASV":
            address, port = self.control.getsockname()[0], self.listen()
            numbers = address.split(".") + [str(port >> 8), str(port & 255)]
            self.say(f"227 Entering Passive Mode ({','.join(numbers)}).")
        elif command == "EPSV":
            self.say(f"229 Entering Extended Passive Mode (|||{self.listen()}|)")
        elif command == "PORT":
            numbers = argument.split(",")
            self.target = (".".join(numbers[:4]), int(numbers[4]) << 8 | int(numbers[5]))
            self.say("200 ok")
        elif command == "EPRT":
            _, address, port = argument.split("|")[1:4]
            self.target = (address, int(port))
            self.say("200 ok")
        elif command == "RETR":
            self.send_file()
        else:
            known = {"USER": "230 in", "PWD": '257 "/"', "TYPE": "200 ok", "CWD": "250 ok",
                     "QUIT": "221 bye", "SIZE": f"213 {len(self.text)}"}
            self.say(known.get(command, "502 no"))

    def send_file(self):
        self.say("150 here it comes")
        try:
            with self.data() as data:
                data.sendall(self.text.encode())
            self.say("226 done")
        except OSError:
            self.say("425 no connection")

    def run(self):
        self.say("220 ready")
        for line in self.control.makefile("r", newline="\r\n"):
            command, _, argument = line.strip().partition(" ")
            self.handle(command.upper(), argument)


def main():
    server = socket.create_server((sys.argv[1], 21))
    while True:
        Session(server.accept()[0], sys.argv[2]).start()


main()
