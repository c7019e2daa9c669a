import Glibc
import JSON
import Linux
import Testing

@testable import OVSDBTransport

struct MessageStreamTests {
    @Test(arguments: [Pair.Family.unix, .tcp])
    func carriesMessagesBothWaysInOrder(family: Pair.Family) async throws {
        let pair = try Pair(family)
        defer { pair.finish() }
        let end = try await pair.server.opened()
        _ = try await pair.client.opened()
        let requests = (0..<500).map { JSON.array([.integer(Int64($0)), "\u{1F54A}"]) }
        for request in requests { pair.connection.send(request) }
        #expect(try await pair.server.messages(500) == requests)
        end.send(["result": [], "error": nil, "id": 7])
        #expect(try await pair.client.messages(1) == [["result": [], "error": nil, "id": 7]])
        #expect(end.peer.hasPrefix(family == .unix ? "unix" : "tcp:127.0.0.1:"))
    }

    @Test func answersEchoWithoutTheOwner() async throws {
        let pair = try Pair(.unix)
        defer { pair.finish() }
        _ = try await pair.server.opened()
        _ = try await pair.client.opened()
        pair.connection.send(["method": "echo", "params": ["a", 1], "id": 3])
        pair.connection.send(["method": "list_dbs", "params": [], "id": 4])
        #expect(
            try await pair.client.messages(1) == [["result": ["a", 1], "error": nil, "id": 3]])
        let seen = try await pair.server.messages(1)
        #expect(seen.map { $0["method"] } == ["list_dbs"])
    }

    @Test func eachConnectIsAGenerationThatEndsOnce() async throws {
        let pair = try Pair(.unix)
        defer { pair.finish() }
        let first = try await pair.client.opened()
        let second = pair.connection.connect(to: .unix(path: "/nonexistent/socket"))
        #expect(second > first.id)
        var closed: [StreamID: TransportError] = [:]
        while closed.count < 2 {
            let (id, reason) = try await pair.client.first {
                if case .closed(let id, let reason) = $0 { (id, reason) } else { nil }
            }
            #expect(closed.updateValue(reason, forKey: id) == nil)
        }
        #expect(closed[first.id] == .closedHere)
        #expect(
            closed[second]
                == .cannotConnect(
                    .unix(path: "/nonexistent/socket"), reason: "No such file or directory"))
    }

    @Test func aPeerThatSendsNoJSONIsDropped() async throws {
        let pair = try Pair(.unix)
        defer { pair.finish() }
        _ = try await pair.server.opened()
        _ = try await pair.client.opened()
        pair.connection.send([OutgoingBytes(Array("{\"id\":1}nonsense".utf8))])
        #expect(try await pair.server.messages(1) == [["id": 1]])
        guard case .badMessage = try await pair.server.closed() else {
            Issue.record("closed for another reason")
            return
        }
        #expect(try await pair.client.closed() == .closedByPeer)
    }

    @Test func tlsIsRefusedInClearWords() async throws {
        let events = Events()
        let threads = IOThreads()
        defer { threads.shutDown() }
        let method = ConnectionMethod.tls(host: "127.0.0.1", port: 1)
        ClientConnection(threads: threads, deliver: events.handler).connect(to: method)
        let reason = try await events.closed()
        #expect(reason.description == "ssl:127.0.0.1:1: TLS is not supported yet")
        #expect(throws: TransportError.notSupported(.passiveTLS(host: nil, port: 0))) {
            try StreamListener(
                on: .passiveTLS(host: nil, port: 0), threads: threads, deliver: events.handler)
        }
    }
}

struct BackPressureTests {
    /// A peer that doesn't read: requests past the unsent output stay in the kernel.
    @Test func aServerStopsReadingFromASessionWithUnsentOutput() async throws {
        var server = StreamConfiguration.server(for: .passiveUnix(path: ""))
        server.unsentBytes = 0
        let pair = try Pair(.unix, server: server, client: Self.readsNothing)
        defer { pair.finish() }
        let end = try await pair.server.opened()
        _ = try await pair.client.opened()
        let bulk = JSON.array([.string(String(repeating: "x", count: 4 << 20))])
        let plug = try await plugClient(pair, end)
        end.send(bulk)
        #expect(end.unsentBytes > 0)
        // One read was already asked for when the output was queued.
        pair.connection.send(["n": 1])
        #expect(try await pair.server.messages(1) == [["n": 1]])
        pair.connection.send(["n": 2])
        plug.batch = nil
        #expect(try await pair.client.messages(1) == [bulk])
        let wasDrained = try await pair.server.first { event in
            switch event {
            case .drained: true
            case .received: false
            case .opened, .closed: nil
            }
        }
        #expect(wasDrained, "the second request was read before the output was gone")
        #expect(try await pair.server.messages(1) == [["n": 2]])
    }

