// The module OVSDBTransport: see Docs/ARCHITECTURE.md.
