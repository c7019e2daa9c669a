import Linux

/// How an agent was started.
package struct AgentConfiguration: Sendable {
    /// The local Open_vSwitch database, a connection method.
    package var database: String
    /// The `-n` option, or the file that overrides `system-id`.
    package var chassisName: String?
    package var options: DaemonOptions

    package init(database: String, chassisName: String?, options: DaemonOptions) {
        self.database = database
        self.chassisName = chassisName
        self.options = options
    }

    /// Where `system-id-override` is looked for: ovn-controller(8)'s "etc" directory.
    package static let overrideDirectories =
        DaemonDirectories.environment("OVN_SYSCONFDIR").map { [$0] } ?? ["/etc/ovn", "/etc"]

    /// The name that the file gives the chassis, on a machine whose database is the same as others':
    /// its first line.
    package static func overridingName(
        in directories: [String] = overrideDirectories
    ) -> String? {
        for directory in directories {
            let path = "\(directory)/system-id-override"
            guard let bytes = try? readFile(path, limit: 4096) else { continue }
            let line = String(
                decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
            if !line.isEmpty { return line }
        }
        return nil
    }
}
