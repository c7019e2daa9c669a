import Datapath
import OVSDBModel
import OVSDBSession
import Schemas
import Testing
import Wire

@testable import AgentCore

/// Health checks: questions of each protocol, and the answers that backends give.
@Suite struct ServiceMonitorTests {
    private static let port = PortReference(datapath: 1, port: 1)

    private static func world(
        _ protocol: String, _ options: [String: String] = [:],
        _ change: (inout SB.ServiceMonitor) -> Void = { _ in }
    ) -> ServiceWorld {
        var world = ServiceWorld()
        world.port("vm", 1) { $0.mac = ["0a:00:00:00:00:01 10.0.0.1"] }
        var row = SB.ServiceMonitor(
            type: "load-balancer", ip: "10.0.0.1", protocol: `protocol`, port: 80,
            logicalPort: "vm", srcMAC: "0a:00:00:00:00:ff", srcIP: "10.0.0.254",
            chassisName: "hv1", status: "offline", options: options)
        change(&row)
        world.database.insert(row)
        world.configure()
        return world
    }

    private static func status(_ world: ServiceWorld) -> String? {
        world.rows(SB.ServiceMonitor.self).first?.status
    }

    private static func hear(_ frame: [UInt8], _ world: inout ServiceWorld) -> [Injection] {
        world.hub.handle(ServiceEvent(.serviceCheck, port, frame: frame), now: 10)
    }

    private static func answer(
        to question: [UInt8], flags: UInt16, acknowledgment: UInt32? = nil
    ) throws -> [UInt8] {
        let start = try unwrap(PacketLayout(question)).transportOffset
        return PacketBuilder.tcp(
            Frames.ethernet(Frames.a, Frames.router), Frames.ipv4("10.0.0.1", "10.0.0.254"),
            TCPSegment(
                source: 80, destination: question.uint16(at: start), sequence: 77,
                acknowledgment: acknowledgment ?? question.uint32(at: start + 4) &+ 1,
                flags: flags))
    }

    @Test func aHandshakeIsLifeAndAResetDeath() throws {
        var world = Self.world("tcp")
        let question = try unwrap(world.due(now: 0).first)
        #expect(question.place == .to(Self.port))
        let key = FlowKey(of: question.frame)
        #expect(key[.tcpFlags] == UInt64(TCPFlag.syn))
        #expect(key[.destinationPort] == 80)
        #expect(key[.ethernetSource] == Frames.router.bits)
        #expect(key[.ethernetDestination] == Frames.a.bits)
        let good = try Self.answer(to: question.frame, flags: TCPFlag.syn | TCPFlag.ack)
        let end = Self.hear(good, &world)
        #expect(end.map { FlowKey(of: $0.frame)[.tcpFlags] } == [UInt64(TCPFlag.reset)])
        #expect(world.hub.hasNews)
        try world.write()
        #expect(Self.status(world) == "online")
        #expect(world.hub.deadline == 5000)

        let second = try unwrap(world.due(now: 5000).first)
        let reset = try Self.answer(to: second.frame, flags: TCPFlag.reset | TCPFlag.ack)
        #expect(Self.hear(reset, &world).isEmpty)
        try world.write()
        #expect(Self.status(world) == "offline")
    }

    @Test func onlyAnswersToTheLastQuestionCount() throws {
        var world = Self.world("tcp")
        let question = try unwrap(world.due(now: 0).first)
        let flags = TCPFlag.syn | TCPFlag.ack
        for wrong in [
            try Self.answer(to: question.frame, flags: flags, acknowledgment: 5),
            Frames.udp(Frames.a, Frames.router, from: "10.0.0.1", to: "10.0.0.254"),
            question.frame, [],
        ] {
            #expect(Self.hear(wrong, &world).isEmpty)
        }
        #expect(!world.hub.hasNews)
        let right = try Self.answer(to: question.frame, flags: flags)
        for length in 0..<right.count { _ = Self.hear(Array(right[..<length]), &world) }
        #expect(!world.hub.hasNews)
        #expect(Self.hear(right, &world).count == 1)
        #expect(Self.hear(right, &world).isEmpty, "answered already")
    }

