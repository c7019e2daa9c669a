// The commands fdb/* of ovs-vswitchd(8): the stations of provider bridges. The integration
// bridge learns none; what logical switches have learned is in the Southbound database.

import AgentCore
import Linux
import OVSDBSession
import Schemas
import UnixControl
import Wire

struct StationCommands {
    let control: ControlThread
    let worker: DatapathThread

    func register(in registry: ControlRegistry) {
        let (worker, loop) = (self.worker, control.loop)
        let control = OwnerBound(self.control, loop: loop)
        registry.register(
            ControlCommand("fdb/show", usage: "BRIDGE", arguments: 1...1) { request in
                let bridge = request.arguments[0]
                guard control.value.hasBridge(bridge) else { return request.fail("no such bridge") }
                worker.stations(of: bridge) { stations in
                    loop.post { request.reply(control.value.text(of: stations)) }
                }
            })
        registry.register(
            ControlCommand("fdb/flush", usage: "[BRIDGE]", arguments: 0...1) { request in
                let bridge = request.arguments.first
                if let bridge, !control.value.hasBridge(bridge) {
                    return request.fail("no such bridge")
                }
                worker.flushStations(of: bridge) {
                    request.reply("table successfully flushed")
                }
            })
        registerStatic(registry)
    }

    /// Stations that stay where an administrator has put them, until the agent ends.
    private func registerStatic(_ registry: ControlRegistry) {
        ask("fdb/add", "BRIDGE PORT VLAN MAC", 4...4, registry) {
            (control, words) throws(ControlError) in
            let bridge = try control.learningBridge(words[0])
            guard bridge.ports.contains(where: { $0.name == .own(words[1]) }) else {
                throw ControlError("bridge \(words[0]) has no port \(words[1])")
            }
            return .fixStation(
                try StationKey(bridge: words[0], vlan: words[2], address: words[3]), .own(words[1]))
        }
        ask("fdb/del", "BRIDGE VLAN MAC", 3...3, registry) {
            (control, words) throws(ControlError) in
            _ = try control.learningBridge(words[0])
            return .releaseStation(
                try StationKey(bridge: words[0], vlan: words[1], address: words[2]))
        }
        ask("fdb/stats-show", "BRIDGE", 1...1, registry) {
            (control, words) throws(ControlError) in
            let bridge = try control.learningBridge(words[0])
            return .stationStatistics(bridge: words[0], capacity: bridge.capacity)
        }
    }

    private func ask(
        _ name: String, _ usage: String, _ count: ClosedRange<Int>, _ registry: ControlRegistry,
        _ question:
            @escaping (ControlThread, [String]) throws(ControlError) ->
            DatapathThread.Question
    ) {
        let (control, worker) = (self.control, self.worker)
        registry.register(
            ControlCommand(name, usage: usage, arguments: count) { request in
                do throws(ControlError) {
                    worker.ask(try question(control, request.arguments), for: request)
                } catch {
                    request.fail(error.text)
                }
            })
    }
}

extension StationKey {
    fileprivate init(bridge: String, vlan: String, address: String) throws(ControlError) {
        guard let number = UInt16(vlan), number < 4096 else {
            throw ControlError("bad VLAN \(vlan)")
        }
        guard let address = MACAddress(parsing: address) else {
            throw ControlError("bad MAC address")
        }
        self.init(bridge: bridge, vlan: number, address: address)
    }
}

extension ControlThread {
    fileprivate func hasBridge(_ name: String) -> Bool {
        system?.bridges.contains { $0.row.name == name } ?? false
    }

    /// A bridge that learns; the integration bridge does not.
    fileprivate func learningBridge(_ name: String) throws(ControlError) -> ProviderBridge {
        guard hasBridge(name) else { throw ControlError("no such bridge") }
        guard let bridge = attachments.bridges.first(where: { $0.name == name }) else {
            throw ControlError("bridge \(name) learns no stations")
        }
        return bridge
    }

    fileprivate func text(of stations: [DatapathLoop.Station]) -> String {
        let lines = stations.map {
            StationText.line(port: name(of: $0.port), station: $0.key, age: $0.age)
        }
        return ([StationText.heading] + lines).joined(separator: "\n")
    }

    /// The number that Interface.ofport shows; a logical switch's port by its name.
    private func name(of port: BridgePortName) -> String {
        switch port {
        case .logical(let reference): return physical.ports[reference]?.name ?? "?"
        case .own(let name):
            let row = local.replica.rows(OVS.Port.self).first { $0.row.name == name }?.row
            let number = row?.interfaces.first
                .flatMap { local.replica[OVS.Interface.self, $0] }?.ofport
            guard let number else { return name }
            return number == BridgePlan.localNumber ? "LOCAL" : String(number)
        }
    }
}
