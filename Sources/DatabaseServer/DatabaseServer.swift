// The module DatabaseServer: see Docs/ARCHITECTURE.md.
