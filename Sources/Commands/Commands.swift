// The module Commands: see Docs/ARCHITECTURE.md.
