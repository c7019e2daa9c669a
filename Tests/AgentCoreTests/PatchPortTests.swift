import AgentCore
import OVSDBModel
import OVSDBSession
import Schemas
import Testing

/// The rows of patch ports between the integration bridge and those of physical networks.
@Suite struct PatchPortTests {
    private struct World {
        var database = LocalDatabase(OVS.schema)
        var bridges: [String: RowUUID] = [:]
        private var numbers: UInt64 = 0

        init() {
            for name in ["br-int", "br-ex", "br-other"] {
                let interface = database.insert(OVS.Interface(name: name, type: "internal"))
                let port = database.insert(OVS.Port(name: name, interfaces: [interface]))
                bridges[name] = database.insert(OVS.Bridge(name: name, ports: [port]))
            }
            database.insert(
                OVS.OpenVSwitch(
                    bridges: bridges.values.sorted(), externalIDs: ["system-id": "hv1"]))
        }

        @discardableResult
        mutating func write(_ pairs: [PatchPair]) throws -> Bool {
            var transaction = TransactionBuilder()
            let system = try #require(
                LocalSystem(database.replica, commandLineName: nil, hostname: "h"))
            var number = numbers
            PatchPorts(system, database.replica).write(pairs, into: &transaction) {
                number += 1
                return RowUUID(high: 0x99, low: number)
            }
            numbers = number
            try database.commit(transaction)
            return !transaction.isEmpty
        }

        mutating func add(_ port: OVS.Port, to bridge: String) throws {
            let uuid = database.insert(port)
            database.update(OVS.Bridge.self, try #require(bridges[bridge])) {
                $0.ports.append(uuid)
            }
        }

        /// `BRIDGE: PORT (external ids) -> peer`
        func shown() -> [String] {
            bridges.sorted { $0.key < $1.key }.flatMap { name, uuid -> [String] in
                let ports = database.replica[OVS.Bridge.self, uuid]?.ports ?? []
                return ports.compactMap { database.replica[OVS.Port.self, $0] }
                    .filter { $0.name != name }.map { port in
                        let interface = port.interfaces.first
                            .flatMap { database.replica[OVS.Interface.self, $0] }
                        let marks = port.externalIDs.map { "\($0.key)=\($0.value)" }
                        return "\(name): \(port.name) \(marks.sorted().joined()) "
                            + "\(interface?.type ?? "-") \(interface?.options["peer"] ?? "-")"
                    }.sorted()
            }
        }
    }

    private static let net = PatchPair(
        logicalPort: "net", bridge: "br-ex", key: "ovn-localnet-port")

    private static let rows = [
        "br-ex: patch-net-to-br-int ovn-localnet-port=net patch patch-br-int-to-net",
        "br-int: patch-br-int-to-net ovn-localnet-port=net patch patch-net-to-br-int",
    ]

    @Test func aPairForEachPortToANetwork() throws {
        var world = World()
        try world.write([Self.net])
        #expect(world.shown() == Self.rows)
        #expect(try !world.write([Self.net]), "nothing is written again")
        let gateway = PatchPair(
            logicalPort: "gw", bridge: "br-ex", key: "ovn-l2gateway-port")
        try world.write([gateway])
        #expect(
            world.shown() == [
                "br-ex: patch-gw-to-br-int ovn-l2gateway-port=gw patch patch-br-int-to-gw",
                "br-int: patch-br-int-to-gw ovn-l2gateway-port=gw patch patch-gw-to-br-int",
            ])
        try world.write([])
        #expect(world.shown().isEmpty)
    }

    @Test func aNetworkMovesToAnotherBridge() throws {
        var world = World()
        try world.write([Self.net])
        try world.write([
            PatchPair(logicalPort: "net", bridge: "br-other", key: "ovn-localnet-port")
        ])
        #expect(world.shown().map { $0.prefix(8) } == ["br-int: ", "br-other"])
    }

    /// An administrator's ports stay; those of a bridge that was the integration bridge go.
    @Test func portsOfOthersStay() throws {
        var world = World()
        try world.add(OVS.Port(name: "patch-br-int-to-mine"), to: "br-int")
        try world.add(
            OVS.Port(name: "patch-x-to-br-old", externalIDs: ["ovn-localnet-port": "x"]),
            to: "br-ex")
        try world.write([])
        #expect(world.shown() == ["br-int: patch-br-int-to-mine  - -"])
    }

    /// Ports of local datapaths whose network this host has; a gateway where it is claimed.
    @Test func whichPortsHaveOne() {
        var inputs = PhysicalInputs()
        let datapath = RowUUID(high: 1, low: 1)
        inputs.datapaths[datapath] = SB.DatapathBinding(tunnelKey: 1)
        inputs.bridgeMappings = ["physnet": "br-ex", "gone": "br-gone"]
        inputs.bridges = [ProviderBridge(name: "br-ex", ports: [])]
        for (number, name, type, network) in [
            (1, "net", "localnet", "physnet"), (2, "lost", "localnet", "gone"),
            (3, "gw", "l2gateway", "physnet"), (4, "vm", "", "physnet"),
        ] as [(UInt64, String, String, String)] {
            inputs.ports.append(
                (
                    RowUUID(high: 2, low: number),
                    SB.PortBinding(
                        logicalPort: name, type: type, options: ["network_name": network],
                        datapath: datapath, tunnelKey: Int(number))
                ))
        }
        #expect(inputs.patchPairs == [Self.net])
        inputs.claims[RowUUID(high: 2, low: 3)] = PortClaim(
            role: .main, interface: nil, encap: nil)
        #expect(inputs.patchPairs.map(\.logicalPort) == ["gw", "net"])
        #expect(inputs.patchPairs.map(\.key) == ["ovn-l2gateway-port", "ovn-localnet-port"])
    }
}
