// The module Northd: see Docs/ARCHITECTURE.md.
