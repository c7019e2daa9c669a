import Datapath
import Pipeline
import Testing
import Wire

@testable import AgentCore

@Suite struct VLANMembershipTests {
    @Test(arguments: [
        (VLANMembership.access(100), UInt16(0), UInt16?(100)), (.access(100), 100, nil),
        (.access(100), 7, nil), (.trunk(), 0, 0), (.trunk(), 7, 7), (.trunk([7, 8]), 7, 7),
        (.trunk([7, 8]), 0, nil), (.trunk([7, 8]), 9, nil),
        (.native(5, isTagged: true), 0, 5), (.native(5, isTagged: true), 5, 5),
        (.native(5, isTagged: false, trunks: [7]), 7, 7),
        (.native(5, isTagged: false, trunks: [7]), 9, nil),
    ])
    func aFrameHasTheVLANThatThePortGivesIt(
        port: VLANMembership, number: UInt16, vlan: UInt16?
    ) {
        #expect(port.vlan(ofReceived: number) == vlan)
    }

    @Test(arguments: [
        (VLANMembership.access(100), UInt16(100), UInt16?(nil)), (.trunk(), 0, nil),
        (.trunk(), 7, 7), (.native(5, isTagged: true), 5, 5),
        (.native(5, isTagged: false), 5, nil), (.native(5, isTagged: false), 7, 7),
    ])
    func aFrameLeavesInTheFormOfThePort(port: VLANMembership, vlan: UInt16, tag: UInt16?) {
        #expect(port.carries(vlan))
        #expect(port.sentTag(vlan) == tag)
    }
}

@Suite struct StationTableTests {
    private func sighting(_ address: UInt64, _ port: String, capacity: Int = 2) -> StationSighting {
        StationSighting(
            key: StationKey(bridge: "br", vlan: 0, address: MACAddress(address)),
            port: .own(port), lifetime: 300, capacity: capacity)
    }

    @Test func aStationIsWhereItWasSeenLast() {
        var table = StationTable()
        let first = sighting(1, "p")
        #expect(table.see(first, now: 0) == [first.key])
        #expect(table.see(first, now: 10) == [])
        #expect(table.see(sighting(1, "q"), now: 20) == [first.key])
        #expect(table[first.key] == .own("q"))
    }

    @Test func silenceIsForgottenAndTalkIsNot() {
        var table = StationTable()
        _ = table.see(sighting(1, "p"), now: 0)
        _ = table.see(sighting(2, "p"), now: 0)
        _ = table.see(sighting(2, "p"), now: 200)
        #expect(table.expire(now: 300) == [sighting(1, "p").key])
        #expect(table.expire(now: 499) == [])
        #expect(table.count == 1)
    }

    @Test func aFullTableForgetsTheLongestSilent() {
        var table = StationTable()
        for (time, address) in [(0, 1), (1, 2), (2, 1)] as [(Int64, UInt64)] {
            _ = table.see(sighting(address, "p"), now: time)
        }
        let changed = table.see(sighting(3, "p"), now: 3)
        #expect(Set(changed) == [sighting(2, "p").key, sighting(3, "p").key])
        #expect(table[sighting(1, "p").key] != nil)
        #expect(table.flush("other").isEmpty)
        #expect(table.flush("br").count == 2)
    }
}

/// A switch on a VLAN of a physical network, through a provider bridge.
@Suite struct BridgeTranslationTests {
    static let outside = MACAddress(0x0a00_0000_0064)

