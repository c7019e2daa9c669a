import AgentCore
import Testing
import Wire

/// The form in which ovs-vswitchd(8) lists a bridge's stations, which scripts read.
@Suite struct StationTextTests {
    @Test func theColumnsAreThoseOfTheHeading() {
        #expect(StationText.heading == " port  VLAN  MAC                Age")
        let station = StationKey(bridge: "br", vlan: 100, address: MACAddress(0x0200_0000_0064))
        #expect(
            StationText.line(port: "3", station: station, age: 12_999)
                == "    3   100  02:00:00:00:00:64   12")
        #expect(
            StationText.line(port: "LOCAL", station: station, age: 0)
                == "LOCAL   100  02:00:00:00:00:64    0")
        #expect(
            StationText.line(port: "3", station: station, age: nil)
                == "    3   100  02:00:00:00:00:64  static")
    }

    private func key(_ number: UInt64) -> StationKey {
        StationKey(bridge: "br", vlan: 0, address: MACAddress(number))
    }

    private func sighting(_ number: UInt64, _ port: String) -> StationSighting {
        StationSighting(key: key(number), port: .own(port), lifetime: 1000, capacity: 2)
    }

    /// What an administrator has said outlives packets that say otherwise, time, and a flush.
    @Test func aStationThatWasPutSomewhereStaysThere() {
        var table = StationTable()
        #expect(table.fix(key(1), to: .own("a")) == [key(1)])
        #expect(table.fix(key(1), to: .own("a")) == [])
        #expect(table.see(sighting(1, "b"), now: 1) == [])
        #expect(table[key(1)] == .own("a"))
        #expect(table.see(sighting(2, "b"), now: 2) == [key(2)])
        // The table is full: the one that was learned gives way.
        #expect(Set(table.see(sighting(3, "b"), now: 3)) == [key(2), key(3)])
        #expect(table.see(sighting(3, "a"), now: 4) == [key(3)])
        #expect(table.numbers(of: "br") == (2, 1))
        #expect(table.expire(now: 100_000) == [key(3)])
        #expect(table.flush() == [])
        #expect(table.isStatic(key(1)))
        let statistics = table.statistics(of: "br")
        #expect(statistics.learned == 2 && statistics.evicted == 1)
        #expect(statistics.moved == 1 && statistics.expired == 1)
        #expect(
            StationText.statistics(
                of: "br", statistics, numbers: table.numbers(of: "br"), capacity: 2
            ).hasPrefix(
                "Statistics for bridge \"br\":\n  Current/maximum MAC entries in the table: 1/2\n"))
        let releases = (0..<2).map { _ in table.release(key(1)) }
        #expect(releases == [true, false])
        #expect(table.count == 0)
    }
}
