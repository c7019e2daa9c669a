// What the local database says of the queues of network devices: columns Port.qos, tables QoS and
// Queue (ovs-vswitchd.conf.db(5)). The rates of logical ports arrive here too (RateRows).
//
// Of the types `linux-htb` is done; `linux-noop` leaves the device to others. Another one is
// reported with the port's name, and the device is left alone.

import OVSDBModel
import OVSDBSession
import Schemas

package struct LocalShaping: Hashable, Sendable {
    /// What is to be done about the disciplines of the devices of bridges, by name.
    package private(set) var devices: [String: HTBShaping] = [:]
    /// Devices of bridges whose disciplines are no business of this agent.
    package private(set) var leftAlone: Set<String> = []
    /// The port of each device, for who reads of it.
    package private(set) var ports: [String: String] = [:]
    package private(set) var problems: [String] = []

    package init() {}

    package init(_ system: LocalSystem, _ replica: Replica, _ kernel: KernelPorts) {
        for bridge in system.bridges.sorted(by: { $0.row.name < $1.row.name }) {
            let ports = bridge.row.ports.compactMap { replica[OVS.Port.self, $0] }
            for port in ports.sorted(by: { $0.name < $1.name }) { add(port, replica, kernel) }
        }
    }

    private mutating func add(_ port: OVS.Port, _ replica: Replica, _ kernel: KernelPorts) {
        let names = port.interfaces.compactMap { replica[OVS.Interface.self, $0]?.name }
        let row = port.qos.flatMap { replica[OVS.QoS.self, $0] }
        let isKnown = ["", "linux-htb"].contains(row?.type ?? "")
        if let row, !isKnown, row.type != "linux-noop" {
            problems.append("Port \(port.name): QoS type \"\(row.type)\" is not supported")
        }
        for name in names.sorted() {
            guard let device = kernel.interfaces[name] else { continue }
            ports[name] = port.name
            if !isKnown { leftAlone.insert(name) }
            guard let row, row.type == "linux-htb" else { continue }
            devices[name] = HTBShaping(row, device, queue: { replica[OVS.Queue.self, $0] })
        }
    }
}

extension HTBShaping {
    /// A device whose driver does not say its speed, or says what it never keeps to (a virtual one),
    /// has no limit of its own.
    fileprivate init(
        _ row: OVS.QoS, _ device: KernelInterface, queue: (RowUUID) -> OVS.Queue?
    ) {
        let isVirtual = ["veth", "tun", "tap"].contains(device.driver.status["driver_name"] ?? "")
        let speed = isVirtual ? 0 : UInt64(clamping: device.driver.speed ?? 0)
        self.init(
            maximum: row.otherConfig.number("max-rate") ?? speed,
            queues: row.queues.compactMapValues { queue($0).map(HTBShaping.Queue.init) },
            mtu: device.mtu)
    }
}

extension HTBShaping.Queue {
    fileprivate init(_ row: OVS.Queue) {
        self.init(
            minimum: row.otherConfig.number("min-rate") ?? 0,
            maximum: row.otherConfig.number("max-rate") ?? 0,
            burst: row.otherConfig.number("burst") ?? 0,
            priority: UInt32(clamping: row.otherConfig.number("priority") ?? 0))
    }
}

extension [String: String] {
    fileprivate func number(_ key: String) -> UInt64? { self[key].flatMap { UInt64($0) } }
}
