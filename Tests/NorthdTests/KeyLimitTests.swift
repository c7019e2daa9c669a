import OVSDBModel
import Schemas
import Testing

@testable import Northd

/// Keys of a deployment whose chassis speak VXLAN.
@Suite struct KeyLimitTests {
    private func addEncap(_ network: TestNetwork) -> RowUUID {
        let encap = network.southbound.makeUUID()
        network.editSouthbound {
            $0.insert(SB.Encap(type: "vxlan", ip: "9.9.9.9", chassisName: "hv9"), uuid: encap)
            $0.insert(
                SB.Chassis(name: "hv9", encaps: [encap]), uuid: network.southbound.makeUUID())
        }
        network.settle()
        return encap
    }

    @Test func keysFitVXLAN() {
        let network = TestNetwork()
        let s1 = network.addSwitch("s1") { $0.otherConfig["requested-tnl-key"] = "5000" }
        network.addPort("p1", to: s1) { $0.options["requested-tnl-key"] = "3000" }
        network.settle()
        #expect(network.rows(SB.DatapathBinding.self).map(\.row.tunnelKey) == [5000])
        #expect(network.binding("p1")?.tunnelKey == 3000)
        #expect(network.global.options["max_tunid"] == "16711680")
        _ = addEncap(network)
        #expect(network.rows(SB.DatapathBinding.self).allSatisfy { $0.row.tunnelKey <= 4095 })
        #expect((network.binding("p1")?.tunnelKey ?? 9999) <= 2047)
        #expect(network.global.options["max_tunid"] == "4095")
        #expect(network.problems.count == 2, "both wishes can't be granted")
        network.setOptions(["vxlan_mode": "false"])
        network.settle()
        #expect(network.binding("p1")?.tunnelKey == 3000)
        #expect(network.global.options["max_tunid"] == "16711680" && network.problems.isEmpty)
    }

    @Test func aSpaceThatIsFullIsReported() {
        var keys = StickyKeys(1...4)
        let space = RowUUID(high: 1, low: 1)
        func key(_ number: UInt64) -> RowUUID { RowUUID(high: 7, low: number) }
        func request(_ number: UInt64, limit: Int?) -> (key: RowUUID, request: KeyRequest??) {
            (key(number), .some(.some(KeyRequest(space: space, limit: limit))))
        }
        let all = keys.settle((1...4).map { request($0, limit: nil) })
        #expect(all.map(\.grant) == [1, 2, 3, 4])
        let limited = keys.settle((1...4).map { request($0, limit: 2) })
        #expect(limited.map(\.grant) == [1, 2, nil, nil])
        let again = keys.settle((3...4).map { request($0, limit: 4) })
        #expect(Set(again.map(\.grant)) == [3, 4])
    }
}
