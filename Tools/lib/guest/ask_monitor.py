#!/usr/bin/env python3
"""Asks the monitor of a running QEMU, and prints what it says.

    ask_monitor.py SOCKET COMMAND...

An emulator that stands still itself may not answer: each command has a few seconds.
"""

import socket
import sys

SECONDS = 10
PROMPT = b"(qemu) "


def answer(monitor):
    """What the monitor says up to its prompt, or as far as it gets in the time."""
    text = b""
    try:
        while not text.endswith(PROMPT):
            part = monitor.recv(65536)
            if not part:
                break
            text += part
    except TimeoutError:
        text += b"\n(no answer)\n"
    return text.removesuffix(PROMPT).decode(errors="replace")


def main():
    path, commands = sys.argv[1], sys.argv[2:]
    with socket.socket(socket.AF_UNIX) as monitor:
        monitor.settimeout(SECONDS)
        try:
            monitor.connect(path)
            answer(monitor)
            for command in commands:
                monitor.sendall(command.encode() + b"\n")
                # The monitor repeats the command letter by letter, as for a terminal.
                print(f"--- {command}\n" + answer(monitor).partition("\n")[2].strip())
        except OSError as error:
            print(f"{path}: {error}")


main()
