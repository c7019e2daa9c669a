// The control commands of ovn-northd (ovn-northd(8), "Runtime Management Commands"), and those of
// its own.

import Incremental
import Northd
import OVSDBTransport
import UnixControl

extension NorthdDaemon {
    package func registerCommands(on registry: ControlRegistry) {
        registerStateCommands(registry)
        registerConnectionCommands(registry)
        registerEngineCommands(registry)
        registry.registerStopwatches(
            { [unowned self] in [compileTime] }, reset: { [unowned self] _ in compileTime.reset() })
        registerThreadCommands(registry)
        registry.register(
            ControlCommand("debug/chassis-features-list") { [unowned self] _ in
                northd.chassisFeatures(
                    northbound: northbound.replica, southbound: southbound.replica
                ).map { "\($0.name): \($0.isSupported)\n" }.joined()
            })
        registry.reportMemory { [unowned self] in
            let engine = northd.compiler.engine
            return ["engine-state-KB": engine.stateBytes / 1024, "problems": northd.problems.count]
        }
    }

    private func registerStateCommands(_ registry: ControlRegistry) {
        registry.register(
            ControlCommand("status") { [unowned self] _ in "Status: \(status.rawValue)" })
        registry.register(
            ControlCommand("status/problems") { [unowned self] _ in
                northd.problems.map { "\($0)\n" }.joined()
            })
        registry.register(
            ControlCommand("status/division") { [unowned self] _ in
                northd.division(southbound.replica)
            })
        registry.register(
            ControlCommand("pause") { [unowned self] _ in
                pause()
                return ""
            })
        registry.register(
            ControlCommand("resume") { [unowned self] _ in
                resume()
                return ""
            })
        registry.register(
            ControlCommand("is-paused") { [unowned self] _ in isPaused ? "true" : "false" })
    }

    private func registerConnectionCommands(_ registry: ControlRegistry) {
        for (prefix, client) in [("nb", northbound), ("sb", southbound)] {
            registry.register(
                ControlCommand("\(prefix)-connection-status") { _ in
                    client.isConnected ? "connected" : "not connected"
                })
            registry.register(
                ControlCommand("\(prefix)-cluster-state-reset") { _ in
                    client.resetClusterState()
                    return ""
                })
        }
    }

    /// A derivation never runs in parallel with another, so the number is only remembered.
    private func registerThreadCommands(_ registry: ControlRegistry) {
        registry.register(
            ControlCommand("parallel-build/set-n-threads", usage: "N_THREADS", arguments: 1...1) {
                [unowned self] (arguments) throws(ControlError) in
                guard let number = Int(arguments[0]), (1...256).contains(number) else {
                    throw ControlError("invalid n_threads: \(arguments[0])")
                }
                threadCount = number
                return ""
            })
        registry.register(
            ControlCommand("parallel-build/get-n-threads") { [unowned self] _ in "\(threadCount)" })
    }

    private func registerEngineCommands(_ registry: ControlRegistry) {
        registry.register(
            ControlCommand("inc-engine/show-stats", usage: EngineStatistics.usage, arguments: 0...2)
            {
                [unowned self] (arguments) throws(ControlError) in
                try engineStatistics(arguments)
            })
        registry.register(
            ControlCommand("inc-engine/clear-stats") { [unowned self] _ in
                countedRuns = Dictionary(
                    northd.compiler.engine.statistics.map { ($0.name, $0.runs) }
                ) { first, _ in first }
                return ""
            })
        registry.register(
            ControlCommand("inc-engine/show-memory") { [unowned self] _ in engineMemory() })
        // A recompute is what every step would find to do, so there is nothing to force.
        registry.register(ControlCommand("inc-engine/recompute") { _ in "" })
    }

    /// Bytes of bookkeeping by node, the largest first: what the nodes share, then NODE: CELLS, BYTES.
    private func engineMemory() -> String {
        let engine = northd.compiler.engine
        let nodes = engine.statistics.filter { $0.bytes > 0 }.sorted { $0.bytes > $1.bytes }
        let shared = engine.stateBytes - nodes.reduce(0) { $0 + $1.bytes }
        return "edges: \(shared) bytes\n"
            + nodes.map { "\($0.name): \($0.cells) cells, \($0.bytes) bytes\n" }.joined()
    }

    /// Runs count as computations, since every run is incremental.
    private func engineStatistics(_ arguments: [String]) throws(ControlError) -> String {
        try EngineStatistics.answer(
            arguments,
            northd.compiler.engine.statistics.map {
                EngineStatistics(name: $0.name, computations: runs(of: $0))
            })
    }

    /// Since the counters were cleared.
    private func runs(of store: StoreStatistics) -> Int {
        store.runs - countedRuns[store.name, default: 0]
    }
}
