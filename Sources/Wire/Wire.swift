// The module Wire: see Docs/ARCHITECTURE.md.
