// The module UnixControl: see Docs/ARCHITECTURE.md.
