import OVSDBModel
import Schemas
import Testing

@testable import Northd

/// Mirrors whose copies go to another logical port.
@Suite struct MirrorTests {
    private let network = TestNetwork()
    private let s1: RowUUID
    private let p1: RowUUID
    private let p2: RowUUID

    init() {
        s1 = network.addSwitch("s1")
        let s2 = network.addSwitch("s2")
        p1 = network.addPort("p1", to: s1)
        p2 = network.addPort("p2", to: s1)
        network.addPort("probe", to: s2)
        network.settle()
    }

    private func mirror(_ filter: String, _ rules: [NB.MirrorRule] = []) -> RowUUID {
        let uuid = network.northbound.makeUUID()
        network.edit { builder in
            let children = rules.map { rule in
                let child = network.northbound.makeUUID()
                builder.insert(rule, uuid: child)
                return child
            }
            builder.insert(
                NB.Mirror(
                    name: "m-\(filter)", filter: filter, sink: "probe", type: "lport",
                    mirrorRules: canonicalSet(children)), uuid: uuid)
        }
        return uuid
    }

    private func attach(_ mirrors: [RowUUID], to port: RowUUID) {
        network.change(NB.LogicalSwitchPort.self, port) { $0.mirrorRules = canonicalSet(mirrors) }
        network.settle()
    }

    @Test func aPortStandsForTheTarget() {
        attach([mirror("both")], to: p1)
        let binding = network.binding("mp-s1-probe")
        #expect(binding?.type == "mirror" && binding?.mirrorPort == "probe")
        #expect((binding?.tunnelKey ?? 0) > 0)
        #expect(network.binding("p1")?.mirrorRules == [], "it lives in flows only")
        #expect(
            network.flows("ls_in_mirror", on: "s1") == [
                "[100] inport == \"p1\" -> mirror(\"mp-s1-probe\"); next;", "[0] 1 -> next;",
            ])
        #expect(
            network.flows("ls_out_mirror", on: "s1").first
                == "[100] outport == \"p1\" -> mirror(\"mp-s1-probe\"); next;")
        #expect(
            network.flows("ls_out_pre_acl", on: "s1").first
                == "[65535] outport == \"mp-s1-probe\" -> next(pipeline=egress, table=15);")
    }

    @Test func rulesChooseWhatIsCopied() {
        let rules = [
            NB.MirrorRule(match: "arp || ip6", action: "mirror", priority: 7),
            NB.MirrorRule(match: "tcp", action: "skip", priority: 9),
            NB.MirrorRule(match: "((", action: "skip", priority: 8),
        ]
        attach([mirror("from-lport", rules)], to: p1)
        #expect(
            network.flows("ls_in_mirror", on: "s1").dropLast(2) == [
                "[109] inport == \"p1\" && tcp -> next;",
                "[107] inport == \"p1\" && (arp || ip6) -> mirror(\"mp-s1-probe\"); next;",
            ])
        #expect(network.flows("ls_out_mirror", on: "s1").count == 1)
        #expect(network.problems.count == 1)
        #expect(network.problems.first?.hasPrefix("Mirror_Rule match: ") == true)
    }

    /// Ports that are mirrored to one target share the port that stands for it; it keeps its key
    /// while one of them is left, whichever asked first.
    @Test func mirroredPortsShareTheTarget() {
        let first = mirror("to-lport")
        let second = mirror("from-lport")
        let gre = network.insert(
            NB.Mirror(name: "g", filter: "both", sink: "10.0.0.1", type: "gre"))
        attach([first, gre], to: p1)
        attach([second], to: p2)
        let key = network.binding("mp-s1-probe")?.tunnelKey
        #expect(network.binding("p1")?.mirrorRules == [gre])
        #expect(network.rows(SB.PortBinding.self).filter { $0.row.type == "mirror" }.count == 1)
        attach([gre], to: p1)
        #expect(network.binding("mp-s1-probe")?.tunnelKey == key)
        network.restartNorthd()
        network.settle()
        #expect(network.binding("mp-s1-probe")?.tunnelKey == key)
        attach([], to: p2)
        #expect(network.binding("mp-s1-probe") == nil)
        #expect(network.flows("ls_in_mirror", on: "s1") == ["[0] 1 -> next;"])
    }

    @Test func aTargetThatIsNowhere() {
        let mirror = mirror("both")
        attach([mirror], to: p1)
        network.change(NB.Mirror.self, mirror) { $0.sink = "gone" }
        network.settle()
        #expect(network.problems == ["Mirror sink: no switch port is called \"gone\""])
        #expect(network.binding("mp-s1-probe") == nil && network.binding("mp-s1-gone") == nil)
        network.change(NB.Mirror.self, mirror) { ($0.type, $0.sink) = ("gre", "nowhere") }
        network.settle()
        #expect(network.problems == ["Mirror sink: no IP address: \"nowhere\""])
    }
}
