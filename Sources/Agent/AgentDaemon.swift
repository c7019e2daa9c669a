// The agent as a process: start, control socket, signals, end.

import AgentCore
import Glibc
import Linux
import Logging
import Netlink
import OVSDBSession
import OVSDBTransport
import UnixControl

/// Why an agent could not run.
package struct AgentFailure: Error, CustomStringConvertible {
    package let description: String
}

package enum AgentDaemon {
    /// Runs until `exit` or a signal. Ready means what it means for ovs-vswitchd: the local
    /// database's bridges and ports are in the kernel, and the database says so.
    package static func run(_ configuration: AgentConfiguration) throws(AgentFailure) {
        do {
            let database = try ConnectionMethod(parsing: configuration.database)
            if database.isPassive { throw ConnectionMethodError.passive(database) }
            var process = try DaemonProcess(configuration.options)
            let loop = try EventLoop()
            AgentCoverage.register()
            let agent = try RunningAgent(configuration, loop: loop)
            let manager = ServiceManager.fromEnvironment
            try agent.start()
            _ = try loop.run(until: MonotonicTime(nanoseconds: .max)) {
                agent.isReady || agent.isEnding
            }
            try process.ready()
            manager?.feedWatchdog(on: loop)
            try loop.run()
            manager?.notify("STOPPING=1")
            agent.close()
            if let failure = agent.failure { throw failure }
        } catch {
            throw AgentFailure(description: "\(error)")
        }
    }
}

private final class RunningAgent {
    private let configuration: AgentConfiguration
    private let loop: EventLoop
    private let control: ControlThread
    private let worker: DatapathThread
    private let sampler: SamplingThread
    private let registry = ControlRegistry()
    private var server: ControlServer?
    /// The socket under the name of ovs-vswitchd.
    private var alias: SwitchAlias?
    private let signals: DaemonSignals
    private let log = Logger(label: "main")
    private(set) var isReady = false
    /// Somebody has asked for the end.
    private(set) var isEnding = false
    /// Why it has ended by itself.
    private(set) var failure: AgentFailure?

    init(_ configuration: AgentConfiguration, loop: EventLoop) throws(any Error) {
        self.configuration = configuration
        self.loop = loop
        signals = try DaemonSignals(loop: loop)
        let driver = try KernelDriver()
        let workers = try AgentWorkers(
            driver, recirculations: configuration.recirculationPath)
        (worker, sampler) = (workers.datapath, workers.sampling)
        control = ControlThread(
            configuration, loop: loop, driver: driver, workers: workers, hostname: Self.hostname)
        let bound = OwnerBound(control, loop: loop)
        worker.report = { report in loop.post { bound.value.heard(report) } }
        sampler.report = { problem in loop.post { bound.value.report(problem) } }
    }

    func start() throws(any Error) {
        try signals.handle { [unowned self] in end() }
        registry.registerStandardCommands(
            program: "ovn-controller", loop: loop, exitUsage: "[--restart]"
        ) { [unowned self] request in exit(request) }
        AgentCommands(control: control, worker: worker).register(in: registry)
        if let path = configuration.options.controlSocketPath(process: getpid()) {
            server = try ControlServer(path: path, registry: registry, loop: loop)
            alias = SwitchAlias(configuration.options, registry: aliasRegistry, loop: loop)
        }
        try sampler.start()
        try worker.start()
        worker.change(ports: PortChanges(added: [control.driver.fallback]))
        control.whenReady = { [unowned self] in isReady = true }
        control.whenReplaced = { [unowned self] reason in
            failure = AgentFailure(description: reason)
            end()
        }
        try control.start()
        log.info("\(SoftwareVersion.line(program: "ovn-controller")) starting")
    }

    func close() {
        server?.close()
        alias?.close()
        alias = nil
        worker.stop()
        sampler.stop()
    }

    /// Leaves everything in the kernel and in the databases as it is.
    private func end() {
        isEnding = true
        loop.stop()
    }

    private func exit(_ request: ControlRequest) {
        let restarts = request.arguments.contains("--restart")
        let cleans = control.system?.configuration.cleansUpOnExit ?? true
        exit(request, leavesChassis: !restarts && cleans)
    }

    private func exit(_ request: ControlRequest, leavesChassis: Bool) {
        guard leavesChassis else {
            request.reply("")
            end()
            return
        }
        control.leave { [unowned self] in
            request.reply("")
            end()
        }
    }

    /// Who ends ovs-vswitchd means the switch and not the chassis, and its flows stay in the kernel
    /// unless told otherwise (ovs-vswitchd(8), `exit`).
    private var aliasRegistry: ControlRegistry {
        let registry = ControlRegistry(copying: registry)
        registry.register(
            ControlCommand(
                "exit", usage: "[--cleanup]", arguments: 0...1,
                run: { [unowned self] request in
                    exit(request, leavesChassis: request.arguments.contains("--cleanup"))
                }))
        return registry
    }

    private static var hostname: String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
        return String(
            decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