    /// Switch 1: p1 here (kernel port 1), p2 on another chassis but on the same network, and the
    /// network (port 9, VLAN 100). Bridge: nic (kernel port 10), access (kernel port 11, VLAN 100),
    /// plain (kernel port 12, no VLAN).
    static func network() -> Control {
        let control = SwitchTranslationTests.network()
        let localnet = PortReference(datapath: 1, port: 9)
        control.port("p3", 1, 3, .redirect(localnet))
        control.port("net", 1, 9, .bridge("br-ex"), type: "localnet")
        control.group("_MC_flood", 1, 0x8000, local: [1, 2, 9])
        control.flow(1, .ingress, 1, 0, "1", "outport = \"net\"; output;")
        var bridge = ProviderBridge(
            name: "br-ex",
            ports: [
                BridgePort(name: .own("nic"), membership: .trunk(), way: .devices([10])),
                BridgePort(name: .own("access"), membership: .access(100), way: .devices([11])),
                BridgePort(name: .own("plain"), membership: .access(0), way: .devices([12])),
            ])
        bridge.add(
            BridgePort(name: .logical(localnet), membership: .access(100), way: .datapath))
        control.view.bridges["br-ex"] = bridge
        for (vport, name) in [(10, "nic"), (11, "access"), (12, "plain")] as [(UInt32, String)] {
            control.view.bridgeInputs[vport] = BridgeInput(bridge: "br-ex", port: .own(name))
        }
        return control
    }

    private static let kernel: [ModelDatapath.Port] =
        SwitchTranslationTests.ports + [.init(10), .init(11), .init(12)]

    static func tagged(_ frame: [UInt8], _ tci: UInt16) -> [UInt8] {
        guard var rewriter = PacketRewriter(frame) else { return [] }
        rewriter.pushTag(VLANTag(tci: tci))
        return rewriter.frame
    }

    private static let out = Frames.udp(Frames.a, outside)
    private static let back = Frames.udp(outside, Frames.b)

