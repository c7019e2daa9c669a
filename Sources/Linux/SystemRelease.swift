/// Which distribution this is, as os-release(5) says.
package struct SystemRelease: Hashable, Sendable {
    /// `ID`, such as "debian"; "linux" if the file does not say, as the manual has it.
    package let name: String
    /// `VERSION_ID`; nil for a distribution that has no versions.
    package let version: String?

    /// The running system's.
    package static var current: SystemRelease {
        for path in ["/etc/os-release", "/usr/lib/os-release"] {
            guard let bytes = try? readFile(path, limit: maximumSize) else { continue }
            return SystemRelease(parsing: String(decoding: bytes, as: UTF8.self))
        }
        return SystemRelease(parsing: "")
    }

    private static let maximumSize = 16384

    package init(parsing text: String) {
        var values: [Substring: String] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !line.hasPrefix("#") else { continue }
            values[parts[0]] = Self.unquoted(parts[1])
        }
        name = values["ID"] ?? "linux"
        version = values["VERSION_ID"]
    }

    /// A value in the shell's quotes, if it has any.
    private static func unquoted(_ value: Substring) -> String {
        guard let quote = value.first, quote == "\"" || quote == "'", value.count > 1,
            value.last == quote
        else { return String(value) }
        return String(value.dropFirst().dropLast())
    }
}

/// The time since the machine has started.
package enum SystemBoot {
    /// A name that no other boot has (random(4)); nil where the kernel doesn't tell.
    package static var identifier: String? {
        guard let bytes = try? readFile("/proc/sys/kernel/random/boot_id", limit: 64) else {
            return nil
        }
        return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }
}
