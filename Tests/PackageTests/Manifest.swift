/// The targets as Package.swift declares them: the blocks there, from top to bottom, are the
/// layers, and the table stands nowhere else.
struct Manifest {
    struct Target {
        var name: String
        /// Name of the block, such as `pure`.
        var block: String
        /// Position in the whole file; a target may import only what has a lower one.
        var position: Int
        /// Names of targets and of products of other packages.
        var dependencies: [String]
    }

    private(set) var targets: [Target] = []

    static let current = Manifest(text: Repository.read("Package.swift"))

    init(text: String) {
        let products = Self.products(in: text)
        for block in Self.blocks(in: text) where block.name != "testTargets" {
            for call in Self.calls(in: block.body) {
                guard let name = call.strings.first else { continue }
                targets.append(
                    Target(
                        name: name, block: block.name, position: targets.count,
                        dependencies: Array(call.strings.dropFirst())
                            + call.words.compactMap { products[$0] }))
            }
        }
    }

    subscript(name: String) -> Target? { targets.first { $0.name == name } }

    /// `let deque = Target.Dependency.product(name: "DequeModule", …)` gives deque: DequeModule.
    private static func products(in text: String) -> [String: String] {
        var found: [String: String] = [:]
        for match in text.matches(
            of: #/let (\w+) = Target\.Dependency\.product\(\s*name: "(\w+)"/#)
        {
            found[String(match.1)] = String(match.2)
        }
        return found
    }

    private static func blocks(in text: String) -> [(name: String, body: String)] {
        text.matches(of: #/\nlet (\w+): \[Target\] = \[\n(?s:(.*?))\n\]/#)
            .map { (String($0.1), String($0.2)) }
    }

    /// One top-level call of a block: its string literals and its bare words, in order.
    private static func calls(in body: String) -> [(strings: [String], words: [String])] {
        var calls: [(strings: [String], words: [String])] = []
        for line in body.split(separator: "\n") {
            if line.hasPrefix("    "), !line.hasPrefix("     "), !line.hasPrefix("    )") {
                calls.append(([], []))
            }
            guard !calls.isEmpty else { continue }
            for match in line.matches(of: #/"([^"]*)"|(\w+)/#) {
                if let string = match.1 {
                    calls[calls.count - 1].strings.append(String(string))
                } else if let word = match.2 {
                    calls[calls.count - 1].words.append(String(word))
                }
            }
        }
        return calls
    }
}

/// The modules that one source file imports.
func imports(of path: String) -> [String] {
    let pattern =
        #/^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|package|internal|fileprivate|private)\s+)?import\s+(?:(?:struct|class|enum|protocol|typealias|func|let|var)\s+)?(\w+)/#
    return Repository.lines(of: path).compactMap { line in
        line.prefixMatch(of: pattern).map { String($0.1) }
    }
}
