// The module Incremental: see Docs/ARCHITECTURE.md.
