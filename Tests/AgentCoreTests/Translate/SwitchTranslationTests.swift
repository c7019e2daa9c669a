import Datapath
import Pipeline
import Testing
import Wire

@testable import AgentCore

/// A logical switch: unicast, floods, tunnels, learning, port security.
@Suite struct SwitchTranslationTests {
    /// Switch 1 with ports p1 and p2 here (kernel ports 1 and 2), p3 on another chassis.
    static func network() -> Control {
        let control = Control()
        let remote = control.tunnel("192.0.2.2")
        control.port("p1", 1, 1, .here(vport: 1))
        control.port("p2", 1, 2, .here(vport: 2))
        control.port("p3", 1, 3, .remote([remote]))
        control.group("_MC_flood", 1, 0x8000, local: [1, 2], remote: [remote])
        control.flow(1, .ingress, 0, 50, "1", "next;")
        control.flow(1, .ingress, 1, 70, "eth.mcast", "outport = \"_MC_flood\"; output;")
        control.flow(
            1, .ingress, 1, 50, "eth.dst == 0a:00:00:00:00:02", "outport = \"p2\"; output;")
        control.flow(
            1, .ingress, 1, 50, "eth.dst == 0a:00:00:00:00:03", "outport = \"p3\"; output;")
        control.flow(1, .egress, 0, 0, "1", "next;")
        control.flow(1, .egress, 1, 0, "1", "output;")
        return control
    }

    static let ports: [ModelDatapath.Port] = [.init(1), .init(2), .init(3), .init(99, .tunnel)]

    static func input(_ frame: [UInt8], on port: UInt32) -> TranslationInput {
        var key = FlowKey(of: frame)
        key[.inputPort] = UInt64(port)
        return TranslationInput(key: key, frame: frame, upcallPort: Host.upcallPort)
    }

    /// A flow as dpctl prints it.
    static func text(_ input: TranslationInput, _ translation: Translation) -> String {
        let text = FlowText()
        return text.key(input.key, mask: translation.mask) + " actions:"
            + text.actions(translation.actions)
    }

