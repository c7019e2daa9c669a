// The module LogicalFlow: see Docs/ARCHITECTURE.md.
