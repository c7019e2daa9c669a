// `fdb/show` and `fdb/flush` of ovs-vswitchd(8): the stations of provider bridges. The integration
// bridge learns none; what logical switches have learned is in the Southbound database.

import AgentCore
import Linux
import OVSDBSession
import Schemas
import UnixControl

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
    }
}

extension ControlThread {
    fileprivate func hasBridge(_ name: String) -> Bool {
        system?.bridges.contains { $0.row.name == name } ?? false
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
