// The module Agent: see Docs/ARCHITECTURE.md.
