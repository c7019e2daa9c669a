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

    @OptionGroup(title: "TLS options (accepted; TLS is not supported yet)")
    var security: SecurityOptions

    @Flag(name: .customLong("disable-file-column-diff"), help: .hidden)
    var disablesColumnDifferences = false

    @Flag(name: .customLong("disable-file-no-data-conversion"), help: .hidden)
    var disablesNoDataConversion = false

    @Argument(help: "Database files (default: DBDIR/conf.db).")
    var databases: [String] = []

    @Flag(name: [.customShort("V")], help: "Show the version.")
    var showsVersion = false

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
        if showsVersion { throw CleanExit.message(Self.configuration.version) }
        var configuration = ServerConfiguration(daemon: daemon)
        configuration.remotes = remotes
        configuration.databases =
            databases.isEmpty && !hasNoDatabases
            ? ["\(daemon.directories.database)/conf.db"] : databases
        try ServerProgram.run(configuration)
    }
}

/// What start scripts always pass, whether or not a remote uses TLS.
struct SecurityOptions: ParsableArguments {
    @Option(name: [.customShort("p"), .long]) var privateKey: String?
    @Option(name: [.customShort("c"), .long]) var certificate: String?
    @Option(name: [.customShort("C"), .customLong("ca-cert")]) var authority: String?
    @Option(name: .customLong("bootstrap-ca-cert")) var bootstrapAuthority: String?
    @Option(name: .customLong("ssl-protocols")) var protocols: String?
    @Option(name: .customLong("ssl-ciphers")) var ciphers: String?
    @Option(name: .customLong("ssl-ciphersuites")) var cipherSuites: String?
}
