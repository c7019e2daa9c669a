// The module Linux: see Docs/ARCHITECTURE.md.
