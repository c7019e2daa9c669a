import Glibc
import Testing

@testable import Linux

@Suite struct SharedFileTests {
    private final class Directory {
        let path: String

        init() throws {
            var template = Array("/tmp/shared-file.XXXXXX".utf8CString)
            guard let made = mkdtemp(&template) else { throw SystemError.last("mkdtemp") }
            path = String(cString: made)
        }

        deinit { _ = try? ChildProcess.run(["rm", "-rf", path]) }
    }

    private let directory: Directory

    init() throws { directory = try Directory() }

    private var path: String { "\(directory.path)/file" }

    @Test func whatIsWrittenIsInTheFileAtOnceAndStays() throws {
        var file = try SharedFile.open(path, limit: 8192)
        #expect(file.size == 0)
        #expect(file.bytes(at: 0, count: 0) == [])
        try file.grow(to: 4096)
        file.write([1, 2, 3], at: 4093)
        file.publish(UInt32(0x0102_0304).bigEndian, at: 8)
        let now = try readFile(path)
        #expect(now.count == 4096)
        #expect(Array(now[8..<12]) == [1, 2, 3, 4])
        #expect(Array(now.suffix(3)) == [1, 2, 3])
        _ = consume file
        let again = try SharedFile.open(path, limit: 8192)
        #expect(again.size == 4096)
        #expect(again.bytes(at: 0, count: 4096) == now)
    }

    @Test func aFileGrowsWithZerosAndKeepsWhatItHas() throws {
        var file = try SharedFile.open(path, limit: 1 << 20)
        try file.grow(to: 256)
        file.write([7], at: 255)
        try file.grow(to: 100_000)
        #expect(file.size == 100_000)
        #expect(file.bytes(at: 254, count: 3) == [0, 7, 0])
        file.write([8], at: 99_999)
        #expect(try readFile(path).last == 8)
        try file.clear()
        #expect(file.size == 0)
        #expect(try readFile(path).isEmpty)
        try file.grow(to: 256)
        #expect(file.bytes(at: 255, count: 1) == [0])
    }

    /// Nobody but its user reads it, and it is not mapped further than asked.
    @Test func modeAndLimit() throws {
        do {
            var file = try SharedFile.open(path, limit: 100)
            try file.grow(to: 5000)
        }
        var status = stat()
        #expect(stat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
        let file = try SharedFile.open(path, limit: 100)
        #expect(file.size == 100)
        #expect(try file.length == 5000)
    }

    @Test func whatIsNoFileOfOursIsRefused() throws {
        #expect(mkfifo("\(directory.path)/pipe", 0o600) == 0)
        #expect(throws: SystemError.self) {
            _ = try SharedFile.open("\(directory.path)/pipe", limit: 100)
        }
        #expect(symlink("/etc/hostname", "\(directory.path)/link") == 0)
        #expect(throws: SystemError.self) {
            _ = try SharedFile.open("\(directory.path)/link", limit: 100)
        }
        #expect(throws: SystemError.self) {
            _ = try SharedFile.open("\(directory.path)/nowhere/file", limit: 100)
        }
    }

    /// Two processes that write into one file would destroy it.
    @Test func anotherProcessCanNotHaveItToo() throws {
        var file = try SharedFile.open(path, limit: 4096)
        try file.grow(to: 4096)
        let take = """
            import fcntl, sys
            file = open(sys.argv[1], "r+b")
            try: fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError: sys.exit(3)
            """
        #expect(try ChildProcess.run(["python3", "-c", take, path]).status == 3)
        _ = consume file
        #expect(try ChildProcess.run(["python3", "-c", take, path]).status == 0)
    }

    /// The owner of the pages is the kernel: a process that is killed leaves what it has written.
    @Test func whatAKilledProcessHasWrittenStays() throws {
        let write = """
            import mmap, os, signal, sys
            file = open(sys.argv[1], "r+b")
            os.ftruncate(file.fileno(), 4096)
            memory = mmap.mmap(file.fileno(), 4096)
            memory[100:104] = b"left"
            os.kill(os.getpid(), signal.SIGKILL)
            """
        do {
            var file = try SharedFile.open(path, limit: 4096)
            try file.grow(to: 4096)
        }
        #expect(try ChildProcess.run(["python3", "-c", write, path]).status == 128 + 9)
        let file = try SharedFile.open(path, limit: 4096)
        #expect(file.bytes(at: 100, count: 4) == Array("left".utf8))
    }
}

@Suite struct KernelIdentityTests {
    @Test func aBootHasOneName() throws {
        let name = try #require(SystemBoot.identifier)
        #expect(name.utf8.count == 36)
        #expect(SystemBoot.identifier == name)
    }

    @Test func aNamespaceHasOneIdentity() throws {
        let here = try NetworkNamespace.current().identity
        #expect(try NetworkNamespace.current().identity == here)
        #expect(try NetworkNamespace(path: "/proc/self/ns/net").identity == here)
    }
}
