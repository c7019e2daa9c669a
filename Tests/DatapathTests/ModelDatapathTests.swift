import Testing
import Wire

@testable import Datapath

@Suite struct ModelDatapathTests {
    private func datapath() -> ModelDatapath {
        ModelDatapath(ports: [.init(1), .init(2), .init(3), .init(9, .tunnel)])
    }

    private func flow(
        _ frame: [UInt8], on port: UInt32 = 1, id: UInt64 = 1, mask: FlowMask = FlowMask(),
        _ actions: [DatapathAction]
    ) -> Megaflow {
        var key = FlowKey(of: frame)
        key[.inputPort] = UInt64(port)
        return Megaflow(id: FlowID(high: 0, low: id), key: key, mask: mask, actions: actions)
    }

    @Test func aMissIsAnUpcallWithTheKey() throws {
        var model = datapath()
        let events = model.receive(Frames.udp, on: 1)
        guard case .upcall(let upcall)? = events.first else {
            Issue.record("no upcall")
            return
        }
        #expect(events.count == 1)
        #expect(upcall.reason == .miss)
        #expect(upcall.frame == Frames.udp)
        #expect(upcall.key[.inputPort] == 1)
        #expect(upcall.key[.destinationPort] == 53)
    }

    @Test func aFlowServesWhatItsMaskCovers() throws {
        var model = datapath()
        try model.put(
            flow(Frames.udp, mask: FlowMask(exact: [.ethernetDestination]), [.output(2)]))
        #expect(
            model.receive(Frames.tcp, on: 1, now: 5)
                == [.transmitted(port: 2, frame: Frames.tcp, tunnel: nil)])
        #expect(model.flow(FlowID(high: 0, low: 1))?.statistics.packets == 1)
        #expect(model.flow(FlowID(high: 0, low: 1))?.statistics.used == 5)
        #expect(model.receive(Frames.tcp, on: 2).count == 1, "another port misses")
    }

    /// OVS_FLOW_CMD_NEW: an identifier or a key that is already served is refused.
    @Test func duplicatesAreRefused() throws {
        var model = datapath()
        try model.put(flow(Frames.udp, [.output(2)]))
        #expect(throws: ModelDatapath.Refusal.exists) {
            try model.put(flow(Frames.arp, [.output(2)]))
        }
        #expect(throws: ModelDatapath.Refusal.exists) {
            try model.put(
                flow(Frames.udp, id: 2, mask: FlowMask(exact: [.ipv4Source]), [.output(3)]))
        }
        try model.delete(FlowID(high: 0, low: 1))
        try model.put(flow(Frames.udp, id: 2, mask: FlowMask(exact: [.ipv4Source]), [.output(3)]))
        #expect(throws: ModelDatapath.Refusal.noSuchFlow) {
            try model.modify(FlowID(high: 0, low: 1), actions: [])
        }
        try model.modify(FlowID(high: 0, low: 2), actions: [])
        #expect(model.receive(Frames.udp, on: 1).isEmpty)
        #expect(model.flowCount == 1)
    }

    @Test func maskAndActionRules() throws {
        var model = datapath()
        func refused(_ flow: Megaflow) -> Bool {
            do {
                try model.put(flow)
                return false
            } catch {
                if case .invalid = error { return true }
                return false
            }
        }
        // A port without its protocol number, and a field of another header.
        #expect(refused(flow(Frames.udp, mask: FlowMask(exact: [.sourcePort]), [])))
        #expect(refused(flow(Frames.udp, mask: FlowMask(exact: [.arpOperation]), [])))
        let port = HeaderSet(.udp, [.init(.destinationPort, 1)])
        #expect(refused(flow(Frames.udp, [.set(port)])), "protocol number not compared")
        #expect(
            refused(
                flow(
                    Frames.udp, mask: FlowMask(exact: [.ipProtocol]),
                    [.set(HeaderSet(.tcp, port.changes))])))
        #expect(refused(flow(Frames.udp, [.userspace(UserspaceAction(port: 0, cookie: []))])))
        #expect(refused(flow(Frames.udp, [.pushVLAN(VLANTag(tci: 5))])), "no tag bit")
        #expect(!refused(flow(Frames.udp, mask: FlowMask(exact: [.ipProtocol]), [.set(port)])))
        #expect(throws: ModelDatapath.Refusal.tooBig) {
            try model.put(
                flow(Frames.arp, id: 2, Array(repeating: DatapathAction.output(1), count: 5000)))
        }
    }

    /// Every widened mask is accepted, and widening it again changes nothing.
    @Test func widenedMasksAreAccepted() throws {
        var random = SeededGenerator(seed: 7)
        for frame in Frames.all {
            for _ in 0..<40 {
                var key = FlowKey(of: frame)
                key[.inputPort] = 1
                var mask = FlowMask()
                for field in KeyField.allCases where Bool.random(using: &random) {
                    mask[wide: field] =
                        Bool.random(using: &random)
                        ? .max : UInt128(UInt64.random(in: 0...UInt64.max, using: &random))
                }
                let widened = mask.widened(for: key)
                #expect(widened.widened(for: key) == widened)
                var model = datapath()
                try model.put(
                    Megaflow(id: FlowID(high: 1, low: 1), key: key, mask: widened, actions: []))
                #expect(model.dump().first?.mask == widened)
                // No packet that differed in a compared bit of the packet may still match.
                for field in KeyField.allCases where field.position.word >= 26 {
                    guard field.isPresent(in: key) else { continue }
                    let possible: UInt128 = field == .arpOperation ? 0xff : .max
                    let wanted = mask[wide: field] & possible
                    #expect(wanted & ~widened[wide: field] == 0, "\(field)")
                }
            }
        }
    }

    @Test func copiesDoNotTouchTheOriginal() throws {
        var model = datapath()
        let set = HeaderSet(.ethernet, [.init(.ethernetDestination, 0x0b)])
        try model.put(
            flow(
                Frames.udp,
                [.clone([.set(set), .output(2)]), .output(3), .truncate(20), .output(2)])
        )
        let events = model.receive(Frames.udp, on: 1)
        var changed = Frames.udp
        changed.store(0x0b, width: 6, at: 0)
        #expect(
            events == [
                .transmitted(port: 2, frame: changed, tunnel: nil),
                .transmitted(port: 3, frame: Frames.udp, tunnel: nil),
                .transmitted(port: 2, frame: Array(Frames.udp[..<20]), tunnel: nil),
            ])
    }

    @Test func tunnelPortsNeedATunnelKey() throws {
        var model = datapath()
        let tunnel = TunnelKey(
            id: 5, destination: .v4(IPv4Address(0x0101_0101)), option: 0x0001_0002)
        try model.put(flow(Frames.udp, [.output(9), .setTunnel(tunnel), .output(9)]))
        #expect(
            model.receive(Frames.udp, on: 1) == [
                .dropped(.noTunnel), .transmitted(port: 9, frame: Frames.udp, tunnel: tunnel),
            ])
    }

    @Test func recirculationLooksUpAgainWithTheNewHeaders() throws {
        var model = datapath()
        let set = HeaderSet(.ipv4, [.init(.ipTTL, 9)])
        try model.put(flow(Frames.udp, [.set(set), .recirculate(77)]))
        var again = flow(Frames.udp, id: 2, mask: FlowMask(exact: [.ipTTL]), [.output(2)])
        again.key[.recirculationID] = 77
        again.key[.ipTTL] = 9
        try model.put(again)
        let events = model.receive(Frames.udp, on: 1)
        guard case .transmitted(2, let frame, nil)? = events.first else {
            Issue.record("\(events)")
            return
        }
        #expect(FlowKey(of: frame)[.ipTTL] == 9)
    }

    /// Recirculations inside each other run at once on three levels; beyond, nine are kept for
    /// later and the rest is lost.
    @Test func deferredActionsAreLimited() throws {
        var model = datapath()
        for id in 0..<3 as Range<UInt64> {
            var step = flow(Frames.udp, id: id + 1, [.recirculate(UInt32(id + 1))])
            step.key[.recirculationID] = id
            try model.put(step)
        }
        var many = flow(
            Frames.udp, id: 10, (0..<12).map { .recirculate(100 + $0) } + [.output(2)])
        many.key[.recirculationID] = 3
        try model.put(many)
        for id in 0..<12 as Range<UInt64> {
            var last = flow(Frames.udp, id: 20 + id, [.output(3)])
            last.key[.recirculationID] = 100 + id
            try model.put(last)
        }
        let events = model.receive(Frames.udp, on: 1)
        #expect(events.filter { $0 == .dropped(.deferredLimit) }.count == 3)
        let sent = events.filter {
            if case .transmitted(3, _, _) = $0 { true } else { false }
        }
        #expect(sent.count == 9)
    }

    @Test func timeToLive() throws {
        var model = datapath()
        let exceeded = UserspaceAction(port: 4, cookie: [1])
        try model.put(
            flow(Frames.echo, [.decrementTTL(exceeded: [.userspace(exceeded)]), .output(2)]))
        let events = model.receive(Frames.echo, on: 1)
        guard case .transmitted(2, let frame, nil)? = events.first else {
            Issue.record("\(events)")
            return
        }
        #expect(FlowKey(of: frame)[.ipTTL] == 63)
    }

    @Test func textOfAFlow() {
        var key = FlowKey(of: Frames.tcp)
        key[.inputPort] = 2
        key[.tunnelID] = 5
        key[.tunnelFamily] = TunnelFamily.ipv4
        key[wide: .tunnelSource] = 0xac1f_0002
        key[wide: .tunnelDestination] = 0xac1f_0001
        key[.tunnelFlags] = TunnelFlag.checksum
        key[.tunnelOptions] = TunnelOptions.logical
        key[.tunnelOption] = 0x0001_0002
        var mask = FlowMask(exact: [
            .tunnelID, .tunnelSource, .tunnelDestination, .tunnelOption, .ethernetSource,
        ])
        mask[.tunnelFlags] = TunnelFlag.checksum | TunnelFlag.dontFragment
        mask[.ipTOS] = 3
        mask[.ipv4Destination] = 0xffff_ff00
        let set = HeaderSet(.ipv4, [.init(.ipTTL, 63), .init(.ipTOS, 0, mask: 3)])
        let tunnel = TunnelKey(
            id: 1, destination: .v4(IPv4Address(0x1400_0002)), destinationPort: 6081,
            option: 0x10002)
        let flow = Megaflow(
            id: FlowID(high: 0x0123_4567_89ab_cdef, low: 1), key: key,
            mask: mask.widened(for: key),
            actions: [
                .set(set), .setTunnel(tunnel), .output(4), .clone([.popVLAN]), .recirculate(16),
                .userspace(UserspaceAction(port: 7, cookie: [1, 0xff])), .clearTracking,
                .pushVLAN(VLANTag(tci: 0x300a)),
            ], statistics: FlowStatistics(packets: 3, bytes: 200, tcpFlags: 0x12, used: 1500))
        #expect(
            FlowText().line(flow, now: 4567, withID: true)
                == "ufid:01234567-89ab-cdef-0000-000000000001, recirc_id(0),"
                + "tunnel(tun_id=0x5,src=172.31.0.2,dst=172.31.0.1,"
                + "geneve({class=0x102,type=0x80,len=4,0x10002}),flags(-df+csum+key)),in_port(2),"
                + "eth(src=0a:00:00:00:00:01),eth_type(0x0800),"
                + "ipv4(dst=10.0.0.2/24,tos=0/0x3,frag=no), packets:3, bytes:200, used:3.067s, "
                + "flags:S., actions:set(ipv4(tos=0/0x3,ttl=63)),"
                + "set(tunnel(tun_id=0x1,dst=20.0.0.2,ttl=64,tp_dst=6081,"
                + "geneve({class=0x102,type=0x80,len=4,0x10002}),flags(df|csum|key))),4,"
                + "clone(pop_vlan),recirc(0x10),userspace(pid=7,userdata(01ff)),ct_clear,"
                + "push_vlan(vid=10,pcp=1)")
        let empty = Megaflow(id: nil, key: FlowKey(), mask: FlowMask(), actions: [])
        #expect(
            FlowText().line(empty, now: 0)
                == ", packets:0, bytes:0, used:never, actions:drop")
    }
}
