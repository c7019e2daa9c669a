import Datapath
import OVSDBModel
import Schemas
import Testing
import Wire

@testable import Northd

/// How often the kernel looks a packet up again on typical paths, on the flows of this northd. Each pass
/// through connection tracking costs one trip; a packet should make no other, except to be balanced.
@Suite struct RecirculationTests {
    /// Workloads as in the network of the guest: vmSH is on switch S and hypervisor H.
    private struct Station {
        let name: String
        let mac: MACAddress
        let address: String
        /// The router's port on its switch.
        let router: MACAddress

        init(_ name: String) {
            let digits = name.dropFirst(2).compactMap(\.wholeNumberValue)
            let (number, host) = (UInt64(digits[0]), UInt64(digits[1]))
            self.name = name
            mac = MACAddress(0x0200_0000_0010 + number << 8 + host)
            address = "10.0.\(number).1\(host)"
            router = MACAddress(0x0000_0000_ff00 + number)
        }
    }

    private static let outside = "10.0.9.1"
    private static let floating = "10.0.9.50"
    private static let virtual = "172.16.0.10"

    private let network = TestNetwork()
    private let router: RowUUID
    private let switches: [RowUUID]

    /// Switches 1, 2 and, behind the gateway port on hv1, 9.
    init() {
        let network = self.network
        let router = network.addRouter("r")
        self.router = router
        network.addChassis("hv1", at: "192.0.2.1")
        network.addChassis("hv2", at: "192.0.2.2")
        switches = [1, 2, 9].map { number in
            let datapath = network.addSwitch("s\(number)")
            let port = network.connect(
                router, datapath, name: "r-s\(number)", mac: "00:00:00:00:ff:0\(number)",
                networks: ["10.0.\(number).1/24"])
            if number == 9 { network.addGateways("hv1", to: port.routerPort) }
            for host in [1, 2] {
                let station = Station("vm\(number)\(host)")
                let text = "\(station.mac) \(station.address)"
                network.addPort(station.name, to: datapath, addresses: [text]) {
                    $0.portSecurity = [text]
                }
            }
            return datapath
        }
        network.settle()
    }

