import CLinux
import Glibc
import Testing

@testable import BPF

/// The program at a socket that hears of misses. The messages come from another socket here instead
/// of the datapath; the program sees no difference.
@Suite struct MissBudgetTests {
    private static let miss = UInt8(truncatingIfNeeded: OVS_PACKET_CMD_MISS.rawValue)
    private static let action = UInt8(truncatingIfNeeded: OVS_PACKET_CMD_ACTION.rawValue)

    /// Two sockets of generic netlink, of which the first is guarded.
    private final class Pair {
        let receiver = socket(AF_NETLINK, Int32(SOCK_RAW.rawValue), NETLINK_GENERIC)
        let sender = socket(AF_NETLINK, Int32(SOCK_RAW.rawValue), NETLINK_GENERIC)
        let cookie: UInt64
        private var address = sockaddr_nl()

        init(_ programs: VIFPrograms) throws {
            address.nl_family = sa_family_t(AF_NETLINK)
            var size = socklen_t(MemoryLayout<sockaddr_nl>.size)
            let receiver = receiver
            let status = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(receiver, $0, size) + getsockname(receiver, $0, &size)
                }
            }
            #expect(status == 0)
            cookie = try programs.guardSocket(receiver, named: "test")
        }

        deinit {
            close(receiver)
            close(sender)
        }

        /// - Returns: how many of the messages arrive.
        func send(_ command: UInt8, count: Int) -> Int {
            let message: [UInt8] =
                [20, 0, 0, 0, 0x20, 0] + Array(repeating: 0, count: 10)
                + [command, 1, 0, 0]
            let size = socklen_t(MemoryLayout<sockaddr_nl>.size)
            var arrived = 0
            for _ in 0..<count {
                let sent = withUnsafePointer(to: address) { pointer in
                    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        sendto(sender, message, message.count, 0, $0, size)
                    }
                }
                #expect(sent == message.count, "errno \(errno)")
                var buffer = [UInt8](repeating: 0, count: 64)
                let received = recv(receiver, &buffer, 64, Int32(MSG_DONTWAIT))
                if received == message.count { arrived += 1 }
            }
            return arrived
        }
    }

    @Test func missesBeyondTheBudgetDoNotArrive() throws {
        guard let programs = loadedPrograms() else { return }
        let pair = try Pair(programs)
        #expect(pair.send(Self.miss, count: 50) == 50)
        // So slow that none is due again before the test has ended.
        try programs.setBudget(perSecond: 1, burst: 1000, of: pair.cookie)
        #expect(programs.misses(of: pair.cookie) == MissCounts(admitted: 0, refused: 0))
        let arrived = pair.send(Self.miss, count: 1500)
        #expect((1000..<1500).contains(arrived))
        #expect(
            programs.misses(of: pair.cookie)
                == MissCounts(admitted: UInt64(arrived), refused: UInt64(1500 - arrived)))
    }

    @Test func whatFlowsSendUpArrives() throws {
        guard let programs = loadedPrograms() else { return }
        let pair = try Pair(programs)
        try programs.setBudget(perSecond: 1, burst: 1, of: pair.cookie)
        #expect(pair.send(Self.miss, count: 5) < 5)
        #expect(pair.send(Self.action, count: 20) == 20)
    }

    @Test func withoutABudgetEverythingArrives() throws {
        guard let programs = loadedPrograms() else { return }
        let (pair, other) = (try Pair(programs), try Pair(programs))
        try programs.setBudget(perSecond: 1, burst: 1, of: pair.cookie)
        #expect(pair.send(Self.miss, count: 5) < 5)
        #expect(other.send(Self.miss, count: 20) == 20)
        programs.removeBudget(of: pair.cookie)
        #expect(pair.send(Self.miss, count: 20) == 20)
        #expect(programs.misses(of: pair.cookie) == nil)
    }
}
