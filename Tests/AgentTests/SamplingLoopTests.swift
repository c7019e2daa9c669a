import AgentCore
import Datapath
import Glibc
import Linux
import Synchronization
import Testing
import Wire

@testable import Agent
@testable import Netlink

/// Samples over the thread's own sockets to collectors on the loopback.
@Suite struct SamplingLoopTests {
    /// A UDP socket on 127.0.0.1, or on ::1.
    private final class Collector {
        let descriptor: FileDescriptor
        let target: CollectorTarget

        init(family: Int32 = AF_INET) throws {
            let kind = SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue
            descriptor = FileDescriptor(
                owning: try checked("socket") { socket(family, Int32(kind), 0) })
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_addr = in6addr_loopback
            var address4 = sockaddr_in()
            address4.sin_family = sa_family_t(AF_INET)
            address4.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
            let raw = descriptor.rawValue
            var port: UInt16 = 0
            if family == AF_INET {
                try Self.bind(raw, &address4)
                port = address4.sin_port
            } else {
                try Self.bind(raw, &address)
                port = address.sin6_port
            }
            target = CollectorTarget(
                address: family == AF_INET
                    ? .v4(IPv4Address(0x7f00_0001)) : .v6(IPv6Address(1)),
                port: port.bigEndian)
            var limit = timeval(tv_sec: 5, tv_usec: 0)
            setsockopt(
                raw, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        }

        private static func bind<Address>(_ raw: Int32, _ address: inout Address) throws {
            var length = socklen_t(MemoryLayout<Address>.size)
            try checked("bind") {
                withUnsafeMutablePointer(to: &address) { pointer in
                    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        let result = Glibc.bind(raw, $0, length)
                        return result < 0 ? result : getsockname(raw, $0, &length)
                    }
                }
            }
        }

        /// The next message; nil if none comes.
        func receive() -> [UInt8]? {
            var buffer = [UInt8](repeating: 0, count: 2048)
            let count = recv(descriptor.rawValue, &buffer, buffer.count, 0)
            return count < 0 ? nil : Array(buffer[..<count])
        }
    }

    private final class Told: Sendable {
        let lines = Mutex<[String]>([])
    }

    private struct Rig {
        let loop: EventLoop
        let sampling: SamplingLoop
        let told = Told()

        init() throws {
            loop = try EventLoop()
            sampling = SamplingLoop(loop: loop, socket: try UpcallSocket.open())
            let told = told
            sampling.report = { line in told.lines.withLock { $0.append(line) } }
        }
    }

    private static let frame = Wiring.frame(from: Wiring.a, to: Wiring.b)

    private static func upcall(set: UInt32 = 1, point: UInt32 = 1001) -> Upcall {
        var key = FlowKey(of: frame)
        key[.inputPort] = 4
        let cookie = SampleCookie(
            collectorSet: set, domain: 0x2a00_0001, point: point, probability: 65535)
        return Upcall(
            reason: .action, datapathIndex: 1, key: key, packet: frame, userData: cookie.encoded,
            egressTunnel: nil, maximumReceivedUnit: nil, originalLength: nil, hash: nil)
    }

    private static func configuration(
        _ targets: [CollectorTarget], activeTimeout: Int = 0
    ) -> SamplingConfiguration {
        SamplingConfiguration(
            exporters: [
                1: ExporterConfiguration(
                    targets: targets, activeTimeoutSeconds: activeTimeout,
                    largestCache: activeTimeout == 0 ? 0 : 100)
            ], interfaces: [4: SampledInterface(name: "vm11", index: 12)])
    }

    @Test(arguments: [AF_INET, AF_INET6])
    func aSampleReachesItsCollector(_ family: Int32) throws {
        let rig = try Rig()
        let collector = try Collector(family: family)
        rig.sampling.configure(Self.configuration([collector.target]))
        rig.sampling.take(Self.upcall())
        let figures = try #require(collector.receive())
        #expect(figures.uint32(at: 12) == 0)
        let message = try #require(collector.receive())
        #expect(message.uint32(at: 12) == 0x2a00_0001)
        let name = Array("vm11".utf8)
        #expect(message.indices.contains { message[$0...].starts(with: name) })
        #expect(rig.told.lines.withLock(\.self).isEmpty)
        #expect(
            rig.sampling.text.hasPrefix(
                "  id   1: flows=1, current flows=0, sampled pkts=1, ipv4 ok=1, ipv6 ok=0, "
                    + "tx pkts=2\n"))
    }

    /// Nobody listens: told with the set and the address, counted, and the other collector has it.
    @Test func aDeadCollectorHindersNoOther() throws {
        let rig = try Rig()
        let dead = try Collector().target
        let collector = try Collector()
        rig.sampling.configure(Self.configuration([dead, collector.target]))
        for point in 1...3 as ClosedRange<UInt32> {
            rig.sampling.take(Self.upcall(point: point))
        }
        let messages = (0..<4).compactMap { _ in collector.receive() }
        #expect(messages.count == 4, "figures, and a record for each point")
        let lines = Set(rig.told.lines.withLock(\.self))
        #expect(
            lines == [
                "Flow_Sample_Collector_Set 1: IPFIX collector: send \(dead): Connection refused"
            ])
        #expect(!rig.sampling.text.contains("tx errs=0"))
    }

    /// What is gathered is sent when it is due, and at the end.
    @Test func gatheredSamplesAreSentAtTheEnd() throws {
        let rig = try Rig()
        let collector = try Collector()
        rig.sampling.configure(Self.configuration([collector.target], activeTimeout: 1000))
        rig.sampling.take(Self.upcall())
        rig.sampling.take(Self.upcall())
        #expect(rig.sampling.text.contains("current flows=1, sampled pkts=2"))
        rig.sampling.flush()
        _ = collector.receive()
        #expect(collector.receive()?.uint32(at: 12) == 0x2a00_0001)
        rig.sampling.take(Self.upcall())
        rig.sampling.configure(SamplingConfiguration())
        #expect(collector.receive()?.uint32(at: 12) == 0x2a00_0001, "the set has gone")
        #expect(rig.sampling.text.isEmpty)
    }

    @Test func theTimeoutSendsByItself() throws {
        let rig = try Rig()
        let collector = try Collector()
        rig.sampling.configure(Self.configuration([collector.target], activeTimeout: 1))
        rig.sampling.take(Self.upcall())
        // Another time to send at is worked out with what is configured.
        rig.sampling.configure(Self.configuration([collector.target], activeTimeout: 1))
        let end = MonotonicTime.now() + .seconds(3)
        _ = try rig.loop.run(until: end) {
            rig.sampling.text.contains("current flows=0")
        }
        _ = collector.receive()
        #expect(collector.receive()?.uint32(at: 12) == 0x2a00_0001)
    }

    /// A sample of a set that nobody has any more is counted as lost.
    @Test func aSampleWithoutACollectorIsCounted() throws {
        let rig = try Rig()
        AgentCoverage.register()
        let before = try #require(Coverage.shared.total(of: "ipfix_samples_lost"))
        rig.sampling.take(Self.upcall(set: 9))
        let after = try #require(Coverage.shared.total(of: "ipfix_samples_lost"))
        #expect(after > before)
    }
}
