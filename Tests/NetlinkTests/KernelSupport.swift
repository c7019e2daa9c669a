import Datapath
import Glibc
import Linux
import Testing
import Wire

@testable import Netlink

/// Whether the tests of the real kernel run, which `Tools/vm` decides.
let isGuest = getenv("OVN_VM").map { String(cString: $0) } == "1"

/// A namespace with a datapath of its own, and workloads behind its ports.
final class Host {
    let namespace: NetworkNamespace
    let route: RouteControl
    let control: DatapathControl
    let datapath: KernelDatapath
    var channel: FlowChannel
    let reader = UpcallReader()

    static let datapathName = "ovs-system"

    init() throws {
        namespace = try NetworkNamespace.create()
        route = try inside(namespace) { () throws(NetlinkError) in try RouteControl.open() }
        control = try inside(namespace) { () throws(NetlinkError) in try DatapathControl.open() }
        let datapath = try control.createDatapath(named: Self.datapathName)
        let families = control.families
        self.datapath = datapath
        channel = try inside(namespace) { () throws(NetlinkError) in
            try FlowChannel.open(datapath, families)
        }
        try namespace.shell("ip link set lo up")
    }

    func openUpcallSocket(queueBytes: Int32 = 1 << 20) throws -> UpcallSocket {
        try inside(namespace) { () throws(NetlinkError) in
            try UpcallSocket.open(queueBytes: queueBytes)
        }
    }

    /// A namespace whose `eth0` is a port of the datapath, with an address of each family.
    func addWorkload(_ number: Int, upcallSockets: [UInt32] = []) throws -> Workload {
        let name = "w\(number)"
        let workload = Workload(
            namespace: try NetworkNamespace.create(), number: number,
            port: try attach(name, upcallSockets))
        let found = try route.link(named: "\(name)-peer")
        let peer = try #require(found)
        try route.move(index: peer.index, to: workload.namespace)
        try workload.configure(deviceNamed: "\(name)-peer")
        return workload
    }

    private func attach(_ name: String, _ upcallSockets: [UInt32]) throws -> UInt32 {
        try namespace.shell("ip link add \(name) type veth peer name \(name)-peer")
        try namespace.shell("ip link set \(name) up")
        return try control.addPort(
            named: name, to: datapath, upcallSockets: upcallSockets
        ).number
    }

    /// Performs operations that must all succeed.
    func perform(_ operations: [FlowOperation]) throws {
        let outcomes = channel.perform(operations)
        for (index, outcome) in outcomes.enumerated() where !outcome.isSuccess {
            throw TestFailure(description: "operation \(index): \(String(describing: outcome))")
        }
    }

    /// Waits for at least one upcall and returns all that are there then.
    func nextUpcalls(_ socket: UpcallSocket, limit: Int = 64) throws -> [Upcall] {
        guard waitUntilReadable(socket.rawDescriptor) else { return [] }
        var upcalls: [Upcall] = []
        _ = try reader.read(socket, limit: limit, into: &upcalls)
        return upcalls
    }

    func flows(_ detail: FlowChannel.Detail = .whole) throws -> [FlowRecord] {
        var found: [FlowRecord] = []
        try channel.forEachFlow(detail) { found.append($0) }
        return found
    }
}

struct Workload: ~Copyable {
    let namespace: NetworkNamespace
    let number: Int
    /// The port's number in the datapath.
    let port: UInt32

    var address: String { "10.7.0.\(number)" }
    var mac: MACAddress { MACAddress(0x0a00_0000_0000 | UInt64(number)) }

    fileprivate func configure(deviceNamed name: String) throws {
        try namespace.shell(
            """
            ip link set lo up
            ip link set \(name) name eth0 address \(mac)
            ethtool -K eth0 tx off >/dev/null 2>&1
            ip addr add \(address)/24 dev eth0
            ip link set eth0 up
            """)
    }

    /// Whether so many echo requests are all answered.
    func canPing(_ address: String, count: Int = 3) throws -> Bool {
        try namespace.succeeds(
            "ping -n -c \(count) -i 0.1 -W 10 \(address) | grep -q ' 0% packet loss'")
    }
}

/// A flow for everything of one type from one port.
func flow(
    _ number: UInt64, from port: UInt32, type: UInt16, _ actions: [DatapathAction],
    recirculation: UInt32 = 0, mode: FlowPut.Mode = .create
) throws -> FlowPut {
    var key = FlowKey()
    key[.inputPort] = UInt64(port)
    key[.ethernetType] = UInt64(type)
    key[.recirculationID] = UInt64(recirculation)
    return FlowPut(
        id: FlowID(high: 1, low: number), key: key, mask: FlowMask(exact: [.inputPort]),
        actions: try EncodedActions(actions), mode: mode)
}

/// ARP and IPv4 from one port to the actions.
func flows(
    _ number: UInt64, from port: UInt32, _ actions: [DatapathAction], recirculation: UInt32 = 0
) throws -> [FlowOperation] {
    try [EtherType.arp, EtherType.ipv4].enumerated().map { index, type in
        .put(
            try flow(
                number + UInt64(index), from: port, type: type, actions,
                recirculation: recirculation))
    }
}
