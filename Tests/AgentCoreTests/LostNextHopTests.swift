import OVSDBModel
import Schemas
import Testing
import Wire

@testable import AgentCore

/// Whose connections are cut when a next hop that they remember goes.
@Suite struct LostNextHopTests {
    private static let router = RowUUID(high: 1, low: 1)
    private static let a = MACAddress(0x0a00_0000_0001)
    private static let b = MACAddress(0x0a00_0000_0002)

    private static let zones: ZoneNumbers = {
        var zones = ZoneNumbers()
        zones.datapaths[router] = DatapathZones(dnat: 7, snat: 8)
        return zones
    }()

    private static func row(_ nextHop: String, _ mac: String) -> SB.ECMPNexthop {
        SB.ECMPNexthop(nexthop: nextHop, datapath: router, mac: mac)
    }

    private static func gone(_ mac: MACAddress, isIPv6: Bool = false) -> Set<RememberedNextHop> {
        Set([7, 8].map { RememberedNextHop(zone: $0, mac: mac, isIPv6: isIPv6) })
    }

    @Test func whatNoRowSaysAnyMoreIsLost() {
        var memory = NextHopMemory()
        let four = Self.row("10.0.0.1", Self.a.description)
        let six = Self.row("fd00::2", Self.b.description)
        #expect(memory.update([four, six], Self.zones).isEmpty)
        #expect(memory.update([four, six], Self.zones).isEmpty)
        #expect(memory.update([four], Self.zones) == Self.gone(Self.b, isIPv6: true))
        #expect(memory.update([], Self.zones) == Self.gone(Self.a))
        #expect(memory.update([], Self.zones).isEmpty)
    }

    /// A gateway of both families loses the connections of the one that goes.
    @Test func familiesGoOneByOne() {
        var memory = NextHopMemory()
        let rows = ["10.0.0.1", "fd00::1"].map { Self.row($0, Self.a.description) }
        #expect(memory.update(rows, Self.zones).isEmpty)
        #expect(memory.update([rows[1]], Self.zones) == Self.gone(Self.a))
        #expect(memory.update([], Self.zones) == Self.gone(Self.a, isIPv6: true))
    }

    /// Of two addresses of one station the connections by either live as long as one is there.
    @Test func aStationWithTwoAddressesGoesWithTheLast() {
        var memory = NextHopMemory()
        let rows = ["10.0.0.1", "10.0.0.2"].map { Self.row($0, Self.a.description) }
        #expect(memory.update(rows, Self.zones).isEmpty)
        #expect(memory.update([rows[1]], Self.zones).isEmpty)
        #expect(memory.update([], Self.zones) == Self.gone(Self.a))
    }

    @Test func anotherAddressOfTheSameNextHop() {
        var memory = NextHopMemory()
        #expect(memory.update([Self.row("10.0.0.1", "")], Self.zones).isEmpty)
        #expect(memory.update([Self.row("10.0.0.1", Self.a.description)], Self.zones).isEmpty)
        #expect(
            memory.update([Self.row("10.0.0.1", Self.b.description)], Self.zones)
                == Self.gone(Self.a))
        // A router that is not here has no zones.
        #expect(memory.update([], ZoneNumbers()) == Self.gone(Self.b))
        let row = Self.row("10.0.0.1", Self.b.description)
        #expect(memory.update([row], ZoneNumbers()).isEmpty)
        #expect(memory.known.isEmpty)
    }

    /// Bits 32...79 of the label, in the router's zone.
    @Test func connectionsCarryTheAddress() {
        let lost = RememberedNextHop(zone: 7, mac: Self.a, isIPv6: false)
        let label = UInt128(0x0a00_0000_0001) << 32
        func has(_ zone: UInt16, _ label: UInt128, isIPv6: Bool = false) -> Bool {
            lost.isOf(zone: zone, label: label, isIPv6: isIPv6)
        }
        #expect(has(7, label))
        #expect(has(7, label | 5 << 96 | 0xffff_ffff | 9 << 80))
        #expect(!has(9, label))
        #expect(!has(7, label, isIPv6: true))
        #expect(!has(7, UInt128(0x0a00_0000_0002) << 32))
        #expect(!has(7, 0))
    }

    /// Bits 80...95 of the label.
    @Test func connectionsCarryTheirAccessList() {
        var lost = LostConnections()
        #expect(lost.isEmpty && !lost.hasAccessList(label: 5 << 80))
        lost.accessLists = [5]
        #expect(!lost.isEmpty)
        #expect(lost.hasAccessList(label: 5 << 80 | 7 << 96 | 1 << 79))
        #expect(!lost.hasAccessList(label: 5 << 79) && !lost.hasAccessList(label: 5 << 96))
    }
}
