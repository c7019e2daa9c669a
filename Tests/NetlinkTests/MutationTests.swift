import Datapath
import Glibc
import Linux
import Testing
import Wire

@testable import Netlink

// The corpus holds datagrams as a 6.1 kernel sent them. Whatever is done to their bytes, reading
// them ends and stays inside: the last byte stands directly before a page that may not be read.

/// Bytes whose end is the end of readable memory.
private struct FencedBytes: ~Copyable {
    private static let page = 4096
    private let base: UnsafeMutableRawPointer
    private let size: Int

    init(capacity: Int) {
        size = (capacity + Self.page - 1) / Self.page * Self.page
        guard
            let memory = mmap(
                nil, size + Self.page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            memory != MAP_FAILED
        else { preconditionFailure("no memory") }
        base = memory
        mprotect(base + size, Self.page, PROT_NONE)
    }

    deinit {
        munmap(base, size + Self.page)
    }

    /// The datagram starts where a datagram may: at a multiple of four bytes.
    func with<Result>(_ bytes: [UInt8], _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        let padded = (bytes.count + 3) & ~3
        let start = base + (size - padded)
        UnsafeMutableRawBufferPointer(start: start, count: padded).copyBytes(from: bytes)
        return body(UnsafeRawBufferPointer(start: start, count: bytes.count))
    }
}

/// What all readers together made of a datagram.
private struct Findings: Equatable {
    var messages = 0
    var flows = 0
    var wholeFlows = 0
    var upcalls = 0
    var ports = 0
    var portEvents = 0
    var datapaths = 0
    var links = 0
    var addresses = 0
    var routes = 0
    var texts: [String] = []
    var limits = 0
}

private struct AllReaders: ~Copyable {
    private let flowDecoder = FlowDecoder()
    private let upcallDecoder = UpcallDecoder()

    func read(_ datagram: UnsafeRawBufferPointer) -> Findings {
        var findings = Findings()
        for message in MessageReader(datagram) {
            findings.messages += 1
            readDatapath(message, &findings)
            readRoute(message, &findings)
            if message.type == 2, let answer = Acknowledgement(message), answer.code != 0 {
                findings.texts.append(answer.text)
            }
        }
        return findings
    }

    private func readDatapath(_ message: MessageView, _ findings: inout Findings) {
        if let record = flowDecoder.decode(message) {
            if record.id != nil { findings.flows += 1 }
            if record.megaflow != nil { findings.wholeFlows += 1 }
        }
        if upcallDecoder.decode(message) != nil { findings.upcalls += 1 }
        if KernelPort(message) != nil { findings.ports += 1 }
        if PortMonitor.event(message) != nil { findings.portEvents += 1 }
        if KernelDatapath(message) != nil { findings.datapaths += 1 }
        findings.limits += ConntrackLimit.list(message).count
        _ = FlowStatistics(meter: message)
    }

    private func readRoute(_ message: MessageView, _ findings: inout Findings) {
        if LinkMonitor.event(message) != nil { findings.links += 1 }
        if LinkAddress(message) != nil { findings.addresses += 1 }
        if RouteAnswer(message) != nil { findings.routes += 1 }
    }
}

extension SeededGenerator {
    /// A few changes of the kinds that lengths and types suffer.
    fileprivate mutating func mutate(_ original: [UInt8]) -> [UInt8] {
        var bytes = original
        for _ in 0..<Int.random(in: 1...6, using: &self) where !bytes.isEmpty {
            let place = Int.random(in: bytes.indices, using: &self)
            switch Int.random(in: 0..<6, using: &self) {
            case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &self)
            case 1: bytes[place] = UInt8(self.bits(8))
            case 2: setNumber(&bytes, place & ~3, pick([0, 1, 3, 4, 5, 0x7fff, 0xfffe, 0xffff]))
            case 3: bytes.removeLast(min(bytes.count, Int.random(in: 1...40, using: &self)))
            case 4: bytes.removeSubrange(place..<min(bytes.count, place + 4))
            default:
                let end = min(bytes.count, place + 16)
                bytes.insert(contentsOf: bytes[place..<end], at: place)
            }
        }
        return bytes
    }

