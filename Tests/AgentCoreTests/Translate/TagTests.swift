import Datapath
import Pipeline
import Testing
import Wire

@testable import AgentCore

/// Tags in front of tags.
@Suite struct TagTests {
    private static let outer = VLANTag(tpid: EtherType.serviceVLAN, tci: 100)
    private static let inner = VLANTag(tci: 7)

    private static func frame(_ frame: [UInt8], _ tags: VLANTag...) -> [UInt8] {
        guard var rewriter = PacketRewriter(frame) else { return [] }
        for tag in tags.reversed() { rewriter.pushTag(tag) }
        return rewriter.frame
    }

    private static let out = Frames.udp(Frames.a, BridgeTranslationTests.outside)
    private static let back = Frames.udp(BridgeTranslationTests.outside, Frames.b)
    private static let kernel: [ModelDatapath.Port] =
        SwitchTranslationTests.ports + [.init(10), .init(11), .init(12)]

    /// The switch lets tags through, and its network has one of IEEE 802.1ad.
    private static func network() -> Control {
        let control = BridgeTranslationTests.network()
        let localnet = PortReference(datapath: 1, port: 9)
        let ports = control.view.bridges["br-ex"]?.ports ?? []
        var bridge = ProviderBridge(
            name: "br-ex", ports: ports.filter { $0.name != .logical(localnet) })
        bridge.add(
            BridgePort(
                name: .logical(localnet),
                membership: .stacked(100, type: EtherType.serviceVLAN), way: .datapath))
        control.view.bridges["br-ex"] = bridge
        return control
    }

    /// The network's tag comes first, whatever a workload has sent; an access port of that VLAN gets
    /// the packet as it was.
    @Test(arguments: [false, true])
    func aTagIsPutInFront(hasTag: Bool) {
        var host = Host(Self.network().snapshot(), ports: Self.kernel)
        let sent = hasTag ? Self.frame(Self.out, Self.inner) : Self.out
        for _ in 0..<2 {
            let outcome = host.receive(sent, on: 1).sorted
            #expect(
                outcome.sent == [
                    .init(port: 10, frame: Self.frame(sent, Self.outer), tunnel: nil),
                    .init(port: 11, frame: sent, tunnel: nil),
                ])
            #expect(outcome.faults == [])
        }
        #expect(host.upcalls == 1, "the kernel serves it")
    }

    /// Even one that has two already, of which a key knows no more.
    @Test func threeTags() {
        var host = Host(Self.network().snapshot(), ports: Self.kernel)
        let sent = Self.frame(Self.out, Self.inner, VLANTag(tci: 8))
        let outcome = host.receive(sent, on: 1).sorted
        #expect(
            outcome.sent == [
                .init(port: 10, frame: Self.frame(sent, Self.outer), tunnel: nil),
                .init(port: 11, frame: sent, tunnel: nil),
            ])
    }

    @Test(arguments: [false, true])
    func aTagIsTakenAway(hasTag: Bool) {
        var host = Host(Self.network().snapshot(), ports: Self.kernel)
        let wanted = hasTag ? Self.frame(Self.back, Self.inner) : Self.back
        let outcome = host.receive(Self.frame(wanted, Self.outer), on: 10).sorted
        #expect(
            outcome.sent == [
                .init(port: 2, frame: wanted, tunnel: nil),
                .init(port: 11, frame: wanted, tunnel: nil),
            ])
        // Of another VLAN.
        let other = VLANTag(tpid: EtherType.serviceVLAN, tci: 101)
        #expect(host.receive(Self.frame(wanted, other), on: 10).sent.isEmpty)
    }

    /// Behind the network's tag the workloads' own is the packet's tag.
    @Test func theTagBehindItIsMatched() {
        let control = Self.network()
        control.flow(1, .ingress, 0, 200, "vlan.vid == 7 && ip4.dst == 10.0.0.9", "drop;")
        var host = Host(control.snapshot(), ports: Self.kernel)
        for (address, tag, passes) in [
            ("10.0.0.9", UInt16(7), false), ("10.0.0.9", 8, true), ("10.0.0.2", 7, true),
        ] {
            let frame = Frames.udp(BridgeTranslationTests.outside, Frames.b, to: address)
            let sent = Self.frame(frame, Self.outer, VLANTag(tci: tag))
            let outcome = host.receive(sent, on: 10)
            #expect(outcome.sent.contains { $0.port == 2 } == passes, "\(address) \(tag)")
        }
    }

    /// Two tags of a workload hide nothing of what is behind them.
    @Test func headersBehindTwoTagsAreMatched() {
        let control = SwitchTranslationTests.network()
        control.flow(1, .ingress, 0, 200, "ip4.dst == 10.0.0.9 && udp.dst == 53", "drop;")
        var host = Host(control.snapshot(), ports: SwitchTranslationTests.ports)
        for (address, port, passes) in [
            ("10.0.0.9", UInt16(53), false), ("10.0.0.9", 54, true), ("10.0.0.2", 53, true),
        ] {
            let frame = Self.frame(
                Frames.udp(Frames.a, Frames.b, to: address, port: port), Self.inner,
                VLANTag(tci: 300))
            for _ in 0..<2 {
                let outcome = host.receive(frame, on: 1)
                #expect(outcome.sent.map(\.frame) == (passes ? [frame] : []))
                #expect(outcome.faults == [])
            }
        }
    }

    // MARK: - Steps

    private static func stack(_ tags: VLANTag...) -> TagStack {
        TagStack { field in
            switch field {
            case .vlanTCI: tags.isEmpty ? 0 : UInt64(tags[0].tci | 0x1000)
            case .vlanTPID: tags.isEmpty ? 0 : UInt64(tags[0].tpid)
            case .innerVLANTCI: tags.count < 2 ? 0 : UInt64(tags[1].tci | 0x1000)
            case .innerVLANTPID: tags.count < 2 ? 0 : UInt64(tags[1].tpid)
            default: 0
            }
        }
    }

    private static func push(_ tag: VLANTag) -> TagStack.Step {
        .push(VLANTag(tpid: tag.tpid, tci: tag.tci | 0x1000))
    }

    @Test func noMoreStepsThanNeeded() {
        let (a, b, c) = (Self.outer, Self.inner, VLANTag(tci: 9))
        #expect(Self.stack(a, b).steps(from: Self.stack(a, b)) == [])
        #expect(Self.stack(a, b).steps(from: Self.stack(b)) == [Self.push(a)])
        #expect(Self.stack(b).steps(from: Self.stack(a, b)) == [.pop])
        #expect(Self.stack(c).steps(from: Self.stack(b)) == [.pop, Self.push(c)])
        #expect(Self.stack(a, b).steps(from: Self.stack()) == [Self.push(b), Self.push(a)])
        #expect(Self.stack().steps(from: Self.stack(a, b)) == [.pop, .pop])
        #expect(Self.stack(a, b).steps(from: Self.stack(b, c)) == [Self.push(a)])
        #expect(Self.stack(c, b).steps(from: Self.stack(a, b)) == [.pop, Self.push(c)])
    }

    @Test func aTagWithoutATypeIsAnOrdinaryOne() {
        let stack = TagStack { $0 == .vlanTCI ? 0x1007 : 0 }
        #expect(stack.tags == [VLANTag(tpid: EtherType.vlan, tci: 0x1007)])
    }
}
