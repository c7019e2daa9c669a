// How much is stored, for `memory/show` and for tests that hold memory proportional to the input.

package struct PipelineStatistics: Hashable, Sendable {
    /// Installed flows.
    package var flows = 0
    /// Distinct matches and actions.
    package var matches = 0
    package var programs = 0
    /// Words of compiled matches.
    package var matchWords = 0
    /// Hash tables, their entries and the flows in them.
    package var tables = 0
    package var entries = 0
    package var candidates = 0
    /// Members of address sets, in each width in which they are kept.
    package var addresses = 0
    /// Names in use.
    package var names = 0
}

extension PipelineBuilder {
    /// Installed flows, as of the last commit.
    package var flowCount: Int { rules.count }

    /// As of the last commit.
    package var statistics: PipelineStatistics {
        var statistics = scopes.statistics
        statistics.flows = rules.count
        statistics.matches = matches.count
        statistics.programs = programs.count
        statistics.matchWords = matches.storedWords
        statistics.addresses = names.sets.storedCount
        statistics.names = names.count
        return statistics
    }
}
