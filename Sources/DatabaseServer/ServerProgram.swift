import Linux
import Logging
import OVSDBTransport
import UnixControl

/// What the program `ovsdb-server` was asked to do.
package struct ServerConfiguration: Sendable {
    package var daemon: DaemonOptions
    /// Files to serve.
    package var databases: [String] = []
    package var remotes: [String] = []

    package init(daemon: DaemonOptions) { self.daemon = daemon }
}

/// The program `ovsdb-server` from its configuration to its end.
package enum ServerProgram {
    /// Runs until it is told to exit, by a signal or a control command.
    package static func run(_ configuration: ServerConfiguration) throws {
        var process = try DaemonProcess(configuration.daemon)
        let loop = try EventLoop()
        try DaemonSignals(loop: loop).handle(end: loop.stop)
        let server = try DatabaseServer(
            loop: loop, threads: IOThreads(count: 2),
            runDirectory: configuration.daemon.directories.run)
        for path in configuration.databases { try server.open(file: path) }
        for remote in configuration.remotes { try server.addRemote(remote) }
        let control = try ControlServer.start(
            for: configuration.daemon, loop: loop, register: server.registerCommands(on:))
        DatabaseServer.logger.info("\(SoftwareVersion.line(program: configuration.daemon.program))")
        try process.ready()
        ServiceManager.fromEnvironment?.feedWatchdog(on: loop)
        try loop.run()
        ServiceManager.fromEnvironment?.notify("STOPPING=1")
        server.close()
        control?.close()
    }
}
