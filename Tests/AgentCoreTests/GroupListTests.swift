import OVSDBModel
import Schemas
import Testing

@testable import AgentCore

/// `group-table-list`: the choices that flows of local datapaths make.
@Suite struct GroupListTests {
    private static let balancing = "type=select,selection_method=dp_hash"

    private static func commit(_ backend: String, table: Int, zone: Int, _ more: String = "")
        -> String
    {
        "ct(nat(dst=\(backend)),commit,table=\(table),zone=NXM_NX_REG\(zone)[0..15],"
            + "exec(set_field:2/2->ct_mark\(more)))"
    }

    private static func bucket(_ index: Int, _ actions: String, weight: Int = 100) -> String {
        ",bucket=bucket_id=\(index),weight:\(weight),actions=\(actions)"
    }

    /// A switch and a router with one flow each.
    private func list(
        onSwitch: String = "next;", onRouter: String = "next;", localPorts: Set<String> = [],
        variables: [String: String] = [:]
    ) -> String {
        var rows = SouthboundRows()
        let s1 = rows.datapath("s1", 1)
        let r1 = rows.add(SB.DatapathBinding(tunnelKey: 2, type: "logical-router"))
        let far = rows.datapath("far", 3)
        rows.port("p1", 26, in: s1)
        rows.flow(s1, "ingress", 13, "ls_in_lb", 120, "tcp", onSwitch)
        rows.flow(r1, "ingress", 7, "lr_in_dnat", 120, "tcp", onRouter)
        rows.flow(far, "ingress", 13, "ls_in_lb", 120, "tcp", "ct_lb_mark(backends=192.0.2.1);")
        return GroupList(
            rows.replica, datapaths: [s1, r1], localPorts: localPorts, variables: variables
        ).text
    }

    @Test func backendsOfABalancer() {
        #expect(
            list(onSwitch: "reg0[1] = 0; ct_lb_mark(backends=10.0.0.3:80,10.0.0.4:80);")
                == Self.balancing + Self.bucket(0, Self.commit("10.0.0.3:80", table: 14, zone: 13))
                + Self.bucket(1, Self.commit("10.0.0.4:80", table: 14, zone: 13)) + ": 1")
        #expect(
            list(onRouter: "ct_lb_mark(backends=[fd00::3]:80; force_snat);")
                == Self.balancing
                + Self.bucket(
                    0, Self.commit("[fd00::3]:80", table: 8, zone: 11, ",set_field:8/8->ct_mark"))
                + ": 1")
        #expect(
            list(
                onRouter:
                    "ct_lb_mark(backends=10.0.0.3; hash_fields=\"ip_src,ip_dst\"; skip_snat);")
                == "type=select,selection_method=hash,fields(ip_src,ip_dst)"
                + Self.bucket(
                    0, Self.commit("10.0.0.3", table: 8, zone: 11, ",set_field:4/4->ct_mark"))
                + ": 1")
    }

    /// Numbers follow the order of the texts, and what two flows choose alike is one line.
    @Test func choicesAreNumberedInOrder() {
        let both = list(
            onSwitch: "ct_lb_mark(backends=10.0.0.9); ct_lb_mark(backends=10.0.0.3);",
            onRouter: "reg8[16..31] = select(1=20, 2=80); reg8[16..31] = select(1=20, 2=80);")
        let lines = both.split(separator: "\n")
        #expect(lines.count == 3)
        #expect(lines == lines.sorted())
        #expect(lines.indices.allSatisfy { lines[$0].hasSuffix(": \($0 + 1)") })
        #expect(lines[0].contains("dst=10.0.0.3)") && lines[1].contains("dst=10.0.0.9)"))
        #expect(
            lines[2] == "\(Self.balancing)"
                + Self.bucket(0, "load:1->reg8[16..31],resubmit(,8)", weight: 20)
                + Self.bucket(1, "load:2->reg8[16..31],resubmit(,8)", weight: 80) + ": 3")
    }

    @Test func portsOfAForwardingGroup() {
        #expect(
            list(onSwitch: "fwd_group(childports=\"p1\");")
                == Self.balancing + ",bucket=load=0x1a->NXM_NX_REG15[0..15],output: 1")
        #expect(list(onSwitch: "fwd_group(childports=\"p1\", \"gone\");") == "")
    }

    /// Of backends on this chassis those that are; without one there is no choice, nor without any.
    @Test func onlyWhatCanBeChosen() {
        let local = "ct_lb_mark_local(backends=\"p1\":10.0.0.3:80,\"p2\":10.0.0.4:80);"
        #expect(list(onSwitch: local) == "")
        #expect(
            list(onSwitch: local, localPorts: ["p2"])
                == Self.balancing + Self.bucket(1, Self.commit("10.0.0.4:80", table: 14, zone: 13))
                + ": 1")
        #expect(list(onSwitch: "ct_lb_mark;", onRouter: "next;") == "")
    }

    @Test func templatesStandForWhatTheyAreHere() {
        let template = "ct_lb_mark(backends=^backends);"
        #expect(list(onSwitch: template) == "")
        #expect(
            list(onSwitch: template, variables: ["backends": "10.0.0.3:80"])
                .contains("dst=10.0.0.3:80)"))
    }
}
