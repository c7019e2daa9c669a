import OVSDBModel
import Schemas
import Testing

@testable import Northd
@testable import OVSDBSession

@Suite struct AddressSetTests {
    private let network = TestNetwork()

    private func set(_ name: String) -> [String]? {
        network.rows(SB.AddressSet.self).first { $0.row.name == name }?.row.addresses
    }

    @Test func setsAreCopied() {
        let uuid = network.insert(
            NB.AddressSet(name: "web", addresses: ["10.0.0.1", "10.0.0.2"], options: ["a": "b"]))
        network.settle()
        #expect(set("web") == ["10.0.0.1", "10.0.0.2"])
        #expect(
            network.rows(SB.AddressSet.self).first { $0.row.name == "web" }?.row.options
                == ["a": "b"])
        network.edit { $0.delete(NB.AddressSet.self, uuid) }
        network.settle()
        #expect(set("web") == nil)
    }

    /// A set of thousands changes by the one address that changed.
    @Test func oneAddressIsOneChange() {
        let all = canonicalSet((0..<2000).map { "10.1.\($0 / 250).\($0 % 250)" })
        let uuid = network.insert(NB.AddressSet(name: "many", addresses: all))
        network.settle()
        let row = network.rows(SB.AddressSet.self).first { $0.row.name == "many" }?.uuid
        network.edit {
            $0.mutate(NB.AddressSet.self, uuid, .addresses, .insert(.ofSet(["10.9.9.9"])))
        }
        let view = NorthdView(
            northbound: network.northbound.replica, southbound: network.southbound.replica,
            mayWrite: true)
        let actions = network.northd.step(view, now: network.now)
        guard case .write(.southbound, let transaction)? = actions.last else {
            Issue.record("nothing is written")
            return
        }
        var writer = TransactionWriter(
            transaction, schema: SB.schema, coverage: network.southbound.replica.coverage)
        writer.write(locks: [])
        let text = String(decoding: writer.bytes, as: UTF8.self)
        #expect(text.contains("10.9.9.9") && !text.contains("10.1.0.1\""))
        #expect(text.contains(row?.description ?? "?"))
        _ = network.southbound.commit(transaction)
        #expect(set("many")?.count == 2001)
    }

    /// `$group_ip4` and `$group_ip6` have the addresses of a group's ports.
    @Test func groupsHaveSets() {
        let s1 = network.addSwitch("s1") { $0.otherConfig["subnet"] = "10.0.0.0/24" }
        let p1 = network.addPort("p1", to: s1, addresses: ["02:00:00:00:00:01 10.0.0.7 fd00::7"])
        let p2 = network.addPort("p2", to: s1, addresses: ["dynamic"])
        let group = network.addPortGroup("pg", canonicalSet([p1, p2]))
        network.settle()
        #expect(set("pg_ip4")?.count == 2 && set("pg_ip4")?.contains("10.0.0.7") == true)
        #expect(set("pg_ip6") == ["fd00::7"])
        network.change(NB.LogicalSwitchPort.self, p1) {
            $0.addresses = ["02:00:00:00:00:01 10.0.0.8"]
        }
        network.settle()
        #expect(set("pg_ip4")?.contains("10.0.0.8") == true && set("pg_ip6") == [])
        network.change(NB.PortGroup.self, group) { $0.ports = [p2] }
        network.settle()
        #expect(set("pg_ip4")?.count == 1)
        network.edit { $0.delete(NB.PortGroup.self, group) }
        network.settle()
        #expect(set("pg_ip4") == nil)
    }

    @Test func aSetOfTheConfigurationGoesFirst() {
        let s1 = network.addSwitch("s1")
        let p1 = network.addPort("p1", to: s1, addresses: ["02:00:00:00:00:01 10.0.0.7"])
        network.addPortGroup("pg", [p1])
        let own = network.insert(NB.AddressSet(name: "pg_ip4", addresses: ["10.9.9.9"]))
        network.settle()
        #expect(set("pg_ip4") == ["10.9.9.9"])
        network.edit { $0.delete(NB.AddressSet.self, own) }
        network.settle()
        #expect(set("pg_ip4") == ["10.0.0.7"])
    }
}
