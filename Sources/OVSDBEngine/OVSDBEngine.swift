// The module OVSDBEngine: see Docs/ARCHITECTURE.md.
