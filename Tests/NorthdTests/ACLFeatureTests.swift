import LogicalFlow
import OVSDBModel
import Schemas
import Testing

@testable import Northd

private func acl(
    _ match: String, _ action: String, direction: String = "from-lport", priority: Int = 1000,
    _ change: (inout NB.ACL) -> Void = { _ in }
) throws -> ACL {
    var row = NB.ACL(priority: priority, direction: direction, match: match, action: action)
    change(&row)
    return try #require(ACL(row) { column, reason in Issue.record("\(column): \(reason)") })
}

private func rule(
    _ acl: ACL, _ tracking: Tracking = .filtered, isTiered: Bool = false,
    _ change: (inout ACLRule) -> Void = { _ in }
) -> [String] {
    var rule = ACLRule(
        acl: acl,
        surroundings: ACLSurroundings(stage: acl.stage, tracking: tracking, isTiered: isTiered))
    change(&rule)
    return lines(rule)
}

/// The flows of single ACLs.
@Suite struct ACLRuleTests {
    @Test func withoutConntrackARuleIsOneFlow() throws {
        #expect(
            try rule(acl("ip4", "allow-related"), .none) == [
                "ls_in_acl_eval [2000] ip4 -> reg8[16] = 1; next;"
            ])
        #expect(
            try rule(acl("ip4 || ip6", "drop", direction: "to-lport"), .none) == [
                "ls_out_acl_eval [2000] ip4 || ip6 -> reg8[17] = 1; next;"
            ])
        #expect(
            try rule(acl("tcp", "reject", priority: 5), .none) == [
                "ls_in_acl_eval [1005] tcp -> reg8[18] = 1; next;"
            ])
        #expect(try rule(acl("tcp", "pass"), .none) == ["ls_in_acl_eval [2000] tcp -> next;"])
    }

    @Test(arguments: ["allow", "allow-related"])
    func anAllowedConnectionIsCommitted(action: String) throws {
        #expect(
            try rule(acl("ip4 || ip6", action, direction: "to-lport"), .balanced) == [
                "ls_out_acl_eval [2000] reg0[7] == 1 && (ip4 || ip6) -> reg8[16] = 1; next;",
                "ls_out_acl_eval [2000] reg0[8] == 1 && (ip4 || ip6) -> reg8[16] = 1; next;",
            ])
    }

    @Test func aRefusedConnectionIsMarked() throws {
        let drop = try rule(acl("tcp.dst == 80", "drop"))
        #expect(
            drop == [
                "ls_in_acl_eval [2000] reg0[9] == 1 && tcp.dst == 80 -> reg8[17] = 1; next;",
                "ls_in_acl_eval [2000] reg0[10] == 1 && tcp.dst == 80 -> reg8[17] = 1; ct_commit { ct_mark.blocked = 1; ct_label.obs_point_id = 0; }; next;",
            ])
        let reject = try rule(acl("tcp.dst == 80", "reject"))
        #expect(reject == drop.map { $0.replacing("reg8[17]", with: "reg8[18]") })
    }

    @Test func statelessRulesSkipConntrack() throws {
        let stateless = try acl("udp", "allow-stateless", direction: "to-lport", priority: 7)
        #expect(
            rule(stateless) == [
                "ls_out_pre_acl [1007] udp -> reg0[16] = 1; next;",
                "ls_out_acl_eval [1007] udp -> reg8[16] = 1; next;",
            ])
        #expect(
            rule(stateless, .none) == ["ls_out_acl_eval [1007] udp -> reg8[16] = 1; next;"])
    }

    @Test func rulesAfterLoadBalancingAndTiers() throws {
        let late = try acl("ip", "drop") {
            $0.options["apply-after-lb"] = "true"
            $0.tier = 2
        }
        #expect(
            rule(late, .none, isTiered: true) == [
                "ls_in_acl_after_lb_eval [2000] reg8[30..31] == 2 && ip -> reg8[17] = 1; next;"
            ])
        #expect(rule(late, isTiered: true)[0].contains("reg8[30..31] == 2 && reg0[9] == 1 && ip"))
    }

    @Test func aRuleLogs() throws {
        let logged = try acl("ip", "drop") {
            $0.log = true
            $0.name = "n"
            $0.severity = "alert"
        }
        let entry = try #require(logged.logEntry(meter: "m"))
        #expect(
            rule(logged, .none) { $0.log = entry } == [
                "ls_in_acl_eval [2000] ip -> log(name=\"n\", verdict=drop, severity=alert, meter=\"m\"); reg8[17] = 1; next;"
            ])
        let silent = try acl("ip", "drop")
        #expect(silent.logEntry(meter: "m") == nil)
    }

    @Test func aLabelIsCommittedAgain() throws {
        let labelled = try rule(acl("ip", "allow-related") { $0.label = 7 })
        let label =
            "reg0[13] = 1; reg3 = 7; reg9 = 7; reg8[0..7] = 0; reg8[8..15] = 0; reg8[19..20] = 0; "
        #expect(
            labelled == [
                "ls_in_acl_eval [2000] reg0[7] == 1 && ip -> reg8[16] = 1; \(label)next;",
                "ls_in_acl_eval [2000] reg0[8] == 1 && ip -> reg8[16] = 1; reg0[1] = 1; \(label)next;",
            ])
    }

    @Test func connectionsMayOutliveTheirRule() throws {
        let persistent = try acl("ip", "allow-related") {
            $0.options["persist-established"] = "true"
        }
        #expect(persistent.persistsEstablished)
        let text = rule(persistent) { $0.persistentID = 5 }
        #expect(
            text[0].hasSuffix("-> reg8[16] = 1; reg2[16..31] = 5; reg0[20] = 1; next;"))
        #expect(!text[1].contains("reg0[20]"))
    }

    @Test func aNetworkFunctionIsNamed() throws {
        let text = try rule(acl("ip", "allow-related")) { $0.functionGroup = 3 }
        #expect(
            text[0].hasSuffix("reg8[16] = 1; reg8[21] = 1; reg8[22] = 1; reg0[22..29] = 3; next;"))
        #expect(text[1].contains("reg0[1] = 1; reg8[21] = 1;"))
    }

    @Test func transportOfTheConnection() throws {
        var flows = SwitchFlows(.datapath(.zero))
        var rule = ACLRule(
            acl: try acl("tcp.dst == 80", "allow-related"),
            surroundings: ACLSurroundings(stage: .fromPort, tracking: .filtered, isTiered: false))
        rule.translatesTransport = true
        rule.emit(into: &flows)
        #expect(flows.rows.allSatisfy { $0.translatesTransport })
    }

    @Test func templatesStayText() throws {
        #expect(
            try rule(acl("ip4.dst == ^vip || ip6", "drop")) == [
                "ls_in_acl_eval [2000] reg0[9] == 1 && (ip4.dst == ^vip || ip6) -> reg8[17] = 1; next;",
                "ls_in_acl_eval [2000] reg0[10] == 1 && (ip4.dst == ^vip || ip6) -> reg8[17] = 1; ct_commit { ct_mark.blocked = 1; ct_label.obs_point_id = 0; }; next;",
            ])
    }

    @Test func repliesAreLoggedInTheOtherPipeline() throws {
        let logged = try acl("ip", "allow-related") {
            $0.log = true
            $0.label = 9
            $0.options["log-related"] = "true"
        }
        let surroundings = ACLSurroundings(
            stage: .fromPort, tracking: .filtered, isTiered: false)
        let log = try #require(
            ACLReplyLog(acl: logged, surroundings: surroundings, log: logged.logEntry(meter: nil)))
        #expect(
            lines(log)[0]
                == "ls_out_acl_eval [65533] ct.est && !ct.rel && ct.rpl && ct_mark.blocked == 0 && ct_label.label == 9 -> log(verdict=allow, severity=info); reg8[21] = ct_label.nf; reg8[16] = 1; next;"
        )
        #expect(lines(log)[1].contains("!ct.est && ct.rel && !ct.new"))
    }
}

