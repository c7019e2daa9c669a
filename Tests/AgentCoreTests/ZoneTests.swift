import OVSDBModel
import Schemas
import Testing

@testable import AgentCore

/// Zones hold live connections: they stay with their users, and nobody inherits one unflushed.
@Suite struct ZoneTests {
    private func demand(
        _ users: Set<String>, requested: [String: UInt16] = [:], isComplete: Bool = true
    ) -> ZoneAllocator.Demand {
        var demand = ZoneAllocator.Demand()
        demand.users = users
        demand.requested = requested
        demand.isComplete = isComplete
        return demand
    }

    @Test func usersKeepTheirZones() {
        var zones = ZoneAllocator()
        #expect(zones.update(demand(["b", "a"])) == [1, 2])
        #expect(zones.assigned == ["a": 1, "b": 2])
        #expect(zones.update(demand(["a", "b", "c"])) == [3])
        #expect(zones.update(demand(["b", "c"])) == [1], "released and flushed")
        #expect(zones.assigned == ["b": 2, "c": 3])
        #expect(zones.update(demand(["b", "c", "d"])) == [1], "flushed before it is used again")
        #expect(zones.assigned["d"] == 1)
        #expect(zones.update(demand(["b", "c", "d"])).isEmpty)
    }

    /// What the kernel did not flush is flushed with the next update, also if that changes nothing.
    @Test func whatIsNotFlushedIsNotForgotten() {
        var zones = ZoneAllocator()
        _ = zones.update(demand(["a"]))
        _ = zones.update(demand(["a", "b"]))
        _ = zones.update(demand(["a", "b"]))
        #expect(zones.unflushed == [1, 2])
        zones.confirmFlush()
        _ = zones.update(demand(["b"]))
        #expect(zones.unflushed == [1])
    }

    @Test func zonesOutliveTheProgram() {
        var zones = ZoneAllocator()
        _ = zones.update(demand(["ls1_snat", "p-1", "p-2"]))
        let written = zones.written(to: ["ovn-nb-cfg": "3", "ct-zone-gone": "9"])
        #expect(
            written == [
                "ovn-nb-cfg": "3", "ct-zone-ls1_snat": "1", "ct-zone-p-1": "2", "ct-zone-p-2": "3",
            ])
        var again = ZoneAllocator(restoring: written)
        #expect(again.update(demand(["p-2"], isComplete: false)).isEmpty)
        #expect(again.assigned == zones.assigned, "the rest has not been heard of yet")
        #expect(again.update(demand(["p-2", "q"])) == [1, 2])
        #expect(again.assigned == ["p-2": 3, "q": 1])
        let broken = ZoneAllocator(
            restoring: ["ct-zone-a": "7", "ct-zone-b": "7", "ct-zone-c": "x"])
        #expect(broken.assigned == ["a": 7], "no zone has two users")
    }

    @Test func aRequestedZoneMovesItsHolder() {
        var zones = ZoneAllocator()
        _ = zones.update(demand(["a", "r_snat"]))
        #expect(zones.update(demand(["a", "r_snat"], requested: ["r_snat": 1])) == [1, 2])
        #expect(zones.assigned == ["a": 2, "r_snat": 1])
        #expect(zones.update(demand(["a", "r_snat"], requested: ["r_snat": 0])) == [0])
        #expect(zones.assigned == ["a": 2, "r_snat": 0], "zone 0 is legal")
        #expect(zones.update(demand(["a", "r_snat"], requested: ["r_snat": 0])).isEmpty)
    }

    @Test func theRangeIsKept() {
        var zones = ZoneAllocator()
        _ = zones.update(demand(["a", "b"]))
        var narrow = demand(["a", "b", "c"])
        narrow.range = 10...11
        #expect(zones.update(narrow) == [1, 2, 10, 11])
        #expect(zones.assigned == ["a": 10, "b": 11])
        #expect(zones.unserved == ["c"])
    }

    @Test func portsAndDatapathsHaveZones() throws {
        var inputs = PhysicalInputs()
        let router = RowUUID(high: 1, low: 1)
        let port = RowUUID(high: 2, low: 1)
        inputs.datapaths[router] = SB.DatapathBinding(
            tunnelKey: 5, type: "logical-router", externalIDs: ["name": "r", "snat-ct-zone": "30"])
        inputs.ports = [
            (port, SB.PortBinding(logicalPort: "vm", datapath: router, tunnelKey: 1)),
            (
                RowUUID(high: 2, low: 2),
                SB.PortBinding(logicalPort: "far", datapath: router, tunnelKey: 2)
            ),
        ]
        let interface = LocalInterface(
            row: RowUUID(high: 3, low: 1), name: "tap0", logicalPort: "vm", vport: 7)
        let identity = ChassisIdentity(
            row: RowUUID(high: 4, low: 1), name: "hv", hostname: "host", encaps: [])
        inputs.claims[port] = identity.claim(
            on: inputs.ports[0].1, interfaces: LocalInterfaces([interface]), parent: { _ in nil })
        let pass = ZonePass(inputs, range: 1...100, isComplete: true)
        #expect(pass.demand.users == ["vm", "r_dnat", "r_snat"])
        var zones = ZoneAllocator()
        _ = zones.update(pass.demand)
        inputs.zones = pass.numbers(zones)
        var builder = PhysicalBuilder(inputs)
        let view = builder.build()
        #expect(view.zones[5] == DatapathZones(dnat: 1, snat: 30, hasRequestedZone: true))
        #expect(view.zones[5]?.common == 30)
        let reference = PortReference(datapath: 5, port: 1)
        #expect(view.ports[reference]?.zone == 2)
        #expect(view.ports[PortReference(datapath: 5, port: 2)]?.zone == 0)
        #expect(view.localPorts == ["vm"])
    }

    /// A datapath's limit is for all of its zones; a port's own goes before it.
    @Test func zonesHaveLimits() {
        var inputs = PhysicalInputs()
        let (limited, free) = (RowUUID(high: 1, low: 1), RowUUID(high: 1, low: 2))
        inputs.datapaths[limited] = SB.DatapathBinding(
            tunnelKey: 5, type: "logical-switch", externalIDs: ["name": "s", "ct-zone-limit": "50"])
        inputs.datapaths[free] = SB.DatapathBinding(
            tunnelKey: 6, type: "logical-switch", externalIDs: ["name": "t", "ct-zone-limit": "0"])
        inputs.ports = [
            Self.local("a", limited, [:]), Self.local("b", limited, ["ct-zone-limit": "7"]),
            Self.local("c", free, [:]), Self.local("d", free, ["ct-zone-limit": "9"]),
        ]
        let pass = ZonePass(inputs, range: 1...100, isComplete: true)
        var zones = ZoneAllocator()
        _ = zones.update(pass.demand)
        let expected = ["a": 50, "b": 7, "d": 9, "s_dnat": 50, "s_snat": 50] as [String: UInt32]
        #expect(
            pass.limits(zones)
                == Dictionary(
                    uniqueKeysWithValues: expected.map { (zones.assigned[$0.key] ?? 0, $0.value) }))
    }

    /// Needs a zone without being claimed.
    private static func local(
        _ name: String, _ datapath: RowUUID, _ options: [String: String]
    ) -> (RowUUID, SB.PortBinding) {
        (
            RowUUID(high: 2, low: UInt64(name.utf8.first ?? 0)),
            SB.PortBinding(
                logicalPort: name, type: "localnet", options: options, datapath: datapath)
        )
    }
}
