import Testing

/// The direction of the package: values, databases, pure core, system, assembly, programs.
///
/// What a layer may not know it can't depend on: without a socket, a clock or a thread in the
/// lower layers, the whole cluster runs in one deterministic process.
struct LayerTests {
    static let pureBlocks: Set<String> = ["values", "databasePure", "pure"]
    static let systemModules: Set<String> = [
        "Glibc", "Musl", "Darwin", "Dispatch", "Logging", "Synchronization", "Atomics",
    ]
    /// The only modules that speak NIO; everything above talks to them.
    static let transports: Set<String> = ["OVSDBTransport", "UnixControl"]

    private static func sources() -> [(target: Manifest.Target, path: String, imports: [String])] {
        Repository.files(under: "Sources", withSuffix: ".swift").compactMap { path in
            let folder = String(path.split(separator: "/")[1])
            return Manifest.current[folder].map { ($0, path, imports(of: path)) }
        }
    }

    /// Whoever opens the repository sees these and no others.
    @Test func theTopLevelIsFixed() {
        let top = Set(Repository.files.map { String($0.split(separator: "/")[0]) })
        let allowed: Set = [
            "Docs", "LICENSE", "Package.swift", "README.md", "Sources", "Tests", "Tools", "bpf",
        ]
        #expect(Set(top.filter { !$0.hasPrefix(".") }) == allowed)
    }

    @Test func everyFolderIsATarget() {
        let folders = Set(
            Repository.files.filter { $0.hasPrefix("Sources/") }
                .map { String($0.split(separator: "/")[1]) })
        let targets = Set(Manifest.current.targets.map(\.name))
        #expect(folders.subtracting(targets) == [])
        #expect(targets.subtracting(folders) == [])
        #expect(Manifest.current.targets.count > 20, "the manifest was not understood")
    }

    @Test func noImportLeadsUpward() {
        var upward: [String] = []
        for source in Self.sources() {
            for name in source.imports {
                guard let imported = Manifest.current[name] else { continue }
                if imported.position >= source.target.position, name != source.target.name {
                    upward.append("\(source.path) imports \(name)")
                }
            }
        }
        #expect(upward == [])
    }

    @Test func everyImportIsDeclared() {
        var undeclared: [String] = []
        let ours = Set(Manifest.current.targets.map(\.name))
        for source in Self.sources() {
            for name in Set(source.imports).intersection(ours) where name != source.target.name {
                if !source.target.dependencies.contains(name) {
                    undeclared.append("\(source.path) imports \(name)")
                }
            }
        }
        #expect(undeclared == [])
    }

    @Test func pureLayersDoNoInputOutput() {
        var impure: [String] = []
        for source in Self.sources() where Self.pureBlocks.contains(source.target.block) {
            for name in source.imports where Self.systemModules.contains(name) || isNIO(name) {
                impure.append("\(source.path) imports \(name)")
            }
        }
        #expect(impure == [])
    }

    @Test func onlyTransportsSpeakNIO() {
        var found: [String] = []
        for source in Self.sources() where !Self.transports.contains(source.target.name) {
            if source.imports.contains(where: isNIO) { found.append(source.path) }
        }
        #expect(found == [])
    }

    @Test func noProgramCarriesFoundation() {
        let found = Self.sources().filter { source in
            source.imports.contains { $0.hasPrefix("Foundation") }
        }
        #expect(found.map(\.path) == [])
    }

    @Test func everyTargetWithCodeHasTests() {
        let tested = Set(
            Repository.files(under: "Tests", withSuffix: ".swift")
                .map { String($0.split(separator: "/")[1]) })
        let untested = Manifest.current.targets.filter {
            $0.block != "system" && $0.block != "programs" && !tested.contains($0.name + "Tests")
        }
        #expect(untested.map(\.name) == [])
    }

    private func isNIO(_ name: String) -> Bool { name.hasPrefix("NIO") }
}
