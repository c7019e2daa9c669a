"""Questions between workloads: who answers, and whom the one who answers sees.

    talk.py      takes commands as lines, and gives one line back for each

    serve NAMESPACE PORT...     answers there on TCP and UDP, both families, from then on
    serve NAMESPACE -a ADDRESS PORT...     answers there on SCTP, at that address
    ask NAMESPACE [-n COUNT] [-s SIZE] [-p SOURCE_PORT] [-w SECONDS] [-f FIELD] tcp|udp|sctp ADDRESS PORT
    keep NAMESPACE FILE tcp|udp ADDRESS PORT
    end                         the conversation that `keep` began

An answer is a line: the server's namespace, the asker's address and port as the server sees them,
the port that was asked, and the number of bytes that the question had.

`ask` asks COUNT times, each time from a new socket, and gives the different answers in order: their
first field, or the FIELD (from 0). What is no answer is one of `nobody` (nothing came), `refused`
(TCP RST or ICMP port unreachable) and `prohibited` (any other ICMP unreachable).

`keep` asks ten times a second over one socket and appends the answers to FILE.

One process for all namespaces, because it takes long to start one in an emulated machine. A socket
belongs to the namespace that its thread was in when it was made.
"""

import argparse
import ctypes
import errno
import os
import selectors
import shlex
import socket
import sys
import threading
import time

LARGEST_DATAGRAM = 65536
# What a socket is made of.
KINDS = {"tcp": (socket.SOCK_STREAM, 0), "udp": (socket.SOCK_DGRAM, 0), "sctp": (socket.SOCK_STREAM, 132)}
CLONE_NEWNET = 0x40000000
IP_PKTINFO = 8
LIBC = ctypes.CDLL(None, use_errno=True)


def enter(namespace):
    descriptor = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
    try:
        if LIBC.setns(descriptor, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"cannot enter {namespace}")
    finally:
        os.close(descriptor)


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def answer(name, peer, port, size):
    address = peer[0].removeprefix("::ffff:").split("%")[0]
    return f"{name} {address} {peer[1]} {port} {size}\n".encode()


class Servers(threading.Thread):
    """Answers on all sockets that `listen` has made."""

    def __init__(self):
        super().__init__(daemon=True)
        self.selector = selectors.DefaultSelector()

    def listen_at(self, name, address, port):
        """One address only, so that an association has no other to go to."""
        server = socket.socket(family(address), *KINDS["sctp"])
        server.bind((address, port))
        server.listen(64)
        self.selector.register(server, selectors.EVENT_READ, (self.accept, name))

    def listen(self, name, kind, port):
        server = socket.socket(socket.AF_INET6, *KINDS[kind])
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        # So that an answer leaves from the address that was asked.
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        server.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
        server.bind(("::", port))
        if kind == "tcp":
            server.listen(64)
        handle = self.accept if kind == "tcp" else self.datagram
        self.selector.register(server, selectors.EVENT_READ, (handle, name))

    def accept(self, server, name):
        connection, _ = server.accept()
        self.selector.register(connection, selectors.EVENT_READ, (self.stream, name))

    def stream(self, connection, name):
        try:
            data = connection.recv(LARGEST_DATAGRAM)
            if data:
                peer, own = connection.getpeername(), connection.getsockname()
                if data.endswith(b"\n"):
                    connection.send(answer(name, peer, own[1], len(data)))
                return
        except OSError:
            pass
        self.selector.unregister(connection)
        connection.close()

    def datagram(self, server, name):
        try:
            data, extra, _, peer = server.recvmsg(LARGEST_DATAGRAM, 256)
            line = answer(name, peer, server.getsockname()[1], len(data))
            own = [item for item in extra if item[1] == socket.IPV6_PKTINFO]
            # An answer is as long as the question, so that both directions are cut to pieces alike.
            server.sendmsg([line.ljust(len(data), b" ")], own, 0, peer)
        except OSError:
            pass

    def run(self):
        while True:
            # Not forever: sockets are added by another thread.
            for key, _ in self.selector.select(0.5):
                handle, name = key.data
                handle(key.fileobj, name)


def connect(kind, address, port, wait, source_port=0):
    client = socket.socket(family(address), *KINDS[kind])
    client.settimeout(wait)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if source_port:
        client.bind(("", source_port))
    client.connect((address, port))
    return client


def question(size):
    return b"?" * (size - 1) + b"\n"


def outcome(error):
    if isinstance(error, TimeoutError):
        return "nobody"
    if error.errno in (errno.ECONNREFUSED, errno.ECONNRESET):
        return "refused"
    return "prohibited"


def ask_once(options):
    try:
        with connect(options.kind, options.address, options.port, options.w, options.p) as client:
            client.sendall(question(options.s))
            words = client.recv(LARGEST_DATAGRAM).decode().split()
            return words[options.f] if words else "nobody"
    except OSError as error:
        return outcome(error)


def ask(options):
    return " ".join(sorted({ask_once(options) for _ in range(options.n)}))


class Conversation(threading.Thread):
    def __init__(self, options):
        super().__init__(daemon=True)
        self.client = connect(options.kind, options.address, options.port, 30)
        self.client.settimeout(0)
        self.file = open(options.file, "a")
        self.ended = False

    def run(self):
        while not self.ended:
            self.attempt(lambda: self.client.send(question(8)))
            self.attempt(self.hear)
            time.sleep(0.1)
        self.client.close()
        self.file.close()

    def hear(self):
        line = self.client.recv(4096).decode().strip()
        if line:
            print(line, file=self.file, flush=True)

    def attempt(self, step):
        try:
            step()
        except OSError:
            pass


def arguments():
    parser = argparse.ArgumentParser(exit_on_error=False)
    commands = parser.add_subparsers(dest="command", required=True)
    server, asker, keeper, _ = map(commands.add_parser, ("serve", "ask", "keep", "end"))
    for command in (server, asker, keeper):
        command.add_argument("namespace")
    server.add_argument("-a")
    server.add_argument("port", type=int, nargs="+")
    for name, kind, default in (("-n", int, 1), ("-s", int, 8), ("-p", int, 0), ("-f", int, 0)):
        asker.add_argument(name, type=kind, default=default)
    asker.add_argument("-w", type=float, default=5)
    keeper.add_argument("file")
    for command in (asker, keeper):
        command.add_argument("kind", choices=KINDS)
        command.add_argument("address")
        command.add_argument("port", type=int)
    return parser


class Talk:
    def __init__(self):
        self.servers = Servers()
        self.servers.start()
        self.conversation = None

    def obey(self, options):
        if options.command != "end":
            enter(options.namespace)
        if options.command == "ask":
            return ask(options)
        if options.command == "serve":
            for port in options.port:
                if options.a:
                    self.servers.listen_at(options.namespace, options.a, port)
                    continue
                for kind in ("tcp", "udp"):
                    self.servers.listen(options.namespace, kind, port)
        elif options.command == "keep":
            self.conversation = Conversation(options)
            self.conversation.start()
        elif self.conversation:
            self.conversation.ended = True
        return "ready"


def main():
    talk, parser = Talk(), arguments()
    for line in sys.stdin:
        try:
            print(talk.obey(parser.parse_args(shlex.split(line))), flush=True)
        except (OSError, argparse.ArgumentError, SystemExit) as error:
            print(f"error: {error}: {line.strip()}", flush=True)


main()