    @Test func unicastHereComparesOnlyAddressesThatDecide() {
        var translator = Translator()
        let input = Self.input(Frames.udp(Frames.a, Frames.b), on: 1)
        let translation = translator.translate(input, in: Self.network().snapshot())
        #expect(
            Self.text(input, translation)
                == "recirc_id(0),in_port(1),eth(dst=0a:00:00:00:00:02),eth_type(0x0800),"
                + "ipv4(frag=no) actions:2")
        #expect(translation.drops.isEmpty)
        #expect(
            Set(translation.dependencies) == [
                .tunnelDevice(vport: 1), .zones(datapath: 1), .input(vport: 1),
                .port(PortReference(datapath: 1, port: 1)),
                .port(PortReference(datapath: 1, port: 2)),
            ])
        #expect(translation.lookups.flatMap(\.lookups).count == 4)
    }

    @Test func unicastToAnotherChassisGoesIntoATunnel() {
        var translator = Translator()
        let input = Self.input(Frames.udp(Frames.a, Frames.c), on: 1)
        let translation = translator.translate(input, in: Self.network().snapshot())
        #expect(
            Self.text(input, translation)
                == "recirc_id(0),in_port(1),eth(dst=0a:00:00:00:00:03),eth_type(0x0800),"
                + "ipv4(frag=no) actions:set(tunnel(tun_id=0x1,dst=192.0.2.2,ttl=64,"
                + "geneve({class=0x102,type=0x80,len=4,0x10003}),flags(df|csum|key))),99")
    }

    /// A port that is here and on another chassis; a packet from there has been there.
    @Test func aPortOnTwoChassisGetsPacketsOnBoth() {
        let control = Self.network()
        control.port("p2", 1, 2, .here(vport: 2), alsoAt: [control.tunnel("192.0.2.2")])
        let snapshot = control.snapshot()
        var translator = Translator()
        let here = translator.translate(
            Self.input(Frames.udp(Frames.a, Frames.b), on: 1), in: snapshot)
        #expect(
            FlowText().actions(here.actions)
                == "set(tunnel(tun_id=0x1,dst=192.0.2.2,ttl=64,"
                + "geneve({class=0x102,type=0x80,len=4,0x10002}),flags(df|csum|key))),99,2")
        let there = translator.translate(
            Self.tunnelled(Frames.udp(Frames.c, Frames.b), option: 0x3_0002), in: snapshot)
        #expect(FlowText().actions(there.actions) == "2")
    }

    /// One copy for the other chassis with the group's key, one for each member here but the
    /// sender.
    @Test func broadcastsAreExpandedHereAndSentOnceToEachChassis() {
        var translator = Translator()
        let input = Self.input(Frames.arpRequest(Frames.a, "10.0.0.1", "10.0.0.9"), on: 1)
        let translation = translator.translate(input, in: Self.network().snapshot())
        #expect(
            FlowText().actions(translation.actions)
                == "set(tunnel(tun_id=0x1,dst=192.0.2.2,ttl=64,"
                + "geneve({class=0x102,type=0x80,len=4,0x18000}),flags(df|csum|key))),99,2")
        #expect(translation.drops.map(\.reason) == [.loopback])
    }

    /// From the other chassis, for the datapath of `network`.
    private static func tunnelled(_ frame: [UInt8], option: UInt64) -> TranslationInput {
        var input = Self.input(frame, on: 99)
        input.key[.tunnelID] = 1
        input.key[.tunnelFamily] = TunnelFamily.ipv4
        input.key[wide: .tunnelSource] = 0xc000_0202
        input.key[wide: .tunnelDestination] = 0xc000_0201
        input.key[.tunnelTTL] = 64
        input.key[.tunnelOptions] = TunnelOptions.logical
        input.key[.tunnelOption] = option
        return input
    }

    /// What turns round in the egress pipeline, a refusal or the packet itself, may go back into the
    /// tunnel that brought it.
    @Test(arguments: ["reject { outport <-> inport; %; };", "clone { outport <-> inport; %; };"])
    func whatTurnsRoundGoesBackThroughTheTunnel(actions: String) throws {
        let control = Self.network()
        let block = actions.split(separator: "%").joined(
            separator: "eth.dst = 0a:00:00:00:00:03; next(pipeline=ingress, table=1)")
        control.flow(1, .egress, 0, 50, "udp", block)
        var translator = Translator()
        let input = Self.tunnelled(Frames.udp(Frames.c, Frames.b), option: 0x0003_0002)
        let translation = translator.translate(input, in: control.snapshot())
        let sent =
            translation.emissions.map { $0.flatMap(\.actions) } ?? translation.actions
        #expect(translation.drops.isEmpty)
        #expect(
            FlowText().actions(sent).contains(
                "tunnel(tun_id=0x1,dst=192.0.2.2,ttl=64,"
                    + "geneve({class=0x102,type=0x80,len=4,0x20003})"))
    }

    /// What a tunnel brings is in the egress pipeline at once, and doesn't go into a tunnel again.
    @Test func packetsFromATunnel() {
        let control = Self.network()
        var translator = Translator()
        var input = Self.tunnelled(
            Frames.arpRequest(Frames.c, "10.0.0.3", "10.0.0.9"), option: 0x0003_8000)
        let snapshot = control.snapshot()
        let translation = translator.translate(input, in: snapshot)
        #expect(
            Self.text(input, translation)
                == "recirc_id(0),tunnel(tun_id=0x1,src=192.0.2.2,dst=192.0.2.1,"
                + "geneve({class=0x102,type=0x80,len=4,0x38000/0x7fffffff})),"
                + "in_port(99),eth_type(0x0806) actions:1,2")

        input.key[.tunnelOption] = 0x0003_0002
        #expect(translator.translate(input, in: snapshot).actions == [.output(2)])
        input.key[.tunnelOption] = 0x0001_0003
        #expect(
            translator.translate(input, in: snapshot).drops.map(\.reason)
                == [.notBound(PortReference(datapath: 1, port: 3))])
        input.key[wide: .tunnelSource] = 0xc000_0299
        #expect(
            translator.translate(input, in: snapshot).drops.map(\.reason)
                == [.unknownTunnelSource(.v4(IPv4Address(0xc000_0299)))])
        input.key[.tunnelOptions] = TunnelOptions.foreign
        input.key[wide: .tunnelSource] = 0xc000_0202
        #expect(!translator.translate(input, in: snapshot).isCacheable)
    }

    @Test func vxlanCarriesBothKeysInItsIdentifier() throws {
        let control = Self.network()
        let remote = control.tunnel("192.0.2.3", vport: 98, kind: .vxlan)
        control.port("p3", 1, 3, .remote([remote]))
        control.group("_MC_flood", 1, 0x8000, local: [], remote: [remote])
        var translator = Translator()
        let snapshot = control.snapshot()
        let unicast = translator.translate(
            Self.input(Frames.udp(Frames.a, Frames.c), on: 1), in: snapshot)
        let flood = translator.translate(
            Self.input(Frames.udp(Frames.a, .broadcast), on: 1), in: snapshot)
        guard case .setTunnel(let one)? = unicast.actions.first,
            case .setTunnel(let many)? = flood.actions.first
        else {
            Issue.record("no tunnel: \(unicast.actions) \(flood.actions)")
            return
        }
        #expect(one.id == 0x00_3001)
        #expect(many.id == 0x80_0001)
        #expect(one.option == nil)

        for (id, outport): (UInt64, UInt32) in [(0x00_2001, 2), (0x80_0001, 0x8000)] {
            var input = Self.input(Frames.udp(Frames.c, Frames.b), on: 98)
            input.key[.tunnelID] = id
            input.key[.tunnelFamily] = TunnelFamily.ipv4
            input.key[wide: .tunnelSource] = 0xc000_0203
            var steps: [TranslationStep] = []
            translator.trace = { steps.append($0) }
            _ = translator.translate(input, in: snapshot)
            #expect(steps.contains(.output(PortReference(datapath: 1, port: outport))))
        }
    }

    @Test func unknownPlacesDropAndSayWhy() {
        let control = Self.network()
        control.port("p3", 1, 3, .nowhere)
        var translator = Translator()
        let snapshot = control.snapshot()
        func drops(_ frame: [UInt8], on port: UInt32) -> [PacketDrop.Reason] {
            let translation = translator.translate(Self.input(frame, on: port), in: snapshot)
            #expect(translation.actions.isEmpty)
            #expect(translation.isCacheable)
            return translation.drops.map(\.reason)
        }
        #expect(drops(Frames.udp(Frames.a, Frames.b), on: 3) == [.unknownInput(3)])
        #expect(
            drops(Frames.udp(Frames.a, Frames.c), on: 1)
                == [.notBound(PortReference(datapath: 1, port: 3))])
        #expect(drops(Frames.udp(Frames.a, MACAddress(0x0c)), on: 1) == [.noFlow])
        #expect(drops(Frames.udp(Frames.a, Frames.b), on: 2) == [.loopback])
    }

    @Test func whatIsNotEvaluatedDropsAndNamesTheFlow() {
        let control = Self.network()
        let id = control.flow(1, .ingress, 0, 60, "udp", "next(64);")
        var translator = Translator()
        let translation = translator.translate(
            Self.input(Frames.udp(Frames.a, Frames.b), on: 1), in: control.snapshot())
        #expect(
            translation.drops == [
                PacketDrop(
                    .unsupported("next"),
                    stage: LogicalStage(DatapathKey(1), Stage(.ingress, 0)), flow: id)
            ])
        #expect(translation.actions.isEmpty)
    }

    /// Nothing is known of peers of an EVPN: questions about them find nothing. Nor are there other
    /// availability zones that a flood could reach. The packet itself goes on, in the kernel.
    @Test func anEVPNWithoutPeersIsEmpty() {
        let control = Self.network()
        control.flow(
            1, .ingress, 0, 60, "ip4",
            "reg0[3] = 1; reg0[3] = chk_evpn_arp(ip4.dst); outport = \"p3\"; "
                + "outport = get_remote_fdb(eth.dst); reg5 = 7; reg5 = get_remote_fdb(eth.src); "
                + "flood_remote; next;")
        control.flow(
            1, .ingress, 1, 60, "reg0[3] == 0 && outport == \"none\" && reg5 == 0",
            "outport = \"p2\"; output;")
        control.flow(1, .ingress, 1, 55, "1", "drop;")
        var translator = Translator()
        let translation = translator.translate(
            Self.input(Frames.udp(Frames.a, Frames.c), on: 1), in: control.snapshot())
        #expect(control.builder.problems.isEmpty)
        #expect(translation.drops.isEmpty)
        #expect(translation.slowPath == nil)
        #expect(translation.actions == [.output(2)])
    }

    @Test func endlessPipelinesEnd() {
        let control = Self.network()
        control.flow(1, .ingress, 0, 60, "1", "clone { next(table=0); }; next(table=0);")
        var translator = Translator()
        let translation = translator.translate(
            Self.input(Frames.udp(Frames.a, Frames.b), on: 1), in: control.snapshot())
        #expect(translation.actions.isEmpty)
        let reasons = Set(translation.drops.map(\.reason))
        #expect(reasons.isSubset(of: [.tooManySteps, .tooManyCopies]))
        #expect(!reasons.isEmpty)
    }

    // MARK: - Learning

    @Test func stationsAreLearnedOnceAndThenKnown() throws {
        let control = Self.network()
        control.flow(
            1, .ingress, 0, 100, "inport == \"p1\"",
            "reg0[11] = lookup_fdb(inport, eth.src); next;")
        control.flow(
            1, .ingress, 1, 100, "inport == \"p1\" && reg0[11] == 0",
            "put_fdb(inport, eth.src); outport = get_fdb(eth.dst); output;")
        control.flow(
            1, .ingress, 1, 90, "inport == \"p1\"", "outport = get_fdb(eth.dst); output;")
        var host = Host(control.snapshot(), ports: Self.ports)
        let station = LearnedAddressKey(datapath: 1, address: Frames.a)
        let frame = Frames.udp(Frames.a, MACAddress(0x0c))
        #expect(host.receive(frame, on: 1).effects == [.address(station, port: 1)])

        control.view.learnedAddresses[station] = 1
        control.view.learnedAddresses[
            LearnedAddressKey(datapath: 1, address: MACAddress(0x0c))] = 2
        try host.swap(to: control.snapshot())
        let outcome = host.receive(frame, on: 1)
        #expect(outcome.effects == [.uses(.station(station))])
        #expect(outcome.sent == [.init(port: 2, frame: frame, tunnel: nil)])
    }

    // MARK: - Kernel limits

    /// More members than the kernel takes actions for: the copies are sent from here.
    @Test func floodsBeyondTheKernelsLimitAreExecutedHere() {
        let control = Self.network()
        var ports: [ModelDatapath.Port] = [.init(1)]
        let members = Array(10..<210 as Range<UInt32>)
        for member in members {
            control.port("m\(member)", 1, member, .here(vport: member))
            ports.append(.init(member))
        }
        control.group("_MC_flood", 1, 0x8000, local: members)
        var limits = TranslationLimits()
        limits.actionBytes = 8 * 199
        var host = Host(control.snapshot(), ports: ports)
        host.translator = Translator(limits: limits)
        let frame = Frames.udp(Frames.a, .broadcast)
        let translation = host.translator.translate(
            Self.input(frame, on: 1), in: host.table.snapshot)
        #expect(translation.slowPath == .actionLimit)
        for _ in 0..<2 {
            let outcome = host.receive(frame, on: 1)
            #expect(outcome.faults.isEmpty)
            #expect(outcome.sent.map(\.port) == members)
            #expect(outcome.sent.allSatisfy { $0.frame == frame })
        }
        limits.actionBytes = 8 * 200
        host.translator = Translator(limits: limits)
        let fits = host.translator.translate(Self.input(frame, on: 1), in: host.table.snapshot)
        #expect(fits.slowPath == nil)
        #expect(fits.actions == members.map { .output($0) })
    }

    @Test func packetLengthIsAskedInTheKernel() {
        let control = Self.network()
        control.flow(
            1, .ingress, 0, 100, "1", "reg9[1] = check_pkt_larger(100); next;")
        control.flow(1, .ingress, 1, 100, "reg9[1]", "outport = \"p3\"; output;")
        var host = Host(control.snapshot(), ports: Self.ports)
        let short = Frames.udp(Frames.a, Frames.b)
        let long = Frames.udp(Frames.a, Frames.b, [UInt8](repeating: 1, count: 200))
        #expect(host.receive(short, on: 1).sent.map(\.port) == [2])
        #expect(host.receive(long, on: 1).sent.map(\.port) == [99])
        #expect(host.receive(short, on: 1).sent.map(\.port) == [2])
        #expect(host.upcalls == 1)
        #expect(
            FlowText().actions(host.kernel.dump()[0].actions)
                == "check_pkt_len(size=100,gt(set(tunnel(tun_id=0x1,dst=192.0.2.2,ttl=64,"
                + "geneve({class=0x102,type=0x80,len=4,0x10003}),flags(df|csum|key))),99),le(2))")
    }
}
