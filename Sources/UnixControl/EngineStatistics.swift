/// How often a part of a daemon's derived state was derived: a block of `inc-engine/show-stats`.
package struct EngineStatistics: Hashable, Sendable {
    package let name: String
    /// Everything was read again.
    package var recomputations: Int
    /// Only what had changed.
    package var computations: Int

    package init(name: String, recomputations: Int = 0, computations: Int = 0) {
        self.name = name
        self.recomputations = recomputations
        self.computations = computations
    }

    package static let usage = "[NODE [COUNTER]]"

    /// All blocks, one, or one number of it.
    package static func answer(
        _ arguments: [String], _ all: [EngineStatistics]
    ) throws(ControlError) -> String {
        guard let name = arguments.first else { return all.map(\.block).joined() }
        guard let node = all.first(where: { $0.name == name }) else {
            throw ControlError("no such node: \(name)")
        }
        switch arguments.dropFirst().first {
        case nil: return node.block
        case "recompute": return "\(node.recomputations)"
        case "compute": return "\(node.computations)"
        case "cancel": return "0"
        case let counter?: throw ControlError("no such counter: \(counter)")
        }
    }

    private var block: String {
        func line(_ name: String, _ number: Int) -> String {
            let text = String(number)
            return "- \(name):\(String(repeating: " ", count: max(0, 12 - text.count)))\(text)\n"
        }
        return "Node: \(name)\n" + line("recompute", recomputations)
            + line("compute", computations) + line("cancel", 0)
    }
}