    /// Attributes have their length at a multiple of four.
    private func setNumber(_ bytes: inout [UInt8], _ place: Int, _ number: UInt16) {
        guard place + 1 < bytes.count else { return }
        bytes[place] = UInt8(truncatingIfNeeded: number)
        bytes[place + 1] = UInt8(truncatingIfNeeded: number >> 8)
    }
}

@Suite struct MutationTests {
    private static let directory: String = {
        let file = "\(#filePath)"
        let end = file.lastIndex(of: "/") ?? file.endIndex
        return file[..<end] + "/Corpus"
    }()

    private static let names = [
        "address-list", "address-list-1", "conntrack-limits", "datapath-list", "flow-list",
        "flow-list-1", "flow-list-terse", "link-event0", "link-event1", "link-list",
        "link-list-1", "meter", "port-event", "port-list", "refusal", "refusal-route",
        "refusal-with-text", "route", "upcall-execute0", "upcall-execute1", "upcall-miss0",
        "upcall-miss1", "upcall-miss2", "upcall-miss3",
    ]

    private static let rounds: UInt64 = getenv("OVN_LONG") == nil ? 400 : 20_000

    private func load(_ name: String) throws -> [UInt8] {
        try readFile("\(Self.directory)/\(name)")
    }

    private func find(_ name: String) throws -> Findings {
        let bytes = try load(name)
        let fence = FencedBytes(capacity: 1 << 16)
        let readers = AllReaders()
        return fence.with(bytes) { readers.read($0) }
    }

    @Test func everyDatagramOfTheCorpusIsUnderstood() throws {
        #expect(try find("upcall-miss0").upcalls == 1)
        #expect(try find("upcall-execute0").upcalls == 1)
        #expect(try find("port-list").ports == 2)
        #expect(try find("port-event").portEvents == 1)
        #expect(try find("datapath-list").datapaths == 1)
        #expect(try find("conntrack-limits").limits == 2)
        #expect(try find("link-list").links == 2)
        #expect(try find("link-event0").links == 1)
        #expect(try find("address-list").addresses == 2)
        #expect(try find("route").routes == 1)
        #expect(try find("refusal-with-text").texts == ["Attribute failed policy validation"])
        #expect(try find("refusal").texts == [""])
        let flows = try find("flow-list-1")
        #expect(flows.flows == flows.messages)
        #expect(flows.wholeFlows == flows.messages)
        let terse = try find("flow-list-terse")
        #expect(terse.flows == terse.messages)
        #expect(terse.wholeFlows == 0)
    }

    @Test(arguments: names)
    func noMutationIsReadPastItsEnd(_ name: String) throws {
        let original = try load(name)
        let fence = FencedBytes(capacity: 1 << 16)
        let readers = AllReaders()
        for seed in 0..<Self.rounds {
            var generator = SeededGenerator(seed: seed)
            let bytes = generator.mutate(original)
            let findings = fence.with(bytes) { readers.read($0) }
            if findings.messages * 16 > bytes.count { Issue.record("seed \(seed)") }
        }
    }

    @Test func pureNoiseIsReadToItsEnd() {
        let fence = FencedBytes(capacity: 1 << 16)
        let readers = AllReaders()
        for seed in 0..<Self.rounds * 4 {
            var generator = SeededGenerator(seed: seed)
            let bytes = generator.bytes(0...400)
            let findings = fence.with(bytes) { readers.read($0) }
            let actions = EncodedActions(bytes: bytes).decoded ?? []
            if findings.messages * 16 > bytes.count || actions.count * 4 > bytes.count {
                Issue.record("seed \(seed)")
            }
        }
    }
}
