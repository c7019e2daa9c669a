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

    private static func parse() throws -> (Main, DaemonOptions) {
        var options = DaemonOptions(program: "ovn-controller", family: .ovn)
        let rest = try options.extract(from: Array(CommandLine.arguments.dropFirst()))
        return (try parse(rest), options)
    }

    static func main() {
        do {
            let (command, options) = try parse()
            let standard = "unix:\(DaemonDirectories(.openVSwitch).run)/db.sock"
            try AgentDaemon.run(
                AgentConfiguration(
                    database: command.database ?? standard, chassisName: command.chassis,
                    options: options))
        } catch let error as AgentFailure {
            StandardStream.writeError("\(error)\n")
            Glibc.exit(1)
        } catch {
            exit(withError: error)
        }
    }
}
