// The module OVSDBModel: see Docs/ARCHITECTURE.md.
