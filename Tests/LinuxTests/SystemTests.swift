import Glibc
import Testing

@testable import Linux

@Suite struct FileDescriptorTests {
    private static func isOpen(_ descriptor: Int32) -> Bool { fcntl(descriptor, F_GETFD) >= 0 }

    @Test func theEndOfTheOwnerClosesIt() throws {
        let pipe = try FileDescriptor.pipe()
        let reader = try pipe.first.duplicate()
        _ = consume pipe
        // Every writer is closed, so the reader sees the end of the file instead of waiting.
        #expect(try reader.readToEnd() == [])
    }

    @Test func releaseGivesTheDescriptorAway() throws {
        let raw = try FileDescriptor.open("/dev/null").release()
        #expect(Self.isOpen(raw))
        #expect(close(raw) == 0)
    }

    @Test func whatIsWrittenIsReadAndTheLimitHolds() throws {
        let pipe = try FileDescriptor.pipe()
        let bytes = (0..<200).map { UInt8($0) }
        #expect(try bytes.withUnsafeBytes { try pipe.second.write($0) } == 200)
        #expect(try pipe.first.readToEnd(limit: 50) == Array(bytes[..<50]))
    }

    @Test func aMissingFileIsNamedInTheError() {
        let error = #expect(throws: SystemError.self) { try readFile("/no/such/file") }
        #expect(error == SystemError("open", code: .noSuchEntry, place: "/no/such/file"))
        #expect(error?.description == "open /no/such/file: No such file or directory")
    }
}

@Suite struct SystemReleaseTests {
    @Test func quotesAndCommentsAreOfTheFileOnly() {
        let release = SystemRelease(
            parsing: "# ID=other\nNAME=\"Some System\"\nVERSION_ID=\"12\"\nID=debian\nODD\n")
        #expect(release.name == "debian")
        #expect(release.version == "12")
    }

    @Test func aSystemWithoutAFileHasTheNameOfTheManual() {
        let release = SystemRelease(parsing: "")
        #expect(release.name == "linux")
        #expect(release.version == nil)
    }
}

@Suite struct ClockTests {
    @Test func additionSaturates() {
        let late = MonotonicTime(nanoseconds: .max - 5)
        #expect(late + .seconds(1) == MonotonicTime(nanoseconds: .max))
        #expect(
            MonotonicTime(milliseconds: 2) + .microseconds(1)
                == MonotonicTime(nanoseconds: 2_001_000))
        #expect(
            MonotonicTime(nanoseconds: 0) + .seconds(Int64.max) == MonotonicTime(nanoseconds: .max))
    }

    @Test func differenceIsADuration() {
        let earlier = MonotonicTime(milliseconds: 5)
        let later = MonotonicTime(milliseconds: 12)
        #expect(later - earlier == .milliseconds(7))
        #expect(earlier - later == .milliseconds(-7))
    }

    @Test func monotonicTimeNeverGoesBack() {
        var last = MonotonicTime.now()
        for _ in 0..<1000 {
            let now = MonotonicTime.now()
            #expect(now >= last)
            last = now
        }
    }
}

@Suite struct ThreadTests {
    @Test func aThreadBearsItsName() throws {
        let name = try Thread.runToEnd(name: "a-name-far-too-long-for-linux") {
            () throws(SystemError) in
            String(decoding: try readFile("/proc/thread-self/comm"), as: UTF8.self)
        }
        #expect(name == "a-name-far-too-\n")
    }

    @Test func anErrorInsideReachesTheCaller() {
        let error = #expect(throws: SystemError.self) {
            try Thread.runToEnd(name: "thrower") { () throws(SystemError) -> Int in
                throw SystemError("test", code: .busy)
            }
        }
        #expect(error?.code == .busy)
    }

    @Test func ownedResultsComeBack() throws {
        let descriptor = try Thread.runToEnd(name: "opener") { () throws(SystemError) in
            try FileDescriptor.open("/proc/self/status")
        }
        #expect(try !descriptor.readToEnd().isEmpty)
    }
}

@Suite struct ProcessTests {
    @Test func memoryIsReadFromTheStatusText() {
        let text =
            "Name:\tx\nVmPeak:\t  9 kB\nVmSize:\t   128 kB\nVmHWM:\t    64 kB\nVmRSS:\t    32 kB\n"
        let memory = ProcessMemory(parsing: Array(text.utf8))
        #expect(memory.resident == 32 * 1024)
        #expect(memory.peakResident == 64 * 1024)
        #expect(memory.virtual == 128 * 1024)
        #expect(ProcessMemory(parsing: []).resident == 0)
    }

    @Test func ownMemoryIsPlausible() throws {
        let memory = try ProcessMemory.current()
        #expect(memory.resident > 1 << 20)
        #expect(memory.peakResident >= memory.resident)
        #expect(memory.virtual >= memory.resident)
    }

    @Test func aChildsOutputAndStatusComeBack() throws {
        let child = try ChildProcess.run(["sh", "-c", "echo out; echo err >&2; exit 7"])
        #expect(child.status == 7)
        #expect(child.output == "out\nerr\n")
        #expect(try ChildProcess.run(["sh", "-c", "kill -9 $$"]).status == 128 + 9)
    }

    @Test func aMissingProgramIsAnError() {
        let error = #expect(throws: SystemError.self) {
            try ChildProcess.run(["no-such-program-anywhere"])
        }
        #expect(error?.code == .noSuchEntry)
    }

    /// On a thread of its own and to that thread only: the mask and the signal must not touch the
    /// rest of the test process.
    @Test func signalsComeThroughTheDescriptor() throws {
        let seen = try Thread.runToEnd(name: "signals") { () throws(SystemError) -> [Signal?] in
            let source = try SignalSource([.hangUp, .interrupt])
            pthread_kill(pthread_self(), SIGHUP)
            pthread_kill(pthread_self(), SIGINT)
            let first = try source.next()
            let second = try source.next()
            return [first, second, try source.next()]
        }
        #expect(Set(seen.compactMap { $0 }) == [.hangUp, .interrupt])
        #expect(seen.last == .some(nil))
    }
}

@Suite(.enabled(if: getuid() == 0, "network namespaces need root"))
struct NetworkNamespaceTests {
    private static func identity() throws(SystemError) -> String {
        var buffer = [CChar](repeating: 0, count: 64)
        let count = readlink("/proc/thread-self/ns/net", &buffer, buffer.count)
        if count < 0 { throw .last("readlink") }
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    @Test func workRunsInsideAndTheCallerStaysOutside() throws {
        let before = try Self.identity()
        let namespace = try NetworkNamespace.create()
        let inside = try namespace.run { () throws(SystemError) in try Self.identity() }
        let again = try namespace.run { () throws(SystemError) in try Self.identity() }
        #expect(inside != before)
        #expect(inside == again)
        #expect(try Self.identity() == before)
    }

    @Test func otherProgramsReachItByItsPath() throws {
        let namespace = try NetworkNamespace.create()
        let inside = try namespace.run { () throws(SystemError) in try Self.identity() }
        let child = try ChildProcess.run([
            "nsenter", "--net=\(namespace.path)", "readlink", "/proc/self/ns/net",
        ])
        #expect(child.output == inside + "\n")
    }

    @Test func anUnknownNameIsAnError() {
        let error = #expect(throws: SystemError.self) {
            _ = try NetworkNamespace(named: "no-such-namespace")
        }
        #expect(error?.code == .noSuchEntry)
        #expect(error?.place == "/run/netns/no-such-namespace")
    }
}
