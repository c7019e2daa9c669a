// The module Datapath: see Docs/ARCHITECTURE.md.
