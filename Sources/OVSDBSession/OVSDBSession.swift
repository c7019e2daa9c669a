// The module OVSDBSession: see Docs/ARCHITECTURE.md.