/// Copies of packets.
@Suite struct ACLSamplingTests {
    private let one = SampleTarget(
        point: 100, collectors: [.init(id: 2, set: 20, probability: 65535)])
    private let two = SampleTarget(
        point: 200,
        collectors: [
            .init(id: 2, set: 20, probability: 65535), .init(id: 3, set: 30, probability: 10),
        ])

    @Test func oneCollectorNeedsOneFlow() throws {
        let sampling = ACLSampling(
            acl: try acl("ip", "allow-related"), tracking: .filtered, sampleNew: one,
            sampleEstablished: one, newDomain: 42, establishedDomain: 43, usesRegisters: true)
        let sample = "sample(probability=65535,collector_set=20,obs_domain="
        let known = "flags.pkt_sampled == 0 && ip && ct.trk && (ct.est || ct.rel)"
        #expect(
            lines(sampling) == [
                "ls_in_acl_sample [1000] ip && ct.new && reg8[0..7] == 2 && reg8[19..20] == 0 -> flags.pkt_sampled = 1; \(sample)42,obs_point=reg3); next;",
                "ls_in_acl_sample [1000] \(known) && ct_label.obs_unused == 0 && !ct.rpl && ct_mark.obs_collector_id == 2 && ct_mark.obs_stage == 0 -> flags.pkt_sampled = 1; \(sample)43,obs_point=ct_label.obs_point_id); next;",
                "ls_out_acl_sample [1000] \(known) && ct_label.obs_unused == 0 && ct.rpl && ct_mark.obs_collector_id == 2 -> flags.pkt_sampled = 1; \(sample)43,obs_point=ct_label.obs_point_id); next;",
            ])
    }

    @Test func severalCollectorsNeedAFlowPerRule() throws {
        let sampling = ACLSampling(
            acl: try acl("ip", "allow-related", direction: "to-lport"), tracking: .filtered,
            sampleNew: two, sampleEstablished: nil, newDomain: 42, establishedDomain: nil,
            usesRegisters: true)
        #expect(
            lines(sampling) == [
                "ls_out_acl_sample [1100] ip && (ct.new || !ct.trk) && reg3 == 200 -> flags.pkt_sampled = 1; sample(probability=65535,collector_set=20,obs_domain=42,obs_point=200); sample(probability=10,collector_set=30,obs_domain=42,obs_point=200); next;"
            ])
    }

    @Test func untrackedTrafficIsNewOnly() throws {
        let sampling = ACLSampling(
            acl: try acl("ip", "drop"), tracking: .none, sampleNew: one, sampleEstablished: one,
            newDomain: 42, establishedDomain: 43, usesRegisters: true)
        #expect(lines(sampling).count == 1)
        #expect(lines(sampling)[0].hasPrefix("ls_in_acl_sample [900] ip && reg8[0..7] == 2"))
    }
}

