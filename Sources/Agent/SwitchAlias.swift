// The agent under the name of the program whose part it has too: `ovs-appctl -t ovs-vswitchd` finds
// a pidfile and a control socket in Open vSwitch's run directory.
//
// An agent without a pidfile of its own takes no name, so that any number of them may run side by
// side. Where an ovs-vswitchd runs, or another agent, the name is theirs.

import Glibc
import Linux
import Logging
import UnixControl

final class SwitchAlias {
    private static let program = "ovs-vswitchd"
    private let pidfile: Pidfile
    private let server: ControlServer

    /// Nil, with a line in the log, where the name can't be had.
    init?(
        _ options: DaemonOptions, directory: String = DaemonDirectories(.openVSwitch).run,
        registry: ControlRegistry, loop: EventLoop
    ) {
        guard options.pidfile != nil else { return nil }
        do {
            pidfile = try Pidfile(creating: "\(directory)/\(Self.program).pid")
            server = try ControlServer(
                path: "\(directory)/\(Self.program).\(getpid()).ctl", registry: registry, loop: loop
            )
        } catch {
            Logger(label: "main").info("not reachable as \(Self.program): \(error)")
            return nil
        }
    }

    /// Removes the socket; the pidfile goes with the value.
    func close() { server.close() }
}
