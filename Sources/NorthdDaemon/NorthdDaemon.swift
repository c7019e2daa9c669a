// The module NorthdDaemon: see Docs/ARCHITECTURE.md.
