// The module Pipeline: see Docs/ARCHITECTURE.md.
