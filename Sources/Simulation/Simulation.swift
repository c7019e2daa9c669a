// The module Simulation: see Docs/ARCHITECTURE.md.
