import Testing

/// Every script of the tree parses, and is clean where a checker is installed.
struct ScriptTests {
    private static let scripts = Repository.files.filter { path in
        path.hasSuffix(".sh") || isBash(path)
    }

    private static func isBash(_ path: String) -> Bool {
        guard path.hasPrefix("Tools/") || path.hasPrefix(".ci/") else { return false }
        return ["#!/bin/bash", "#!/bin/sh"].contains(Repository.lines(of: path).first)
    }

    private static func quoted(_ paths: [String]) -> String {
        paths.map { "'\($0)'" }.joined(separator: " ")
    }

    @Test func bashAcceptsThem() {
        #expect(Self.scripts.contains("Tools/vm"))
        let result = Repository.run(
            "for script in \(Self.quoted(Self.scripts)); do bash -n \"$script\" || exit; done")
        #expect(result.status == 0, "\(result.output)")
    }

    /// All files of checks are read into one shell, after those of the network.
    @Test func everyFunctionOfTheChecksHasItsName() {
        let files =
            Repository.files(under: "Tools/lib/checks", withSuffix: ".sh")
            + ["Tools/lib/common.sh", "Tools/lib/network.sh", "Tools/demo"]
        var places: [Substring: String] = [:]
        for file in files {
            for line in Repository.lines(of: file) {
                let name = line.prefix { $0 != "(" }
                guard line.dropFirst(name.count).hasPrefix("() {"), !name.hasPrefix(" ") else {
                    continue
                }
                #expect(places[name] == nil, "\(name) is in \(file) and \(places[name] ?? "")")
                places[name] = file
            }
        }
        #expect(places.count > 100)
    }

    @Test(.enabled(if: Repository.run("command -v shellcheck").status == 0))
    func shellcheckAcceptsThem() {
        let result = Repository.run("shellcheck -x \(Self.quoted(Self.scripts))")
        #expect(result.status == 0, "\(result.output)")
    }

    @Test func pythonAcceptsThem() {
        let paths = Repository.files.filter { path in
            path.hasSuffix(".py")
                || (path.hasPrefix("Tools/")
                    && Repository.lines(of: path).first?.contains("python3") ?? false)
        }
        let check = "import ast, sys; [ast.parse(open(p).read(), p) for p in sys.argv[1:]]"
        let result = Repository.run("python3 -c '\(check)' \(Self.quoted(paths))")
        #expect(result.status == 0, "\(result.output)")
    }

    @Test func programsAreExecutable() {
        let silent = Repository.files.filter { path in
            (path.hasPrefix("Tools/") || path.hasPrefix(".ci/"))
                && path.split(separator: "/").count == 2
                && Repository.run("test -x '\(path)'").status != 0
        }
        #expect(silent == [])
    }
}