/// The flows that switches share because of their ACLs.
@Suite struct FilteringTraitTests {
    private func tiers(_ stage: ACLStage, _ tier: Int) -> ACLTiers {
        var tiers = ACLTiers()
        tiers[stage] = tier
        return tiers
    }

    @Test func verdictsAndTiers() {
        let text = lines(ACLVerdicts(tiers: tiers(.fromPort, 1), dropsByDefault: false))
        let clear = "reg8[16] = 0; reg8[17] = 0; reg8[18] = 0;"
        #expect(
            text.filter { $0.hasPrefix("ls_in_acl_action") } == [
                "ls_in_acl_action [1000] reg8[16] == 1 -> \(clear) reg8[30..31] = 0; next;",
                "ls_in_acl_action [1000] reg8[17] == 1 -> \(clear) reg8[30..31] = 0;",
                "ls_in_acl_action [1000] reg8[18] == 1 -> \(clear) reg8[30..31] = 0; reg0 = 0; reject { outport <-> inport; next(pipeline=egress, table=10); };",
                "ls_in_acl_action [500] reg8[30..31] == 0 -> reg8[30..31] = 1; next(pipeline=ingress, table=9);",
                "ls_in_acl_action [0] 1 -> \(clear) reg8[30..31] = 0; next;",
            ])
        #expect(text.contains("ls_out_acl_action [0] 1 -> \(clear) next;"))
        #expect(
            text.contains(
                "ls_out_acl_action [1000] reg8[18] == 1 -> \(clear) reg0 = 0; reject { outport <-> inport; next(pipeline=ingress, table=33); };"
            ))
        let dropping = lines(ACLVerdicts(tiers: ACLTiers(), dropsByDefault: true))
        #expect(dropping.contains("ls_in_acl_after_lb_action [0] 1 -> \(clear)"))
    }

    @Test func hintsFollowTheConnection() {
        let text = lines(StatefulFiltering(tiers: ACLTiers(), dropsInvalid: true))
        for line in [
            "ls_in_acl_hint [7] ct.new && !ct.est -> reg0[7] = 1; reg0[9] = 1; reg0[1] = 1; next;",
            "ls_out_acl_hint [6] !ct.new && ct.est && !ct.rpl && ct_mark.blocked == 1 -> reg0[7] = 1; reg0[9] = 1; reg0[1] = 1; next;",
            "ls_in_acl_hint [5] !ct.trk -> reg0[8] = 1; reg0[9] = 1; next;",
            "ls_in_acl_hint [4] !ct.new && ct.est && !ct.rpl && ct_mark.blocked == 0 -> reg0[8] = 1; reg0[10] = 1; next;",
            "ls_in_acl_hint [3] !ct.est -> reg0[9] = 1; next;",
            "ls_in_acl_hint [2] ct.est && ct_mark.blocked == 1 -> reg0[9] = 1; next;",
            "ls_in_acl_hint [1] ct.est && ct_mark.blocked == 0 -> reg0[10] = 1; next;",
        ] {
            #expect(text.contains(line), "missing: \(line)")
        }
    }

    @Test func connectionsComeBeforeRules() {
        let text = lines(StatefulFiltering(tiers: tiers(.fromPort, 2), dropsInvalid: true))
        for line in [
            "ls_in_acl_eval [65532] ct.inv || (ct.est && ct.rpl && ct_mark.blocked == 1) -> reg8[17] = 1; next;",
            "ls_in_acl_eval [65532] ct.est && !ct.rel && ct.rpl && ct_mark.blocked == 0 -> reg0[9] = 0; reg0[10] = 0; reg0[17] = 1; reg8[21] = ct_label.nf; reg8[16] = 1; next;",
            "ls_out_acl_eval [65532] ct.est && !ct.rel && ct.rpl && ct_mark.blocked == 0 -> reg8[21] = ct_label.nf; reg8[16] = 1; next;",
            "ls_in_acl_eval [65532] !ct.est && ct.rel && !ct.new && ct_mark.blocked == 0 -> reg0[17] = 1; reg8[21] = ct_label.nf; reg8[16] = 1; ct_commit_nat;",
            "ls_in_acl_eval [65532] ct.est && ct_mark.allow_established == 1 -> reg0[21] = 1; reg8[21] = ct_label.nf; reg8[16] = 1; next;",
            "ls_in_acl_eval [1] ip && ct.est && ct_mark.blocked == 1 && reg8[30..31] == 2 -> reg8[16] = 1; next;",
            "ls_out_acl_eval [1] ip && ct.est && ct_mark.blocked == 1 -> reg8[16] = 1; next;",
            "ls_in_acl_eval [1] ip && !ct.est -> next;",
            "ls_in_acl_after_lb_eval [65532] reg0[17] == 1 -> reg8[16] = 1; next;",
            "ls_in_acl_after_lb_eval [65532] reg0[21] == 1 -> reg8[16] = 1; next;",
        ] {
            #expect(text.contains(line), "missing: \(line)")
        }
        let lenient = lines(StatefulFiltering(tiers: ACLTiers(), dropsInvalid: false))
        #expect(!lenient.contains { $0.contains("ct.inv") })
    }

    @Test func controlTrafficIsNotTracked() {
        let text = lines(FilteredTracking(translatesTransport: false))
        #expect(text.contains("ls_in_pre_acl [110] eth.mcast -> next;"))
        #expect(text.contains("ls_out_pre_acl [100] ip -> reg0[0] = 1; next;"))
        #expect(
            text.contains(
                "ls_in_pre_acl [110] nd || nd_rs || nd_ra || mldv1 || mldv2 || (udp && udp.src == 546 && udp.dst == 547) -> next;"
            ))
        #expect(
            !lines(FilteredTracking(translatesTransport: true)).contains {
                $0.contains("eth.mcast")
            })
    }

    @Test func connectionsAreCommitted() {
        let text = lines(ConntrackActions())
        #expect(
            text.contains(
                "ls_in_stateful [100] reg0[1] == 1 && reg0[13] == 0 -> ct_commit { ct_mark.blocked = 0; ct_mark.allow_established = reg0[20]; ct_label.acl_id = reg2[16..31]; ct_label.nf = 0; ct_label.nf_id = 0; }; next;"
            ))
        #expect(
            text.contains(
                "ls_out_stateful [110] reg0[1] == 1 && reg0[13] == 1 && reg8[21] == 1 -> ct_commit { ct_mark.blocked = 0; ct_mark.allow_established = reg0[20]; ct_mark.obs_stage = reg8[19..20]; ct_mark.obs_collector_id = reg8[8..15]; ct_label.obs_point_id = reg9; ct_label.acl_id = reg2[16..31]; ct_label.nf = 1; ct_label.nf_id = reg0[22..29]; }; next;"
            ))
        #expect(
            text.contains(
                "ls_in_pre_stateful [115] reg0[2] == 1 && ip.is_frag -> reg0[19] = 1; ct_lb_mark;"))
        #expect(text.contains("ls_out_pre_stateful [100] reg0[0] == 1 -> ct_next;"))
    }

    @Test func untrackedPortsOnSwitchesWithStatefulACLs() {
        let router = switchPort("r") { $0.type = "router" }
        #expect(
            lines(ConntrackBypass(port: router, hasStatefulACL: true)) == [
                "ls_in_pre_acl [110] ip && inport == \"r\" -> next;",
                "ls_out_pre_acl [110] ip && outport == \"r\" -> next;",
                "ls_in_pre_lb [110] ip && inport == \"r\" -> next;",
                "ls_out_pre_lb [110] ip && outport == \"r\" -> next;",
            ])
        let filtered = switchPort("r") {
            $0.type = "router"
            $0.options["enable_router_port_acl"] = "true"
        }
        #expect(
            !lines(ConntrackBypass(port: filtered, hasStatefulACL: true)).contains {
                $0.contains("pre_acl")
            })
        let localnet = switchPort("l") { $0.type = "localnet" }
        #expect(
            lines(ConntrackBypass(port: localnet, hasStatefulACL: true, hasLoadBalancer: true)) == [
                "ls_in_pre_acl [110] ip && inport == \"l\" -> next;",
                "ls_out_pre_acl [110] ip && outport == \"l\" -> flags.pkt_sampled = 0; ct_clear; next;",
            ])
    }
}

