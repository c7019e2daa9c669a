import Glibc
import Testing
import Wire

@testable import Datapath

/// Frames that are odd on purpose, and what mutation makes of them: `Corpus/frames.txt` has a name
/// and the bytes on each line.
@Suite struct CorpusTests {
    private static let rounds = getenv("OVN_LONG") == nil ? 60 : 20_000

    static func load() throws -> [String: [UInt8]] {
        let file = "\(#filePath)"
        let end = file.lastIndex(of: "/") ?? file.endIndex
        let handle = try #require(fopen(file[..<end] + "/Corpus/frames.txt", "r"))
        defer { fclose(handle) }
        var text: [UInt8] = []
        while case let byte = fgetc(handle), byte != EOF { text.append(UInt8(byte)) }
        var frames: [String: [UInt8]] = [:]
        for line in String(decoding: text, as: UTF8.self).split(separator: "\n") {
            let parts = line.split(separator: " ")
            frames[String(parts[0])] = parts.count > 1 ? bytes(parts[1]) : []
        }
        return frames
    }

    private static func bytes(_ text: Substring) -> [UInt8] {
        let digits = text.compactMap(\.hexDigitValue)
        return stride(from: 0, to: digits.count - 1, by: 2).map {
            UInt8(digits[$0] << 4 | digits[$0 + 1])
        }
    }

    /// The fields in which the kernel's reading is easily missed.
    @Test(arguments: [
        ("tcp-offset-too-small", KeyField.sourcePort, 0), ("tcp", .sourcePort, 4000),
        ("tcp-offset-too-large", .sourcePort, 0), ("ip-options", .destinationPort, 53),
        ("ip-header-length-4", .ipProtocol, 0), ("ip-header-length-60-cut", .ipProtocol, 0),
        ("ip-total-larger-than-frame", .destinationPort, 53), ("first-fragment", .ipFragment, 1),
        ("first-fragment", .destinationPort, 53), ("later-fragment", .ipFragment, 3),
        ("later-fragment", .destinationPort, 0), ("icmp-cut", .icmpType, 0),
        ("icmp-cut", .ipProtocol, 1), ("arp-of-another-kind", .arpOperation, 0),
        ("rarp", .arpOperation, 3), ("tagged", .vlanTCI, 0x700a), ("tagged", .ethernetType, 0x800),
        ("tagged-twice", .vlanTPID, 0x88a8), ("tagged-twice", .innerVLANTCI, 0x700a),
        ("tagged-three-times", .ethernetType, 0x8100), ("logical-link", .ethernetType, 0x5ff),
        ("snap", .destinationPort, 53), ("snap-of-an-organisation", .ethernetType, 0x5ff),
        ("extensions", .ipProtocol, 17), ("extensions", .destinationPort, 53),
        ("extension-cut", .ipTTL, 255), ("extension-cut", .ipProtocol, 59),
        ("extension-too-long", .ipProtocol, 17), ("extension-too-long", .sourcePort, 0),
        ("authentication", .destinationPort, 53),
        ("fragment6-first", .ipFragment, 1), ("fragment6-later", .ipFragment, 3),
        ("fragment6-later", .ipProtocol, 44), ("fragment6-whole", .ipFragment, 1),
        ("fragment6-later", .destinationPort, 0),
        ("solicitation", .ndSourceLink, 0x0a00_0000_0001),
        ("solicitation-option-of-no-length", .ndSourceLink, 0),
        ("solicitation-option-twice", .ndSourceLink, 0), ("solicitation-code-1", .icmpCode, 1),
        ("solicitation-cut", .icmpType, 135), ("sctp", .destinationPort, 81),
        ("udp6", .ipv6Label, 0xcdef1), ("udp6", .ipTOS, 0xab), ("mpls", .ethernetType, 0x8847),
    ])
    func fields(name: String, field: KeyField, value: UInt64) throws {
        let frame = try #require(try Self.load()[name])
        #expect(FlowKey(of: frame)[field] == value)
    }

    /// No byte string traps a reader, a writer or a builder, and every built frame reads.
    @Test func nothingTraps() throws {
        var random = SeededGenerator(seed: 3)
        for (_, frame) in try Self.load().sorted(by: { $0.key < $1.key }) {
            exercise(frame)
            for length in 0...frame.count { _ = FlowKey(of: Array(frame[..<length])) }
            guard !frame.isEmpty else { continue }
            for _ in 0..<Self.rounds {
                var mutated = frame
                for _ in 0...Int.random(in: 0..<4, using: &random) {
                    let place = Int.random(in: 0..<mutated.count, using: &random)
                    mutated[place] = UInt8.random(in: 0...255, using: &random)
                }
                mutated.removeLast(
                    Int.random(in: 0..<min(8, mutated.count), using: &random))
                exercise(mutated)
            }
        }
    }

    private func exercise(_ frame: [UInt8]) {
        let key = FlowKey(of: frame)
        let mask = FlowMask(exact: KeyField.allCases).widened(for: key)
        _ = FlowText().key(key, mask: mask)
        guard let layout = PacketLayout(frame) else { return }
        let answers = [
            ResponseBuilder.icmpError(frame, layout), ResponseBuilder.icmpv6Error(frame, layout),
            ResponseBuilder.tcpReset(frame, layout), ResponseBuilder.sctpAbort(frame, layout),
            ResponseBuilder.reject(frame, layout), ResponseBuilder.arpRequest(frame, layout),
            ResponseBuilder.neighborSolicitation(frame, layout, target: .zero),
            ResponseBuilder.neighborAdvertisement(frame, layout, router: true),
        ]
        for answer in answers.compactMap(\.self) {
            #expect(FlowKey(of: answer)[.ethernetType] != 0)
        }
        if var rewriter = PacketRewriter(frame) {
            for field in KeyField.allCases { rewriter.set(field, to: 0x5a5a_5a5a) }
        }
        for offset in 0..<min(frame.count, 60) { _ = try? GeneveHeader.decode(frame, at: offset) }
    }
}
