// The module JSON: see Docs/ARCHITECTURE.md.
