"""How the size of a network is said on a command line."""

import argparse


def parse_size(text):
    try:
        counts, balancers, lists = text.split(",")
        nodes, pods = counts.split("x")
        return int(nodes), int(pods), int(balancers), int(lists)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is not NODESxPODS,BALANCERS,LISTS") from None
