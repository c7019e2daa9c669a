import Testing

/// What the text of the tree may not contain, because it would be true on one machine only.
struct TextTests {
    /// Hosts that the documentation and the manifest may name.
    static let knownHosts: Set<String> = [
        "github.com", "www.apache.org", "www.swift.org", "swift.org", "www.rfc-editor.org",
        "datatracker.ietf.org", "www.kernel.org", "docs.kernel.org", "www.ovn.org", "ovn.org",
        "docs.ovn.org", "www.openvswitch.org", "docs.openvswitch.org", "www.debian.org",
        "json-schema.org", "www.json.org", "bugs.debian.org", "keepachangelog.com",
        "www.freedesktop.org", "semver.org",
    ]

    private static func texts() -> [String] {
        Repository.files.filter { path in
            path != "LICENSE" && !path.hasSuffix(".bin") && !path.contains("/Corpus/")
        }
    }

    private static func find(_ matches: (Substring) -> String?) -> [String] {
        var found: [String] = []
        for path in texts() {
            for (index, line) in Repository.lines(of: path).enumerated() {
                if let what = matches(line) { found.append("\(path):\(index + 1): \(what)") }
            }
        }
        return found
    }

    @Test func noMachinePaths() {
        let pattern = #/(?:^|[\s"'=(:])/(?:home|Users|work|workspace|opt|srv|mnt)/[\w.-]+/#
        let found = Self.find { line in
            guard line.contains("/") else { return nil }
            return line.firstMatch(of: pattern).map { String($0.0) }
        }
        #expect(found == [])
    }

    @Test func onlyKnownHosts() {
        let pattern = #/https?:\/\/([A-Za-z0-9.-]+)/#
        let found = Self.find { line in
            guard line.contains("://") else { return nil }
            for match in line.matches(of: pattern) {
                let host = String(match.1)
                if !Self.knownHosts.contains(host), !isExample(host) { return host }
            }
            return nil
        }
        #expect(found == [])
    }

    @Test func nothingIsUnfinished() {
        // In two parts, so that this file does not contain them.
        let markers = ["TO" + "DO", "FIX" + "ME", "X" + "XX"]
        let found = Self.find { line in
            markers.first { marker in
                line.contains(marker)
                    && line.split(whereSeparator: { !$0.isLetter })
                        .contains(Substring(marker))
            }
        }
        #expect(found == [])
    }

    /// Names reserved for documentation and tests (RFC 2606), and this machine's own.
    private func isExample(_ host: String) -> Bool {
        host == "localhost" || host.hasPrefix("127.") || host.hasSuffix(".example")
            || host.hasSuffix("example.com") || host.hasSuffix("example.org")
            || host.hasSuffix(".test")
    }
}
