// The module Schemas: see Docs/ARCHITECTURE.md.
