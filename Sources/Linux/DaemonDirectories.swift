import Glibc

/// Where a program's sockets, pidfiles, logs and databases live unless told otherwise.
package struct DaemonDirectories: Equatable, Sendable {
    /// The two sets of programs that share a machine, each with directories of its own.
    package enum Family: Sendable {
        /// Overridden by `OVN_RUNDIR`, `OVN_LOGDIR`, `OVN_DBDIR`.
        case ovn
        /// Overridden by `OVS_RUNDIR`, `OVS_LOGDIR`, `OVS_DBDIR`.
        case openVSwitch
    }

    package let run: String
    package let log: String
    package let database: String

    package init(_ family: Family, environment: (String) -> String? = Self.environment) {
        let (prefix, name) =
            switch family {
            case .ovn: ("OVN", "ovn")
            case .openVSwitch: ("OVS", "openvswitch")
            }
        run = environment("\(prefix)_RUNDIR") ?? "/var/run/\(name)"
        log = environment("\(prefix)_LOGDIR") ?? "/var/log/\(name)"
        database =
            environment("\(prefix)_DBDIR")
            ?? (family == .ovn ? "/var/lib/ovn" : "/etc/openvswitch")
    }

    /// A variable of the process's environment; nil if it is unset or empty.
    package static func environment(_ name: String) -> String? {
        guard let value = getenv(name) else { return nil }
        let text = String(cString: value)
        return text.isEmpty ? nil : text
    }

    /// `path`, or where it lies in `directory` if it is relative.
    package static func absolute(_ path: String, in directory: String) -> String {
        path.hasPrefix("/") ? path : "\(directory)/\(path)"
    }
}
