// How the agent's derived state stands: inc-engine/*, lflow-cache/*, stopwatch/* and debug/dump-* of
// ovn-controller(8).

import AgentCore
import Linux
import OVSDBModel
import OVSDBSession
import Schemas
import UnixControl

struct EngineCommands {
    let control: ControlThread

    func register(in registry: ControlRegistry) {
        registerEngine(registry)
        registerRecompute(registry)
        registerDumps(registry)
        let control = self.control
        registry.registerStopwatches(
            { control.engine.stopwatches }, reset: { control.engine.reset($0) })
        registry.register(
            ControlCommand("sb-cluster-state-reset") { _ in
                control.southbound?.resetClusterState()
                return ""
            })
        registry.register(
            ControlCommand("debug/delay-nb-cfg-report", usage: "SECONDS", arguments: 1...1) {
                (words) throws(ControlError) in
                guard let seconds = UInt32(words[0]) else {
                    throw ControlError("unsigned integer required")
                }
                control.configurationReport.delay = Milliseconds(seconds) * 1000
                return seconds == 0
                    ? "no delay for nb_cfg report."
                    : "delay nb_cfg report for \(seconds) seconds."
            })
    }

    private func registerEngine(_ registry: ControlRegistry) {
        let control = self.control
        registry.register(
            ControlCommand(
                "inc-engine/show-stats", usage: EngineStatistics.usage, arguments: 0...2
            ) { (words) throws(ControlError) in
                try EngineStatistics.answer(words, control.engine.statistics(control.feed))
            })
        registry.register(
            ControlCommand("inc-engine/clear-stats") { _ in
                control.engine.clear(control.feed)
                return ""
            })
        registry.register(
            ControlCommand("inc-engine/compute-log-timeout", usage: "MSECS", arguments: 1...1) {
                (words) throws(ControlError) in
                guard let milliseconds = UInt32(words[0]) else {
                    throw ControlError("unsigned integer required")
                }
                control.engine.logTimeout = .milliseconds(Int(milliseconds))
                return ""
            })
        registry.register(
            ControlCommand("inc-engine/list-stopwatches", usage: "[NODE]", arguments: 0...1) {
                words in
                control.engine.stopwatches.map(\.name).filter { words.first ?? $0 == $0 }
                    .joined(separator: "\n")
            })
        // All run always; asking for one is no mistake, stopping one is.
        registry.register(
            ControlCommand("inc-engine/enable-stopwatch", usage: "[NODE]", arguments: 0...1) { _ in
                ""
            })
        registry.refuse(
            "inc-engine/disable-stopwatch", usage: "[NODE]",
            because: "the stopwatches of this agent always run; stopwatch/reset clears them")
    }

    /// What is kept of a logical flow is its compiled form, which a recomputation makes anew.
    private func registerRecompute(_ registry: ControlRegistry) {
        let control = self.control
        let names = ["inc-engine/recompute", "lflow-cache/flush"]
        let deprecated = ["recompute", "flush-lflow-cache"]
        for name in names + deprecated {
            registry.register(
                ControlCommand(name, usage: deprecated.contains(name) ? "[deprecated]" : "") { _ in
                    control.recompute()
                    return ""
                })
        }
        registry.register(ControlCommand("lflow-cache/show-stats") { _ in control.flowCache })
    }

    private func registerDumps(_ registry: ControlRegistry) {
        let control = self.control
        let dumps: [(String, () -> String)] = [
            ("debug/dump-related-ports", { control.relatedPorts }),
            ("debug/dump-peer-ports", { control.peerPorts }),
            ("debug/dump-local-template-vars", { control.templateVariableList }),
            ("debug/dump-mac-bindings", { control.macBindings }),
        ]
        for (name, text) in dumps { registry.register(ControlCommand(name) { _ in text() }) }
        registry.refuse(
            "debug/dump-lflow-conj-ids", usage: "",
            because: "this agent matches sets without conjunctions, so flows have no such numbers")
    }
}

extension ControlThread {
    /// The compiled logical flows, in the form of ovn-controller's cache. What takes memory are matches;
    /// no expressions are kept.
    fileprivate var flowCache: String {
        let statistics = feed.statistics
        let lines = [
            ("high-watermark", feed.mostFlows), ("total", statistics.flows),
            ("cache-expr", 0), ("cache-matches", statistics.matches),
            ("trim count", trimmer.trims),
            ("Mem usage (KB)", statistics.matchWords * MemoryLayout<UInt64>.size / 1024),
            ("not installed", feed.problems.count),
        ]
        return lines.reduce("Enabled: true\n") { text, line in
            let padding = String(repeating: " ", count: max(0, 16 - line.0.count))
            return text + "\(line.0)\(padding): \(line.1)\n"
        }
    }

    /// Ports of local datapaths whose packets come from or go to here.
    fileprivate var relatedPorts: String {
        physical.ports.values.filter(\.place.isRelated).map(\.name).sorted()
            .joined(separator: "\n")
    }

    fileprivate var peerPorts: String {
        guard let southbound else { return "" }
        let ports = southbound.replica.rows(SB.PortBinding.self)
        let known = Set(ports.map(\.row.logicalPort))
        let lines = ports.compactMap { port -> (key: Int, text: String)? in
            guard let peer = port.row.options["peer"], known.contains(peer),
                datapaths.rows.contains(port.row.datapath),
                let datapath = southbound.replica[SB.DatapathBinding.self, port.row.datapath]
            else { return nil }
            let name = datapath.externalIDs["name"] ?? "unknown"
            let text = "dp \(name) : local = \(port.row.logicalPort), remote = \(peer)"
            return (datapath.tunnelKey, text)
        }
        return lines.sorted { ($0.key, $0.text) < ($1.key, $1.text) }.map(\.text)
            .joined(separator: "\n")
    }

    /// What templates stand for on this chassis.
    var templateVariables: [String: String] {
        guard let southbound, let name = identity?.name,
            southbound.replica.serverHas(SB.ChassisTemplateVar.self)
        else { return [:] }
        return southbound.replica.rows(SB.ChassisTemplateVar.self)
            .first { $0.row.chassis == name }?.row.variables ?? [:]
    }

    fileprivate var templateVariableList: String {
        let heading = "Local template vars:\n"
        return templateVariables.sorted { $0.key < $1.key }.reduce(heading) {
            $0 + "name: '\($1.key)' value: '\($1.value)'\n"
        }
    }

    /// Those of local datapaths.
    fileprivate var macBindings: String {
        let heading = "Local MAC bindings:\n"
        guard let southbound else { return heading }
        let keys = Dictionary(
            southbound.replica.rows(SB.PortBinding.self).map {
                ($0.row.logicalPort, $0.row.tunnelKey)
            }
        ) { first, _ in first }
        let lines = southbound.replica.rows(SB.MACBinding.self)
            .filter { datapaths.rows.contains($0.row.datapath) }
            .compactMap { binding -> String? in
                guard let key = keys[binding.row.logicalPort],
                    let datapath = southbound.replica[
                        SB.DatapathBinding.self, binding.row.datapath]
                else { return nil }
                return "datapath-key: \(datapath.tunnelKey), port-key: \(key), "
                    + "ip: \(binding.row.ip), mac: \(binding.row.mac)\n"
            }
        return lines.sorted().reduce(heading, +)
    }
}

extension PortPlace {
    fileprivate var isRelated: Bool {
        switch self {
        case .here, .nested, .bridge, .peer, .redirect: true
        case .network, .remote, .nowhere: false
        }
    }
}