/// ACLs in a network.
@Suite struct ACLNetworkTests {
    @Test func aRuleOnAPortGroupIsThereOncePerKindOfSwitch() throws {
        let network = TestNetwork()
        let switches = (0..<4).map { network.addSwitch("s\($0)") }
        let ports = (0..<8).map {
            network.addPort("p\($0)", to: switches[$0 / 2 % 4])
        }
        let group = network.addPortGroup("pg", Array(ports[0..<6]))
        network.addACL("outport == @pg && ip4", "allow-related", onGroup: group)
        network.settle()
        let evals = network.rows(SB.LogicalFlow.self).filter {
            $0.row.match.contains("@pg")
        }
        #expect(evals.count == 2, "two hints, whatever the number of switches and ports")
        #expect(Set(evals.map(\.row.logicalDPGroup)).count == 1)
        #expect(network.flows("ls_out_acl_eval", on: "s2").contains { $0.contains("@pg") })
        #expect(!network.flows("ls_out_acl_eval", on: "s3").contains { $0.contains("@pg") })
        // The first port of the last switch.
        let before = Set(evals.map(\.uuid))
        network.edit {
            $0.mutate(NB.PortGroup.self, group, .ports, .insert(.ofSet([ports[6]])))
        }
        network.settle()
        #expect(network.flows("ls_out_acl_eval", on: "s3").contains { $0.contains("@pg") })
        let after = network.rows(SB.LogicalFlow.self).filter { $0.row.match.contains("@pg") }
        #expect(Set(after.map(\.uuid)) == before, "joining touches no flow")
    }

