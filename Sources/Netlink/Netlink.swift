// The module Netlink: see Docs/ARCHITECTURE.md.
