import AgentCore
import Linux
import Logging
import OVSDBTransport
import UnixControl

/// `ovn-trace --detach`: holds the network, and answers one question after another on the control
/// socket (ovn-trace(8), "Daemon Mode").
///
/// Property: an answer is that of the program itself on the database as the daemon knows it. The
/// network is made anew on the first question after a change.
package final class TraceDaemon {
    private static let logger = Logger(label: "ovntrace")

    private let command: TraceCommand
    private let client: OVSDBClient
    private var network: TraceNetwork?
    /// Questions from before the database was there.
    private var waiting: [ControlRequest] = []

    init(_ command: TraceCommand, loop: EventLoop, threads: IOThreads) {
        self.command = command
        client = command.client(on: loop, threads)
        client.handlers.changed = { [unowned self] _ in network = nil }
        client.handlers.synchronized = { [unowned self] in answerWaiting() }
        client.handlers.diagnostic = { diagnostic in
            guard case .lost = diagnostic else { return }
            Self.logger.warning("\(diagnostic)")
        }
    }

    /// Runs until it is told to exit, by a signal or a control command. Ready once the database is
    /// there.
    package static func run(_ command: TraceCommand, _ options: DaemonOptions) throws {
        var process = try DaemonProcess(options)
        let signals = try SignalSource()
        let loop = try EventLoop()
        var isTold = false
        _ = try loop.watch(signals.rawDescriptor) { _ in
            isTold = true
            loop.stop()
        }
        let threads = IOThreads(count: 1)
        let daemon = TraceDaemon(command, loop: loop, threads: threads)
        let control = try ControlServer.start(
            for: options, loop: loop, register: daemon.register(on:))
        try command.connect(daemon.client, loop) { isTold }
        try process.ready()
        try loop.run()
        daemon.client.stop()
        control?.close()
        threads.shutDown()
        _ = consume signals
    }

    private func register(on registry: ControlRegistry) {
        registry.register(
            ControlCommand(
                "trace", usage: "[OPTIONS] [DATAPATH] MICROFLOW", arguments: 1...Int.max
            ) { [unowned self] (request: ControlRequest) in
                if client.isSynchronized { answer(request) } else { waiting.append(request) }
            })
    }

    private func answerWaiting() {
        for request in waiting { answer(request) }
        waiting = []
    }

    private func answer(_ request: ControlRequest) {
        do throws(UsageError) {
            let question = try command.question(request.arguments)
            request.reply(question.answer(known))
        } catch {
            request.fail(error.description)
        }
    }

    private var known: TraceNetwork {
        if let network { return network }
        let made = TraceNetwork(
            client.replica, usesFriendlyNames: command.usesFriendlyNames)
        network = made
        return made
    }
}