    @Test func theFirstStatefulRuleMakesItsSwitchTrackConnections() {
        let network = TestNetwork()
        let one = network.addSwitch("one")
        network.addSwitch("two")
        #expect(network.flows("ls_in_pre_acl", on: "one").allSatisfy { !$0.contains("reg0[0]") })
        network.addACL("ip4", "drop", on: one)
        network.settle()
        #expect(
            network.flows("ls_in_acl_eval", on: "one").contains("[2000] ip4 -> reg8[17] = 1; next;")
        )
        #expect(!network.flows("ls_in_acl_hint", on: "one").contains { $0.contains("ct.") })
        let related = network.addACL("tcp", "allow-related", on: one)
        network.settle()
        #expect(
            network.flows("ls_in_pre_acl", on: "one").contains("[100] ip -> reg0[0] = 1; next;"))
        #expect(
            network.flows("ls_in_acl_eval", on: "one").contains(
                "[2000] reg0[9] == 1 && ip4 -> reg8[17] = 1; next;"))
        #expect(
            network.flows("ls_in_acl_eval", on: "two") == [
                "[65535] 1 -> next;",
                "[65532] nd || nd_rs || nd_ra || mldv1 || mldv2 -> reg8[16] = 1; next;",
                "[0] 1 -> next;",
            ])
        network.edit {
            $0.mutate(NB.LogicalSwitch.self, one, .acls, .delete(.ofSet([related])))
        }
        network.settle()
        #expect(!network.flows("ls_in_acl_hint", on: "one").contains { $0.contains("ct.") })
    }

    @Test func aBadMatchIsThatRulesProblem() {
        let network = TestNetwork()
        let datapath = network.addSwitch("s")
        let bad = network.addACL("ip4 &&", "drop", on: datapath)
        network.addACL("ip6", "drop", on: datapath)
        network.settle()
        let problems = network.northd.problems.filter { $0.table == "ACL" }
        #expect(problems.map(\.row) == [bad])
        #expect(problems.map(\.column) == ["match"])
        #expect(
            network.flows("ls_in_acl_eval", on: "s").contains("[2000] ip6 -> reg8[17] = 1; next;"))
    }

    @Test func optionsOfTheDeployment() {
        let network = TestNetwork()
        let datapath = network.addSwitch("s")
        network.addACL("ip6", "allow-related", on: datapath)
        network.setOptions([
            "default_acl_drop": "true", "use_ct_inv_match": "false", "acl_ct_translation": "true",
        ])
        network.settle()
        #expect(
            network.flows("ls_in_acl_action", on: "s").last
                == "[0] 1 -> reg8[16] = 0; reg8[17] = 0; reg8[18] = 0;")
        #expect(!network.flows("ls_in_acl_eval", on: "s").contains { $0.contains("ct.inv") })
        let rules = network.rows(SB.LogicalFlow.self).filter { $0.row.match.hasSuffix("ip6") }
        #expect(!rules.isEmpty)
        #expect(rules.allSatisfy { $0.row.tags["acl_ct_translation"] == "true" })
    }

    @Test func numbersOfPersistentRulesStay() throws {
        let network = TestNetwork()
        let datapath = network.addSwitch("s")
        let persist: (inout NB.ACL) -> Void = { $0.options["persist-established"] = "true" }
        let first = network.addACL("ip4", "allow-related", on: datapath, persist)
        let second = network.addACL("ip6", "allow-related", on: datapath, persist)
        network.settle()
        let numbers = network.rows(SB.ACLID.self)
        #expect(Set(numbers.map(\.uuid)) == [first, second])
        let number = try #require(numbers.first { $0.uuid == second }?.row.id)
        #expect(
            network.flows("ls_in_acl_eval", on: "s").contains {
                $0.hasPrefix("[2000] reg0[7] == 1 && ip6")
                    && $0.contains("reg2[16..31] = \(number); reg0[20] = 1;")
            })
        network.edit {
            $0.mutate(NB.LogicalSwitch.self, datapath, .acls, .delete(.ofSet([first])))
        }
        network.restartNorthd()
        network.settle()
        let after = network.rows(SB.ACLID.self)
        #expect(after.map(\.uuid) == [second])
        #expect(after.map(\.row.id) == [number])
    }

    @Test func aFairMeterIsTheRulesOwn() throws {
        let network = TestNetwork()
        let datapath = network.addSwitch("s")
        let (band, meter) = (network.northbound.makeUUID(), network.northbound.makeUUID())
        network.edit {
            $0.insert(NB.MeterBand(action: "drop", rate: 5), uuid: band)
            $0.insert(
                NB.Meter(name: "m", unit: "pktps", bands: [band], fair: true), uuid: meter)
        }
        let rule = network.addACL("ip4", "drop", on: datapath) {
            $0.log = true
            $0.meter = "m"
        }
        network.settle()
        #expect(network.rows(SB.Meter.self).map(\.row.name).sorted() == ["m", "m__\(rule)"])
        #expect(
            network.flows("ls_in_acl_eval", on: "s").contains {
                $0.contains("meter=\"m__\(rule)\"")
            })
    }

    /// Two rules that say the same, or the opposite, of one packet: both are there, each once.
    @Test func rulesMayOverlap() {
        let network = TestNetwork()
        let s1 = network.addSwitch("s1")
        for action in ["allow", "allow", "drop"] { network.addACL("ip4", action, on: s1) }
        network.settle()
        let texts = network.flows("ls_in_acl_eval", on: "s1").filter { $0.contains("ip4") }
        #expect(Set(texts).count == 2 && texts.count == 3)
        #expect(texts.contains("[2000] ip4 -> reg8[17] = 1; next;"))
        #expect(network.problems.isEmpty)
    }

    /// An answer that the chassis made passes whatever the rules say of it.
    @Test func answersOfTheNameServicePass() {
        let network = TestNetwork()
        let names = network.insert(NB.DNS(records: ["a": "10.0.0.1"]))
        let s1 = network.addSwitch("s1") { $0.dnsRecords = [names] }
        network.addACL("udp", "drop", on: s1, direction: "to-lport", priority: 32767)
        network.settle()
        let eval = network.flows("ls_out_acl_eval", on: "s1")
        #expect(
            eval.contains("[34000] flags.from_ctrl && udp.src == 53 -> reg8[16] = 1; next;"))
        #expect(eval.contains("[33767] udp -> reg8[17] = 1; next;"))
        network.addACL("tcp", "allow-related", on: s1)
        network.settle()
        #expect(
            network.flows("ls_out_acl_eval", on: "s1").contains(
                "[34000] flags.from_ctrl && udp.src == 53 -> reg8[16] = 1; ct_commit; next;"))
    }

    /// The applications say in which domains samples are, and whether there are any.
    @Test func applicationsHaveTheirDomains() {
        let network = TestNetwork()
        network.setOptions(["ignore_chassis_features": "true"])
        let s1 = network.addSwitch("s1")
        let (collector, sample) = (network.northbound.makeUUID(), network.northbound.makeUUID())
        network.edit {
            $0.insert(
                NB.SampleCollector(id: 1, name: "c", probability: 100, setID: 9), uuid: collector)
        }
        let acl = network.northbound.makeUUID()
        network.edit {
            $0.insert(NB.Sample(collectors: [collector], metadata: 77), uuid: sample)
            $0.insert(
                NB.ACL(
                    priority: 1, direction: "from-lport", match: "ip4", action: "allow-related",
                    sampleNew: sample, sampleEst: sample), uuid: acl)
            $0.mutate(NB.LogicalSwitch.self, s1, .acls, .insert(.ofSet([acl])))
        }
        let application = network.insert(NB.SamplingApp(type: "acl-new", id: 11))
        network.settle()
        func samples(_ domain: Int) -> Int {
            network.rows(SB.LogicalFlow.self).filter {
                $0.row.actions.contains("probability=100,collector_set=9,obs_domain=\(domain),")
            }.count
        }
        #expect(samples(11) == 1)
        network.insert(NB.SamplingApp(type: "acl-est", id: 12))
        network.settle()
        #expect(samples(11) == 1 && samples(12) == 2)
        network.change(NB.SamplingApp.self, application) { $0.id = 21 }
        network.settle()
        #expect(samples(11) == 0 && samples(21) == 1)
        // No chassis takes an action that samples none of the packets.
        network.change(NB.SampleCollector.self, collector) { $0.probability = 0 }
        network.settle()
        #expect(!network.rows(SB.LogicalFlow.self).contains { $0.row.actions.contains("sample(") })
    }

    /// One meter is one row, however many rules use it.
    @Test func rulesShareAMeter() {
        let network = TestNetwork()
        let s1 = network.addSwitch("s1")
        let band = network.northbound.makeUUID()
        network.edit {
            $0.insert(NB.MeterBand(action: "drop", rate: 5), uuid: band)
            $0.insert(
                NB.Meter(name: "m", unit: "pktps", bands: [band]),
                uuid: network.northbound.makeUUID())
        }
        for priority in 1...3 {
            network.addACL("ip4", "drop", on: s1, priority: priority) {
                ($0.log, $0.severity, $0.meter) = (true, "info", "m")
            }
        }
        network.settle()
        #expect(network.rows(SB.Meter.self).map(\.row.name) == ["m"])
        #expect(
            network.flows("ls_in_acl_eval", on: "s1").filter { $0.contains("meter=\"m\"") }.count
                == 3)
        network.addACL("ip4", "drop", on: s1) {
            ($0.log, $0.severity, $0.meter) = (true, "info", "absent")
        }
        network.settle()
        #expect(network.problems == ["ACL meter: no meter is called \"absent\""])
    }
}
