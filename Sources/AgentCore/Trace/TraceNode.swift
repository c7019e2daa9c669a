// The course of a packet as a tree, and the three texts that ovn-trace(8) makes of it.

package struct TraceNode: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        // Leaves.
        case output, modification, action, failure
        // With what follows from them inside.
        case pipeline, table, transformation

        var isLeaf: Bool {
            switch self {
            case .output, .modification, .action, .failure: true
            case .pipeline, .table, .transformation: false
            }
        }
    }

    package var kind: Kind
    package var text: String
    /// Indented even where it is the last of its siblings.
    package var isIndented = false
    package var children: [TraceNode]

    package init(_ kind: Kind, _ text: String, children: [TraceNode] = []) {
        self.kind = kind
        self.text = text
        self.children = children
    }
}

extension [TraceNode] {
    mutating func append(_ kind: TraceNode.Kind, _ text: String) {
        append(TraceNode(kind, text))
    }

    // MARK: - Detailed

    /// Table by table. What comes last of its siblings isn't indented, so that a long way stays at
    /// the margin; titles are underlined.
    package var detailedText: String {
        var text = ""
        printDetails(into: &text, level: 0)
        return text
    }

    private func printDetails(into text: inout String, level: Int) {
        for (index, node) in enumerated() where node.kind != .modification {
            let isIndented = index + 1 < count || node.isIndented || node.kind.isLeaf
            let margin = String(repeating: " ", count: 4 * (isIndented ? level + 1 : level))
            let isTitle = node.kind == .pipeline || node.kind == .transformation
            if isTitle { text += "\n" }
            text += "\(margin)\(node.text)\n"
            if isTitle {
                text += margin + String(repeating: "-", count: node.text.utf8.count) + "\n"
            }
            node.children.printDetails(into: &text, level: isIndented ? level + 2 : level)
        }
    }

    // MARK: - Summary and minimal

    /// Pipelines and actions, in braces.
    package var summaryText: String {
        var text = ""
        without([.modification, .table]).printSummary(into: &text, level: 0)
        return text
    }

    /// What can be seen from outside: changes of the packet, and where it goes.
    package var minimalText: String {
        var text = ""
        without([.action, .pipeline, .table, .output]).printSummary(into: &text, level: 0)
        return text
    }

    /// The tree in which nodes of some kinds are replaced by what is in them.
    private func without(_ kinds: Set<TraceNode.Kind>) -> [TraceNode] {
        flatMap { node in
            var node = node
            node.children = node.children.without(kinds)
            return kinds.contains(node.kind) ? node.children : [node]
        }
    }

    private func printSummary(into text: inout String, level: Int) {
        let margin = String(repeating: " ", count: 4 * level)
        for node in self {
            if node.kind == .action, node.text.hasPrefix("next(") { continue }
            text += margin + node.text
            if !node.children.isEmpty {
                text += " {\n"
                node.children.printSummary(into: &text, level: level + 1)
                text += margin + "}"
            }
            text += node.kind == .action ? "\n" : ";\n"
        }
    }
}
