import Agent
import ArgumentParser
import Glibc
import Linux

@main
struct Main: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ovn-controller",
        abstract: "Programs this host's kernel datapath from the OVN Southbound database.",
        discussion: DaemonOptions.help,
        version: SoftwareVersion.line(program: "ovn-controller"))

    @Option(
        name: [.customShort("n"), .customLong("chassis")],
        help: "The chassis' name (default: external_ids:system-id).")
    var chassis: String?

    @Argument(help: "The local Open_vSwitch database (default: unix:RUNDIR/db.sock).")
    var database: String?

    static func main() {
        do {
            var daemon = DaemonOptions(program: "ovn-controller", family: .ovn)
            let rest = try daemon.extract(from: Array(CommandLine.arguments.dropFirst()))
            guard let command = try parseAsRoot(rest) as? Main else {
                throw CleanExit.helpRequest()
            }
            try command.control(daemon)
        } catch let error where exitCode(for: error) == .success {
            exit(withError: error)
        } catch {
            StandardStream.writeError("ovn-controller: \(message(for: error))\n")
            Glibc.exit(1)
        }
    }

    private func control(_ daemon: DaemonOptions) throws {
        if chassis?.isEmpty == true { throw ValidationError("The chassis' name is empty.") }
        let standard = "unix:\(DaemonDirectories(.openVSwitch).run)/db.sock"
        try AgentDaemon.run(
            AgentConfiguration(
                database: database ?? standard,
                chassisName: chassis ?? AgentConfiguration.overridingName(), options: daemon))
    }
}
