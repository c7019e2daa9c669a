import OVSDBModel
import OVSDBSession
import Schemas
import Testing

@testable import Northd

/// Tables that northd alone writes are, at any time, what the configuration asks for.
@Suite struct OwnedTableTests {
    private func addMeter(
        _ name: String, rate: Int, to network: TestNetwork
    ) -> (meter: RowUUID, band: RowUUID) {
        let (meter, band) = (network.northbound.makeUUID(), network.northbound.makeUUID())
        network.edit {
            $0.insert(NB.MeterBand(action: "drop", rate: rate, burstSize: 5), uuid: band)
            $0.insert(NB.Meter(name: name, unit: "pktps", bands: [band]), uuid: meter)
        }
        return (meter, band)
    }

    private func rates(_ network: TestNetwork, _ name: String) -> [Int] {
        let meter = network.rows(SB.Meter.self).first { $0.row.name == name }?.row
        return (meter?.bands ?? []).compactMap {
            network.southbound.replica[SB.MeterBand.self, $0]?.rate
        }
    }

    @Test func cataloguesAreThereFromTheStart() {
        let network = TestNetwork()
        let options = network.rows(SB.DHCPOptions.self).map(\.row)
        #expect(options.count == 38)
        #expect(options.contains(SB.DHCPOptions(name: "router", code: 3, type: "ipv4")))
        #expect(
            options.contains(
                SB.DHCPOptions(name: "classless_static_route", code: 121, type: "static_routes")))
        let options6 = network.rows(SB.DHCPv6Options.self).map(\.row)
        #expect(options6.count == 7)
        #expect(options6.contains(SB.DHCPv6Options(name: "server_id", code: 2, type: "mac")))
    }

    @Test func aMeterAndItsBands() {
        let network = TestNetwork()
        let (meter, band) = addMeter("m1", rate: 100, to: network)
        network.settle()
        #expect(rates(network, "m1") == [100])
        network.edit { $0.update(band, [.rate], of: NB.MeterBand(rate: 200)) }
        network.settle()
        #expect(rates(network, "m1") == [200])
        #expect(network.rows(SB.MeterBand.self).count == 1, "the old band is gone")
        network.edit { $0.delete(NB.Meter.self, meter) }
        network.settle()
        #expect(network.rows(SB.Meter.self).isEmpty && network.rows(SB.MeterBand.self).isEmpty)
    }

    @Test func whatSomebodyElseWritesIsSetRight() throws {
        let network = TestNetwork()
        _ = addMeter("m1", rate: 100, to: network)
        network.settle()
        let options = network.rows(SB.DHCPOptions.self)
        let option = try #require(options.first { $0.row.name == "mtu" })
        let meter = network.rows(SB.Meter.self)[0]
        network.editSouthbound {
            $0.delete(SB.DHCPOptions.self, option.uuid)
            $0.insert(
                SB.DHCPOptions(name: "router", code: 9, type: "str"),
                uuid: RowUUID(high: 9, low: 1))
            $0.update(meter.uuid, [.unit], of: SB.Meter(unit: "kbps"))
        }
        network.settle()
        #expect(network.rows(SB.DHCPOptions.self).contains(option))
        #expect(network.rows(SB.DHCPOptions.self).filter { $0.row.name == "router" }.count == 1)
        #expect(network.rows(SB.Meter.self) == [meter])
        let commits = network.southboundCommits
        network.settle()
        #expect(network.southboundCommits == commits)
    }

    /// Rows of a northd that chose other identities stay.
    @Test func rowsOfAnotherNorthdAreAdopted() {
        let first = TestNetwork()
        _ = addMeter("m1", rate: 100, to: first)
        first.settle()
        let other = TestNetwork(copying: first)
        let (meter, band) = (RowUUID(high: 9, low: 1), RowUUID(high: 9, low: 2))
        other.editSouthbound {
            $0.insert(SB.MeterBand(action: "drop", rate: 100, burstSize: 5), uuid: band)
            $0.insert(SB.Meter(name: "m1", unit: "kbps", bands: [band]), uuid: meter)
            $0.insert(SB.DHCPOptions(name: "mtu", code: 26, type: "uint16"), uuid: meter)
        }
        other.settle()
        #expect(
            other.rows(SB.Meter.self) == [
                Identified(uuid: meter, row: SB.Meter(name: "m1", unit: "pktps", bands: [band]))
            ])
        #expect(other.rows(SB.DHCPOptions.self).contains { $0.uuid == meter })
        #expect(other.rows(SB.DHCPOptions.self).count == 38)
    }

    /// A refused transaction is made again.
    @Test func aLostTransactionIsRepeated() {
        let network = TestNetwork()
        _ = addMeter("m1", rate: 100, to: network)
        network.failures = 2
        network.settle()
        #expect(rates(network, "m1") == [100])
    }
}
