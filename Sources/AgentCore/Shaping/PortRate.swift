// What a logical port may send to the physical network (ovn-nb(5), qos_min_rate, qos_max_rate and
// qos_burst; ovn-northd gives the port a queue).
//
// A rate holds on the chassis that has the port: for a workload where it is bound, for a localnet
// port wherever its switch is.

import OVSDBModel
import Schemas

package struct PortRate: Hashable, Sendable {
    package let port: String
    /// The physical network at whose device the queue is.
    package let network: String
    package let queue: Int
    /// Bits per second; 0 for none.
    package let minimum: UInt64
    /// Bits per second; 0 for none.
    package let maximum: UInt64
    /// Bits; 0 for none.
    package let burst: UInt64

    /// The highest number of a queue (ovn-controller's QDISC_MAX_QUEUE_ID).
    package static let highestQueue = 0xf000

    package init(
        port: String, network: String, queue: Int, minimum: UInt64 = 0, maximum: UInt64 = 0,
        burst: UInt64 = 0
    ) {
        self.port = port
        self.network = network
        self.queue = queue
        self.minimum = minimum
        self.maximum = maximum
        self.burst = burst
    }

    /// Nil for a port without a rate, without a queue, or on a switch of no physical network.
    package init?(_ row: SB.PortBinding) {
        func number(_ key: String) -> UInt64 { row.options[key].flatMap { UInt64($0) } ?? 0 }
        let queue = Int(clamping: number("qdisc_queue_id"))
        guard let network = row.options["qos_physical_network"], (1...Self.highestQueue) ~= queue
        else { return nil }
        self.init(
            port: row.logicalPort, network: network, queue: queue,
            minimum: number("qos_min_rate"), maximum: number("qos_max_rate"),
            burst: number("qos_burst"))
        guard minimum != 0 || maximum != 0 || burst != 0 else { return nil }
    }

    /// Queue.other_config (ovs-vswitchd.conf.db(5)), as ovn-controller writes it.
    var configuration: [String: String] {
        ["min-rate": String(minimum), "max-rate": String(maximum), "burst": String(burst)]
    }
}

extension PhysicalInputs {
    /// The rates that hold here, by port.
    package var portRates: [PortRate] {
        ports.filter { claims[$0.0] != nil || $0.1.type == "localnet" }
            .compactMap { PortRate($0.1) }
            .sorted { $0.port < $1.port }
    }
}