    @Test func drainedIsToldWhenTheKernelHasTakenAll() async throws {
        let pair = try Pair(.unix)
        defer { pair.finish() }
        let end = try await pair.server.opened()
        end.send(.array([.string(String(repeating: "x", count: 4 << 20))]))
        let id = try await pair.server.first {
            if case .drained(let id) = $0 { id } else { nil }
        }
        #expect(id == end.id)
        #expect(end.unsentBytes == 0)
    }

    /// A client whose limit on undelivered bytes is reached by one message that its owner keeps.
    private static let readsNothing = StreamConfiguration(undeliveredBytes: 0)

    private final class Plug {
        var batch: ReceivedBatch?
        init(_ batch: ReceivedBatch) { self.batch = batch }
    }

    private func plugClient(_ pair: Pair, _ end: MessageStream) async throws -> Plug {
        end.send([1])
        return Plug(
            try await pair.client.first {
                if case .received(_, let batch) = $0 { batch } else { nil }
            })
    }
}

struct ProbeTests {
    @Test func aSilentPeerThatAnswersProbesStays() async throws {
        var probing = StreamConfiguration.server(for: .passiveUnix(path: ""))
        // Long enough that a busy machine answers in time.
        probing.probeInterval = .seconds(2)
        let pair = try Pair(.unix, server: probing)
        defer { pair.finish() }
        let end = try await pair.server.opened()
        _ = try await pair.client.opened()
        try await Task.sleep(for: .seconds(5))
        end.send(["still": "here"])
        #expect(try await pair.client.messages(1) == [["still": "here"]])
    }

    /// An interval beyond all clocks is as good as none.
    @Test(arguments: [Duration.seconds(Int64.max), .milliseconds(Int64.max)])
    func anIntervalMayBeOfAnyLength(interval: Duration) async throws {
        var probing = StreamConfiguration.server(for: .passiveUnix(path: ""))
        probing.probeInterval = interval
        let pair = try Pair(.unix, server: probing)
        defer { pair.finish() }
        let end = try await pair.server.opened()
        _ = try await pair.client.opened()
        end.send(["still": "here"])
        #expect(try await pair.client.messages(1) == [["still": "here"]])
    }

    /// A listening socket completes connections in the kernel; no program ever reads them.
    @Test func aPeerThatNeverAnswersIsDropped() async throws {
        let directory = try TemporaryDirectory()
        let socket = try UnixSocket.bind(path: "\(directory.path)/socket")
        listen(socket.rawValue, 1)
        let events = Events()
        let threads = IOThreads()
        defer { threads.shutDown() }
        let connection = ClientConnection(
            threads: threads, configuration: StreamConfiguration(probeInterval: .milliseconds(20)),
            deliver: events.handler)
        connection.connect(to: .unix(path: "\(directory.path)/socket"))
        #expect(try await events.closed() == .noResponse)
    }

    /// Over TCP the kernel's acknowledgements prolong life, but not for ever.
    @Test func aHungProgramOnALiveHostIsDroppedAfterSomeProbes() async throws {
        let pair = try Pair(.tcp)
        defer { pair.finish() }
        let (socket, port) = try hungListener()
        // Longer than an acknowledgement is delayed (40 ms).
        var configuration = StreamConfiguration(probeInterval: .milliseconds(100))
        configuration.acknowledgedProbes = 2
        let events = Events()
        let connection = ClientConnection(
            threads: pair.threads, configuration: configuration, deliver: events.handler)
        connection.connect(to: .tcp(host: "127.0.0.1", port: port))
        #expect(try await events.closed() == .noResponse)
        let accepted = accept(socket.rawValue, nil, nil)
        defer { close(accepted) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = read(accepted, &bytes, bytes.count)
        let text = String(decoding: bytes[..<max(count, 0)], as: UTF8.self)
        #expect(text.split(separator: "}").count == 1 + 2)
    }

    private func hungListener() throws -> (FileDescriptorBox, Int) {
        let descriptor = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        let box = FileDescriptorBox(FileDescriptor(owning: descriptor))
        listen(descriptor, 1)
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutableBytes(of: &address) { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) {
                getsockname(descriptor, $0.baseAddress.unsafelyUnwrapped, &length)
            }
        }
        try #require(result == 0)
        return (box, Int(UInt16(bigEndian: address.sin_port)))
    }
}

final class FileDescriptorBox {
    private let descriptor: FileDescriptor
    init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }
    var rawValue: Int32 { descriptor.rawValue }
}
