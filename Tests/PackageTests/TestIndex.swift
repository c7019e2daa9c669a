/// The suites of the tree and their tests, read from the sources.
struct TestIndex {
    /// By suite: its functions, and the files that it is in.
    private var functions: [Substring: Set<Substring>] = [:]
    private var files: [Substring: Set<String>] = [:]

    static let ofTheTree = TestIndex(Repository.files(under: "Tests", withSuffix: ".swift"))

    private static let kinds: Set<Substring> = ["struct", "class", "extension", "actor", "enum"]

    private init(_ paths: [String]) {
        for path in paths { read(path) }
    }

    /// A type begins at the left margin, and has what follows until the next one does.
    private mutating func read(_ path: String) {
        var suite: Substring?
        for line in Repository.lines(of: path) {
            let words = line.split { !($0.isLetter || $0.isNumber || $0 == "_") }
            if let first = line.first, first.isLetter || first == "@",
                let place = words.firstIndex(where: Self.kinds.contains), place + 1 < words.count
            {
                suite = words[place + 1]
                files[words[place + 1], default: []].insert(path)
            }
            guard let suite, let place = words.firstIndex(of: "func"), place + 1 < words.count
            else { continue }
            functions[suite, default: []].insert(words[place + 1])
        }
    }

    /// Whether there is such a suite, or such a test in it.
    func has(_ suite: Substring, _ test: Substring? = nil) -> Bool {
        guard let test else { return files[suite] != nil }
        return functions[suite]?.contains(test) == true
    }

    /// The words of a suite's files, and of what its folder has beside suites.
    func words(of suite: Substring) -> Set<Substring> {
        var words: Set<Substring> = []
        for file in files[suite] ?? [] {
            let folder = file[...(file.lastIndex(of: "/") ?? file.startIndex)]
            let helpers = Repository.files(under: String(folder.dropLast()), withSuffix: ".swift")
                .filter { !$0.hasSuffix("Tests.swift") }
            for path in [file] + helpers {
                words.formUnion(
                    Repository.read(path).split { !($0.isLetter || $0.isNumber || $0 == "_") })
            }
        }
        return words
    }
}
