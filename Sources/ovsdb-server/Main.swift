import ArgumentParser
import DatabaseServer
import Glibc
import Linux

@main
struct Main: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ovsdb-server",
        abstract: "Serves OVSDB databases.",
        discussion: DaemonOptions.help,
        version: SoftwareVersion.line(program: "ovsdb-server"))

    @Option(
        name: .customLong("remote"),
        help: "Connect to or listen on a method, or what db:DB,TABLE,COLUMN names.")
    var remotes: [String] = []

    @Flag(name: [.customLong("no-dbs"), .customLong("no-db")], help: "Start without a database.")
    var hasNoDatabases = false

    @Flag(name: .customLong("disable-file-column-diff"), help: .hidden)
    var disablesColumnDifferences = false

    @Flag(name: .customLong("disable-file-no-data-conversion"), help: .hidden)
    var disablesNoDataConversion = false

    @Argument(help: "Database files (default: DBDIR/conf.db).")
    var databases: [String] = []

    static func main() {
        do {
            var daemon = DaemonOptions(program: "ovsdb-server", family: .openVSwitch)
            let rest = try daemon.extract(from: Array(CommandLine.arguments.dropFirst()))
            guard let command = try parseAsRoot(rest) as? Main else {
                throw CleanExit.helpRequest()
            }
            try command.serve(daemon)
        } catch let error where exitCode(for: error) == .success {
            exit(withError: error)
        } catch {
            StandardStream.writeError("ovsdb-server: \(message(for: error))\n")
            Glibc.exit(1)
        }
    }

    private func serve(_ daemon: DaemonOptions) throws {
        var configuration = ServerConfiguration(daemon: daemon)
        configuration.remotes = remotes
        configuration.databases =
            databases.isEmpty && !hasNoDatabases
            ? ["\(daemon.directories.database)/conf.db"] : databases
        try ServerProgram.run(configuration)
    }
}
