// The agent as a process: start, control socket, signals, end.

import AgentCore
import Glibc
import Linux
import Logging
import Netlink
import OVSDBSession
import UnixControl

/// Why an agent could not run.
package struct AgentFailure: Error, CustomStringConvertible {
    package let description: String

    init(_ operation: String, _ error: any Error) { description = "\(operation): \(error)" }
}

package enum AgentDaemon {
    /// Runs until `exit` or a signal.
    package static func run(_ configuration: AgentConfiguration) throws(AgentFailure) {
        do {
            var process = try DaemonProcess(configuration.options)
            let loop = try EventLoop()
            let agent = try RunningAgent(configuration, loop: loop)
            try agent.start()
            try process.ready()
            ServiceManager.fromEnvironment?.feedWatchdog(on: loop)
            try loop.run()
            agent.close()
        } catch {
            throw AgentFailure("ovn-controller", error)
        }
    }
}

private final class RunningAgent {
    private let configuration: AgentConfiguration
    private let loop: EventLoop
    private let control: ControlThread
    private let worker: DatapathThread
    private let registry = ControlRegistry()
    private var server: ControlServer?
    private let signals: SignalSource
    private let log = Logger(label: "main")

    init(_ configuration: AgentConfiguration, loop: EventLoop) throws(any Error) {
        self.configuration = configuration
        self.loop = loop
        signals = try SignalSource()
        let driver = try KernelDriver()
        worker = try DatapathThread(datapath: driver.datapath, families: driver.families)
        control = ControlThread(
            configuration, loop: loop, driver: driver, worker: worker,
            hostname: Self.hostname)
        let bound = OwnerBound(control, loop: loop)
        worker.report = { report in loop.post { bound.value.heard(report) } }
    }

    func start() throws(any Error) {
        _ = try loop.watch(signals.rawDescriptor) { [unowned self] _ in signalled() }
        registry.registerStandardCommands(
            program: "ovn-controller", loop: loop, exitUsage: "[--restart]"
        ) { [unowned self] request in exit(request) }
        AgentCommands(control: control, worker: worker).register(in: registry)
        if let path = configuration.options.controlSocketPath(process: getpid()) {
            server = try ControlServer(path: path, registry: registry, loop: loop)
        }
        try worker.start()
        worker.change(ports: PortChanges(added: [control.driver.fallback]))
        try control.start()
        log.info("\(SoftwareVersion.line(program: "ovn-controller")) starting")
    }

    func close() {
        server?.close()
        worker.stop()
    }

    /// SIGTERM and SIGINT end the process and leave everything as it is; SIGHUP reopens the log.
    private func signalled() {
        do {
            while let signal = try signals.next() {
                switch signal {
                case .terminate, .interrupt: loop.stop()
                case .hangUp: _ = try Log.shared.reopenFile()
                default: break
                }
            }
        } catch {
            log.warning("signal: \(error)")
        }
    }

    private func exit(_ request: ControlRequest) {
        let restarts = request.arguments.contains("--restart")
        let cleans = control.system?.configuration.cleansUpOnExit ?? true
        guard !restarts, cleans else {
            request.reply("")
            loop.stop()
            return
        }
        control.leave { [loop] in
            request.reply("")
            loop.stop()
        }
    }

    private static var hostname: String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
        return String(
            decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