    @Test func countsDecide() throws {
        var world = Self.world("tcp", ["success_count": "2", "failure_count": "2"])
        var now: Milliseconds = 0
        var states: [String?] = []
        for isAlive in [true, true, false, true, false, false] {
            let question = try unwrap(world.due(now: now).first)
            if isAlive {
                let frame = try Self.answer(
                    to: question.frame, flags: TCPFlag.syn | TCPFlag.ack)
                _ = Self.hear(frame, &world)
            } else {
                _ = world.due(now: now + 3000)
            }
            try world.write()
            states.append(Self.status(world))
            now += 5000
        }
        #expect(states == ["offline", "online", "online", "online", "online", "offline"])
    }

    @Test func silenceOfUDPIsLifeAndARefusalDeath() throws {
        var world = Self.world("udp", ["interval": "5", "timeout": "2"])
        let question = try unwrap(world.due(now: 0).first)
        #expect(world.hub.deadline == 2000)
        _ = world.due(now: 2000)
        try world.write()
        #expect(Self.status(world) == "online")
        let second = try unwrap(world.due(now: 5000).first)
        func refusal(_ frame: [UInt8]) throws -> [UInt8] {
            try unwrap(ResponseBuilder.reject(frame, try unwrap(PacketLayout(frame))))
        }
        let old = try refusal(question.frame)
        let start = try unwrap(PacketLayout(question.frame)).transportOffset
        if question.frame.uint16(at: start) != second.frame.uint16(at: start) {
            _ = Self.hear(old, &world)
            try world.write()
            #expect(Self.status(world) == "online", "refuses an older one")
        }
        let frame = try refusal(second.frame)
        for length in 0..<frame.count { _ = Self.hear(Array(frame[..<length]), &world) }
        _ = Self.hear(frame, &world)
        try world.write()
        #expect(Self.status(world) == "offline")
    }

    @Test func echoesOfBothFamilies() throws {
        for (address, source) in [("10.0.0.1", "10.0.0.254"), ("fd00::1", "fd00::254")] {
            var world = Self.world("icmp") {
                $0.ip = address
                $0.srcIP = source
            }
            let question = try unwrap(world.due(now: 0).first)
            let layout = try unwrap(PacketLayout(question.frame))
            let start = layout.transportOffset
            let reply = PacketBuilder.echo(
                Frames.ethernet(Frames.a, Frames.router),
                try unwrap(layout.addresses(question.frame)).reversed, reply: true,
                identifier: question.frame.uint16(at: start + 4),
                sequence: question.frame.uint16(at: start + 6))
            #expect(Self.hear(question.frame, &world).isEmpty)
            #expect(!world.hub.hasNews)
            _ = Self.hear(reply, &world)
            try world.write()
            #expect(Self.status(world) == "online")
        }
    }

    /// A network function has two ports: what goes in by one must come out by the other.
    @Test func networkFunctionsPassTheQuestionOn() throws {
        var world = Self.world("icmp") {
            $0.type = "network-function"
            $0.logicalInputPort = "in"
            $0.mac = "0a:00:00:00:00:aa"
        }
        world.port("in", 2)
        world.configure()
        let question = try unwrap(world.due(now: 0).first)
        #expect(question.place == .to(PortReference(datapath: 1, port: 2)))
        #expect(FlowKey(of: question.frame)[.ethernetDestination] == 0x0a00_0000_00aa)
        _ = Self.hear(question.frame, &world)
        try world.write()
        #expect(Self.status(world) == "online")
    }

    /// A check that another zone has asked for is made here, where its backend is, as one of this zone.
    @Test func backendsAreProbedForOtherZones() throws {
        var world = Self.world("tcp") {
            $0.icLearned = true
            $0.options["az-name"] = "elsewhere"
        }
        let question = try unwrap(world.due(now: 0).first)
        let flags = TCPFlag.syn | TCPFlag.ack
        _ = Self.hear(try Self.answer(to: question.frame, flags: flags), &world)
        try world.write()
        #expect(Self.status(world) == "online")
    }

    @Test func onlyWhatIsHereIsAsked() {
        for change: (inout SB.ServiceMonitor) -> Void in [
            { $0.remote = true }, { $0.logicalPort = "other" }, { $0.srcMAC = "x" },
            { $0.srcIP = "fd00::1" },
        ] {
            var world = Self.world("tcp", [:], change)
            #expect(world.due(now: 0).isEmpty)
        }
    }
}
