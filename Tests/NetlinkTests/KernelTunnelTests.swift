import Datapath
import Linux
import Testing
import Wire

@testable import Netlink

/// Two hosts with an underlay between them; each is a namespace with a datapath of its own.
@Suite(.serialized, .enabled(if: isGuest, "needs a kernel with openvswitch: Tools/vm"))
struct KernelTunnelTests {
    private static let underlay = ["172.16.0.1", "172.16.0.2"]

    private func makeHosts() throws -> (Host, Host) {
        let left = try Host()
        let right = try Host()
        try left.namespace.shell("ip link add under type veth peer name under-peer")
        let found = try left.route.link(named: "under-peer")
        let peer = try #require(found)
        try left.route.move(index: peer.index, to: right.namespace)
        try right.namespace.shell("ip link set under-peer name under")
        for (host, address) in zip([left, right], Self.underlay) {
            try host.namespace.shell(
                "ip addr add \(address)/24 dev under; ip addr add fd16::\(address.last ?? "0")/64 "
                    + "dev under nodad; ip link set under up")
        }
        return (left, right)
    }

    private func addTunnel(
        _ host: Host, _ device: TunnelDevice, upcallSockets: [UInt32] = []
    ) throws -> UInt32 {
        let link = try host.route.ensureTunnel(device)
        let port = try host.control.addPort(
            named: link.name, to: host.datapath, upcallSockets: upcallSockets)
        #expect(port.kind == .device)
        return port.number
    }

    private func address(_ text: String) throws -> IPAddress {
        try #require(IPAddress(parsing: text))
    }

    @Test(arguments: [underlay, ["fd16::1", "fd16::2"]])
    func genevePacketsCarryTheirKeysBothWays(_ ends: [String]) throws {
        let (left, right) = try makeHosts()
        let socket = try right.openUpcallSocket()
        let device = TunnelDevice(kind: .geneve, port: 6081)
        let leftTunnel = try addTunnel(left, device)
        let rightTunnel = try addTunnel(right, device, upcallSockets: [socket.portID])
        let first = try left.addWorkload(1)
        let second = try right.addWorkload(2)
        let out = TunnelKey(
            id: 0x00ab_cdef, source: try address(ends[0]), destination: try address(ends[1]),
            option: 0x0003_8004)
        let back = TunnelKey(
            id: 0x00ab_cdef, destination: try address(ends[0]), option: 0x0004_0003)
        try left.perform(
            try flows(1, from: first.port, [.setTunnel(out), .output(leftTunnel)])
                + flows(3, from: leftTunnel, [.output(first.port)]))
        try right.perform(
            try flows(1, from: second.port, [.setTunnel(back), .output(rightTunnel)]))

        try first.namespace.shell("ping -n -c 1 -W 1 \(second.address) >/dev/null || true")
        let upcalls = try right.nextUpcalls(socket)
        let upcall = try #require(upcalls.first)
        #expect(upcall.key[.inputPort] == UInt64(rightTunnel))
        #expect(upcall.key[.tunnelID] == 0x00ab_cdef)
        #expect(upcall.key[.tunnelOptions] == TunnelOptions.logical)
        #expect(upcall.key[.tunnelOption] == 0x0003_8004)
        let isIPv4 = ends == Self.underlay
        #expect(upcall.key[.tunnelFamily] == (isIPv4 ? TunnelFamily.ipv4 : TunnelFamily.ipv6))
        #expect(upcall.key[.tunnelTTL] == 64)
        #expect(upcall.key[.tunnelFlags] & TunnelFlag.checksum == TunnelFlag.checksum)
        #expect(upcall.key[.tunnelDestinationPort] == 6081)

        try putTunnelFlows(right, upcall.key, to: second.port)
        #expect(try first.canPing(second.address))
        let records = try right.flows()
        let fromTunnel = try #require(
            records.first { $0.id == FlowID(high: 8, low: UInt64(EtherType.ipv4)) })
        #expect(fromTunnel.statistics.packets >= 3)
        #expect(fromTunnel.match?.key[.tunnelOption] == 0x0003_8004)
        #expect(fromTunnel.match?.mask[.tunnelOption] == 0xffff_ffff)
    }

    /// Flows that compare everything OVN does of the outer header.
    private func putTunnelFlows(_ host: Host, _ sample: FlowKey, to port: UInt32) throws {
        let mask = FlowMask(exact: [
            .inputPort, .tunnelID, .tunnelSource, .tunnelDestination, .tunnelOption,
        ])
        let operations = try [EtherType.arp, EtherType.ipv4].map { type -> FlowOperation in
            var key = sample
            for word in FlowKey.firstPacketWord..<FlowKey.wordCount { key.words[word] = 0 }
            key[.ethernetType] = UInt64(type)
            return .put(
                FlowPut(
                    id: FlowID(high: 8, low: UInt64(type)), key: key, mask: mask,
                    actions: try EncodedActions([.output(port)])))
        }
        try host.perform(operations)
        for record in try host.flows() where record.id?.high == 8 {
            guard
                case .put(let put) = operations.first(where: { operation in
                    if case .put(let put) = operation { put.id == record.id } else { false }
                })
            else { continue }
            #expect(record.match == put.match)
        }
    }

    @Test func vxlanCarriesAnIdentifierOnly() throws {
        let (left, right) = try makeHosts()
        let socket = try right.openUpcallSocket()
        let device = TunnelDevice(kind: .vxlan, port: 4789)
        let leftTunnel = try addTunnel(left, device)
        _ = try addTunnel(right, device, upcallSockets: [socket.portID])
        let first = try left.addWorkload(1)
        let tunnel = TunnelKey(id: 77, destination: try address(Self.underlay[1]))
        try left.perform(
            try flows(1, from: first.port, [.setTunnel(tunnel), .output(leftTunnel)]))
        try first.namespace.shell("ping -n -c 1 -W 1 10.7.0.2 >/dev/null || true")
        let upcalls = try right.nextUpcalls(socket)
        let upcall = try #require(upcalls.first)
        #expect(upcall.key[.tunnelID] == 77)
        #expect(upcall.key[.tunnelOptions] == TunnelOptions.none)
        #expect(upcall.key[wide: .tunnelSource] == 0xac10_0001)
    }

    @Test func theDeviceIsWhatTheStockDaemonMakes() throws {
        let host = try Host()
        let link = try host.route.ensureTunnel(TunnelDevice(kind: .geneve, port: 6081))
        #expect(link.name == "genev_sys_6081")
        #expect(link.mtu == 65000)
        let details = try host.namespace.shell("ip -d link show genev_sys_6081")
        for word in ["external", "dstport 6081", "udp6zerocsumrx"] {
            #expect(details.contains(word), "\(word) in \(details)")
        }
    }
}