    /// What announces itself from here is no longer behind the port where others announced it.
    @Test func packetsOfTheAgentsOwnAreSeenToo() {
        let snapshot = Self.network().snapshot()
        var translator = Translator()
        let announcement = Injection(
            Frames.udp(Frames.a, Self.outside), .from(PortReference(datapath: 1, port: 1)))
        let sent = translator.inject(announcement, upcallPort: 7, in: snapshot)
        #expect(!sent.emissions.isEmpty)
        #expect(
            sent.sightings.map(\.key) == [
                StationKey(bridge: "br-ex", vlan: 100, address: Frames.a)
            ])
        #expect(
            sent.sightings.map(\.port) == [.logical(PortReference(datapath: 1, port: 9))])
    }

    /// The first packet for a station floods the VLAN; once the station has spoken, packets go to
    /// it alone, those of a flow that is there already too.
    @Test func stationsAreLearned() {
        var host = Host(Self.network().snapshot(), ports: Self.kernel)
        let flood = host.receive(Self.out, on: 1).sorted
        #expect(
            flood.sent == [
                .init(port: 10, frame: Self.tagged(Self.out, 100), tunnel: nil),
                .init(port: 11, frame: Self.out, tunnel: nil),
            ])
        // Nothing was heard of b so far: its VLAN gets what is for it.
        let answer = host.receive(Self.tagged(Self.back, 100), on: 10).sorted
        #expect(
            answer.sent == [
                .init(port: 2, frame: Self.back, tunnel: nil),
                .init(port: 11, frame: Self.back, tunnel: nil),
            ])
        let upcalls = host.upcalls
        let known = host.receive(Self.out, on: 1)
        #expect(known.sent == [.init(port: 10, frame: Self.tagged(Self.out, 100), tunnel: nil)])
        #expect(host.upcalls == upcalls, "the flow was corrected, not made anew")
        #expect(flood.faults + answer.faults + known.faults == [])
    }

    @Test func otherVLANsDontReachTheSwitch() {
        var host = Host(Self.network().snapshot(), ports: Self.kernel)
        let untagged = host.receive(Self.back, on: 10).sorted
        #expect(untagged.sent == [.init(port: 12, frame: Self.back, tunnel: nil)])
        let other = host.receive(Self.tagged(Self.back, 101), on: 10)
        #expect(other.sent.isEmpty)
        #expect(other.faults.isEmpty)
        let refused = host.receive(Self.tagged(Self.back, 100), on: 11)
        #expect(refused.sent.isEmpty)
    }

    /// What a workload of another chassis gets goes over the network, and what comes from the
    /// network for it is not sent back there.
    @Test func portsOfOtherChassisAreReachedOverTheNetwork() {
        var host = Host(Self.network().snapshot(), ports: Self.kernel)
        let frame = Frames.udp(Frames.a, Frames.c)
        #expect(host.receive(frame, on: 1).sent.map(\.port).sorted() == [10, 11])
        let echo = Frames.udp(Self.outside, Frames.c)
        #expect(host.receive(echo, on: 11).sent.map(\.port) == [10])
    }

    @Test func whatBridgesKeepForThemselvesStays() {
        var host = Host(Self.network().snapshot(), ports: Self.kernel)
        let frame = Frames.udp(Self.outside, MACAddress(0x0180_c200_000e))
        #expect(host.receive(frame, on: 11).sent.isEmpty)
        let group = Frames.udp(Self.outside, MACAddress(0x0180_c200_0010))
        #expect(!host.receive(group, on: 11).sent.isEmpty)
    }

    /// A pair of patch ports leads to another bridge.
    private static func joinedNetwork(over membership: VLANMembership) -> Control {
        let control = network()
        control.view.bridges["br-ex"]?.add(
            BridgePort(
                name: .own("to-phy"), membership: membership,
                way: .bridge("br-phy", port: "to-ex")))
        control.view.bridges["br-phy"] = ProviderBridge(
            name: "br-phy",
            ports: [
                BridgePort(
                    name: .own("to-ex"), membership: .trunk(),
                    way: .bridge("br-ex", port: "to-phy"))
            ])
        return control
    }

    /// Over a patch a frame is in the other bridge, with the VLAN that the patch's ports give it.
    @Test func bridgesMayBeJoined() {
        let control = Self.joinedNetwork(over: .trunk([100]))
        control.view.bridges["br-phy"]?.add(
            BridgePort(name: .own("eth1"), membership: .trunk(), way: .devices([12])))
        control.view.bridgeInputs[12] = BridgeInput(bridge: "br-phy", port: .own("eth1"))
        var host = Host(control.snapshot(), ports: Self.kernel)
        #expect(host.receive(Self.out, on: 1).sent.map(\.port).sorted() == [10, 11, 12])
        let answer = host.receive(Self.tagged(Self.back, 100), on: 12)
        #expect(answer.sent.map(\.port).sorted() == [2, 10, 11])
        #expect(host.receive(Self.out, on: 1).sent.map(\.port) == [12])
    }

    /// A translation says which patch ports its packets cross, and the packets of its flow count there.
    @Test func whatCrossesPatchPortsIsCounted() throws {
        let control = Self.joinedNetwork(over: .trunk())
        var host = Host(control.snapshot(), ports: Self.kernel)
        let sent: [PatchCrossing] = [.outward("net"), .across(from: "to-phy", to: "to-ex")]
        for round in 1...3 {
            _ = host.receive(Self.out, on: 1)
            let flows = host.kernel.dump()
            let entry = try #require(
                flows.compactMap(\.id).compactMap { host.table.entries[$0] }.first)
            #expect(entry.crossings == sent)
            let review = host.table.review(
                flows.map { ListedFlow(id: $0.id, statistics: $0.statistics) }, start: host.now,
                now: host.now)
            // The first packet came up, and is not its flow's.
            let expected = round == 1 ? nil : PacketCount(packets: 1, bytes: UInt64(Self.out.count))
            #expect(review.traffic.crossings[.outward("net")] == expected)
            #expect(review.traffic.crossings[.across(from: "to-phy", to: "to-ex")] == expected)
        }
        var translator = Translator()
        let back = translator.translate(
            SwitchTranslationTests.input(Self.tagged(Self.back, 100), on: 10),
            in: control.snapshot())
        #expect(back.crossings.contains(.inward("net")))
        let other = translator.translate(
            SwitchTranslationTests.input(Self.back, on: 10), in: control.snapshot())
        #expect(!other.crossings.contains(.inward("net")))
    }

    @Test func aLocalportStaysHere() {
        let control = Self.network()
        control.port("meta", 1, 4, .here(vport: 3), type: "localport")
        var host = Host(control.snapshot(), ports: Self.kernel)
        #expect(host.receive(Self.out, on: 3).sent.isEmpty)
        let flood = Frames.arpRequest(Frames.a, "10.0.0.1", "10.0.0.2")
        #expect(host.receive(flood, on: 3).sent.map(\.port).sorted() == [1, 2])
    }

    /// That a copy of a flood stays here is nobody's loss; that the only copy does is one.
    @Test func whatALocalportSendsElsewhereIsADrop() {
        let control = Self.network()
        control.port("meta", 1, 4, .here(vport: 3), type: "localport")
        control.port("far", 1, 5, .remote([control.tunnel("192.0.2.2")]))
        control.flow(
            1, .ingress, 0, 100, "eth.dst == \(Frames.b)", "outport = \"far\"; output;")
        var translator = Translator()
        let packet = translator.translate(
            SwitchTranslationTests.input(Frames.udp(Frames.a, Frames.b), on: 3),
            in: control.snapshot())
        #expect(
            packet.drops.map(\.reason) == [.staysHere(PortReference(datapath: 1, port: 5))])
        #expect(packet.actions.isEmpty)
        let flood = translator.translate(
            SwitchTranslationTests.input(
                Frames.arpRequest(Frames.a, "10.0.0.1", "10.0.0.2"), on: 3),
            in: control.snapshot())
        #expect(!flood.drops.contains { if case .staysHere = $0.reason { true } else { false } })
    }

    /// An external station that this host serves asks a localport, and only it gets the answer.
    @Test func aLocalportAnswersStationsThatAreServedHere() {
        let control = Self.network()
        control.port("meta", 1, 4, .here(vport: 3), type: "localport")
        let localnet = PortReference(datapath: 1, port: 9)
        control.view.ports[localnet]?.served = [Self.outside]
        var host = Host(control.snapshot(), ports: Self.kernel)
        #expect(
            host.receive(Self.out, on: 3).sent.contains {
                $0.port == 10 && $0.frame == Self.tagged(Self.out, 100)
            })
        let other = Frames.udp(Frames.a, MACAddress(0x0a00_0000_0065))
        #expect(host.receive(other, on: 3).sent.isEmpty)
        let announcement = Frames.arpRequest(Frames.a, "10.0.0.1", "10.0.0.1")
        #expect(host.receive(announcement, on: 3).sent.map(\.port).sorted() == [1, 2])
    }

    // MARK: - Nested ports

    /// Port c (switch 2, with d on kernel port 3) is nested in p1 behind tag 42.
    private func nested() -> Control {
        let control = SwitchTranslationTests.network()
        control.port("c", 2, 1, .nested(vport: 1, tag: 42))
        control.port("d", 2, 2, .here(vport: 3))
        control.view.nestedInputs[1] = [42: PortReference(datapath: 2, port: 1)]
        control.flow(2, .ingress, 0, 1, "inport == \"c\"", "outport = \"d\"; output;")
        control.flow(2, .ingress, 0, 1, "inport == \"d\"", "outport = \"c\"; output;")
        control.flow(2, .egress, 0, 0, "1", "output;")
        return control
    }

    @Test func aTagIsAPort() {
        var host = Host(nested().snapshot(), ports: Self.kernel)
        let frame = Frames.udp(Frames.a, Frames.b)
        #expect(
            host.receive(Self.tagged(frame, 42), on: 1).sent
                == [.init(port: 3, frame: frame, tunnel: nil)])
        #expect(
            host.receive(frame, on: 3).sent
                == [.init(port: 1, frame: Self.tagged(frame, 42), tunnel: nil)])
        // Without a tag, or with another one, it is the parent's.
        #expect(host.receive(frame, on: 1).sent == [.init(port: 2, frame: frame, tunnel: nil)])
        let other = host.receive(Self.tagged(frame, 43), on: 1)
        #expect(other.sent == [.init(port: 2, frame: Self.tagged(frame, 43), tunnel: nil)])
    }
}