    /// The hypervisors as of now, every port in its place.
    private func fabric() throws -> TestFabric {
        network.settle()
        for chassis in network.rows(SB.Chassis.self) {
            let host = chassis.row.name.suffix(1)
            for binding in network.rows(SB.PortBinding.self).map(\.row)
            where binding.logicalPort.hasPrefix("vm") && binding.logicalPort.hasSuffix(host) {
                network.changeBinding(binding.logicalPort) {
                    $0.chassis = chassis.uuid
                    $0.up = true
                }
            }
            if host == "1" { network.changeBinding("cr-r-s9") { $0.chassis = chassis.uuid } }
        }
        network.settle()
        #expect(network.northd.problems.isEmpty)
        return TestFabric(hypervisors: [
            try #require(
                TestHypervisor("hv1", "192.0.2.1", ports: ["vm11", "vm21", "vm91"], of: network)),
            try #require(
                TestHypervisor("hv2", "192.0.2.2", ports: ["vm12", "vm22", "vm92"], of: network)),
        ])
    }

    /// What the packets of connections cost.
    private struct Cost: Equatable, CustomStringConvertible {
        /// Trips of the first packet, of one of an established connection, and of an answer.
        var new: Int
        var going: Int
        var answer: Int

        init(new: Int, going: Int, answer: Int) {
            self.new = new
            self.going = going
            self.answer = answer
        }

        var description: String { "new: \(new), going: \(going), answer: \(answer)" }
    }

    /// Connections from one to another until flows for all of their packets are cached.
    ///
    /// - Parameter address: what the client asks; nil for the server's own.
    private func cost(
        _ client: String, _ server: String, asking address: String? = nil,
        _ fabric: TestFabric
    ) throws -> Cost {
        let (client, server) = (Station(client), Station(server))
        var cost = Cost(new: -1, going: -1, answer: -1)
        for port in 4000..<4004 as Range<UInt16> {
            let isNear = address == nil && client.router == server.router
            let question = PacketBuilder.udp(
                EthernetHeader(
                    destination: isNear ? server.mac : client.router, source: client.mac),
                Self.addresses(client.address, address ?? server.address), source: port,
                destination: 53, [1])
            for round in 0..<3 {
                let journey = fabric.send(question, from: client.name)
                try #require(journey.faults == [] && journey.receivers == [server.name])
                let answer = fabric.send(
                    Self.answer(journey.arrivals[0].frame), from: server.name)
                try #require(answer.faults == [] && answer.receivers == [client.name])
                let key = FlowKey(of: answer.arrivals[0].frame)
                #expect(key[.destinationPort] == UInt64(port))
                #expect(key[.sourcePort] == 53)
                #expect(
                    IPv4Address(UInt32(key[.ipv4Source])).description
                        == address ?? server.address)
                if round == 0 { cost.new = journey.trips }
                (cost.going, cost.answer) = (journey.trips, answer.trips)
            }
        }
        return cost
    }

    private static func addresses(_ source: String, _ destination: String) -> IPHeader.Addresses {
        .v4(
            source: IPv4Address(parsing: source) ?? .zero,
            destination: IPv4Address(parsing: destination) ?? .zero)
    }

    /// The same datagram back to where it came from.
    private static func answer(_ frame: [UInt8]) -> [UInt8] {
        let key = FlowKey(of: frame)
        return PacketBuilder.udp(
            EthernetHeader(
                destination: MACAddress(key[.ethernetSource]),
                source: MACAddress(key[.ethernetDestination])),
            .v4(
                source: IPv4Address(UInt32(key[.ipv4Destination])),
                destination: IPv4Address(UInt32(key[.ipv4Source]))),
            source: UInt16(key[.destinationPort]), destination: UInt16(key[.sourcePort]), [2])
    }

    @Test func withoutConnectionsNoPacketMakesATrip() throws {
        let fabric = try fabric()
        #expect(try cost("vm11", "vm12", fabric) == Cost(new: 0, going: 0, answer: 0))
        #expect(try cost("vm11", "vm22", fabric) == Cost(new: 0, going: 0, answer: 0))
        #expect(try cost("vm11", "vm21", fabric) == Cost(new: 0, going: 0, answer: 0))
    }

    /// One pass at each of the two ports.
    @Test func statefulRulesCostOneTripAtEachPort() throws {
        network.addACL("inport == \"vm11\" && ip", "allow-related", on: switches[0])
        for port in ["vm12", "vm11"] {
            network.addACL(
                "outport == \"\(port)\" && ip", "allow-related", on: switches[0],
                direction: "to-lport")
        }
        let fabric = try fabric()
        #expect(try cost("vm11", "vm12", fabric) == Cost(new: 2, going: 2, answer: 2))
    }

    /// The first packet makes one trip more, to be given its server.
    @Test func balancingCostsOneTrip() throws {
        let balancer = network.addLoadBalancer("web", ["\(Self.virtual):53": "10.0.2.12:53"]) {
            $0.protocol = "udp"
        }
        network.edit {
            $0.mutate(
                NB.LogicalSwitch.self, switches[0], .loadBalancer, .insert(.ofSet([balancer])))
        }
        let fabric = try fabric()
        #expect(
            try cost("vm11", "vm22", asking: Self.virtual, fabric)
                == Cost(new: 2, going: 1, answer: 1))
    }

    /// Whether it is a reply in the zone of sources, then the translation; an answer is translated back
    /// and known as one from there on.
    @Test(arguments: ["vm11", "vm12"]) func sourcesOnTheWayOut(_ client: String) throws {
        network.addNAT("snat", Self.outside, "10.0.1.0/24", on: router)
        let fabric = try fabric()
        #expect(try cost(client, "vm91", fabric) == Cost(new: 2, going: 2, answer: 1))
    }

    /// Both zones on the way in, where the connection is also followed in that of the destination on its
    /// way on; the first packet begins it there.
    @Test(arguments: ["vm11", "vm12"]) func destinationsOnTheWayIn(_ server: String) throws {
        network.addNAT("dnat_and_snat", Self.floating, Station(server).address, on: router)
        let fabric = try fabric()
        #expect(
            try cost("vm91", server, asking: Self.floating, fabric)
                == Cost(new: 4, going: 3, answer: 1))
    }
}
