// The module AgentCore: see Docs/ARCHITECTURE.md.
