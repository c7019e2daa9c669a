"""Makes the Southbound database of a cluster's network, as Debian's ovn-northd compiles it.

    fill.py SIZE SOUTHBOUND_FILE

SIZE is NODESxPODS,BALANCERS,LISTS as in run.py. Prints how many logical flows it has.
"""

import shutil
import sys

from network import Shape, fill_northbound, fill_southbound
from ovsdb import Failure
from shape import parse_size
from stack import Stack


def main():
    size, path = parse_size(sys.argv[1]), sys.argv[2]
    shape = Shape(*size)
    with Stack("stock", "own", None, {"stock": "/usr/share/ovn"}) as stack:
        fill_northbound(stack.connections["nb"], shape)
        fill_southbound(stack.connections["sb"], shape)
        stack.follow()
        stack.compile()
        print(stack.count("sb", "Logical_Flow"))
        shutil.copy(stack.path("sb.db"), path)


try:
    main()
except Failure as failure:
    sys.exit(f"fill: {failure}")
