import ArgumentParser
import Glibc
import Linux
import NorthdDaemon

@main
struct Main: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ovn-northd",
        abstract: "Compiles the OVN Northbound database into the Southbound database.",
        discussion: DaemonOptions.help,
        version: SoftwareVersion.line(program: "ovn-northd"))

    @Option(
        name: .customLong("ovnnb-db"),
        help: "Northbound database (default: $OVN_NB_DB or unix:RUNDIR/ovnnb_db.sock).")
    var northbound: String?

    @Option(
        name: .customLong("ovnsb-db"),
        help: "Southbound database (default: $OVN_SB_DB or unix:RUNDIR/ovnsb_db.sock).")
    var southbound: String?

    @Flag(name: .customLong("dry-run"), help: "Start paused.")
    var startsPaused = false

    @Option(name: .customLong("n-threads"), help: .hidden)
    var threads: Int?

    static func main() {
        do {
            var daemon = DaemonOptions(program: "ovn-northd", family: .ovn)
            let rest = try daemon.extract(from: Array(CommandLine.arguments.dropFirst()))
            guard let command = try parseAsRoot(rest) as? Main else {
                throw CleanExit.helpRequest()
            }
            try command.serve(daemon)
        } catch let error where exitCode(for: error) == .success {
            exit(withError: error)
        } catch {
            StandardStream.writeError("ovn-northd: \(message(for: error))\n")
            Glibc.exit(1)
        }
    }

    private func serve(_ daemon: DaemonOptions) throws {
        var configuration = NorthdConfiguration(
            daemon: daemon, northbound: northbound, southbound: southbound)
        configuration.startsPaused = startsPaused
        try NorthdProgram.run(configuration)
    }
}
