import Linux
import Logging
import OVSDBTransport
import UnixControl

/// What the program `ovn-northd` was asked to do.
package struct NorthdConfiguration: Sendable {
    package var daemon: DaemonOptions
    /// Connection methods, comma-separated.
    package var northbound: String
    package var southbound: String
    package var startsPaused = false

    package init(daemon: DaemonOptions, northbound: String? = nil, southbound: String? = nil) {
        self.daemon = daemon
        let run = daemon.directories.run
        self.northbound =
            northbound ?? DaemonDirectories.environment("OVN_NB_DB")
            ?? "unix:\(run)/ovnnb_db.sock"
        self.southbound =
            southbound ?? DaemonDirectories.environment("OVN_SB_DB")
            ?? "unix:\(run)/ovnsb_db.sock"
    }
}

/// The program `ovn-northd` from its configuration to its end.
package enum NorthdProgram {
    /// Runs until it is told to exit, by a signal or a control command.
    package static func run(_ configuration: NorthdConfiguration) throws {
        var process = try DaemonProcess(configuration.daemon)
        let loop = try EventLoop()
        try DaemonSignals(loop: loop).handle(end: loop.stop)
        let threads = IOThreads(count: 1)
        let daemon = try NorthdDaemon(configuration, loop: loop, threads: threads)
        let control = try ControlServer.start(
            for: configuration.daemon, loop: loop, register: daemon.registerCommands(on:))
        NorthdDaemon.logger.info(
            "\(SoftwareVersion.line(program: configuration.daemon.program))")
        daemon.start()
        try process.ready()
        ServiceManager.fromEnvironment?.feedWatchdog(on: loop)
        try loop.run()
        ServiceManager.fromEnvironment?.notify("STOPPING=1")
        daemon.stop()
        control?.close()
        threads.shutDown()
    }
}
