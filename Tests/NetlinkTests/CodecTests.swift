import CLinux
import Datapath
import Linux
import Testing
import Wire

@testable import Netlink

/// Family numbers as some kernel might have given them.
let sampleFamilies = DatapathFamilies(
    datapath: 30, port: 31, flow: 32, packet: 33, meter: 34, conntrackLimit: 35, portGroup: 5)

/// Messages written into memory of their own, and read back.
struct MessageBench: ~Copyable {
    let buffer = MessageBuffer(count: 1 << 18)
    let encoder = OperationEncoder()

    func encode(_ operation: FlowOperation) -> [UInt8]? {
        var writer = MessageWriter(buffer.memory)
        guard
            encoder.encode(
                operation, families: sampleFamilies, datapathIndex: 7, sequence: 1, into: &writer)
        else { return nil }
        return Array(writer.bytes)
    }

    func write(_ body: (inout MessageWriter) -> Void) -> [UInt8] {
        var writer = MessageWriter(buffer.memory)
        _ = writer.begin(type: sampleFamilies.packet, flags: 0, sequence: 1)
        body(&writer)
        return writer.end() ? Array(writer.bytes) : []
    }
}

/// Reads the only message of a datagram.
func withOnlyMessage<Result>(_ bytes: [UInt8], _ body: (MessageView) -> Result?) -> Result? {
    bytes.withUnsafeBytes { datagram in
        var reader = MessageReader(datagram)
        guard let message = reader.next(), reader.next() == nil else { return nil }
        return body(message)
    }
}

@Suite struct KeyCodecTests {
    private static let rounds: UInt64 = 4000

    @Test func aMatchComesBackAsItWasWidened() throws {
        let bench = MessageBench()
        let decoder = FlowDecoder()
        for seed in 0..<Self.rounds {
            var generator = SeededGenerator(seed: seed)
            let id = FlowID(high: generator.next(), low: generator.next())
            let put = FlowPut(
                id: id, key: generator.key(), mask: generator.mask(), actions: .drop)
            let bytes = bench.encode(.put(put)) ?? []
            let record = withOnlyMessage(bytes) { decoder.decode($0) }
            guard record?.id == id, record?.match == put.match else {
                Issue.record("seed \(seed): \(put.match.differences(from: record?.match))")
                return
            }
        }
    }

    @Test func wideningTwiceChangesNothing() {
        for seed in 0..<Self.rounds {
            var generator = SeededGenerator(seed: seed)
            let match = KernelMatch(key: generator.key(), mask: generator.mask())
            guard KernelMatch(key: match.key, mask: match.mask) == match else {
                Issue.record("seed \(seed)")
                return
            }
        }
    }

    /// A flow never matches more than it was made for: whatever another packet has different where
    /// the given mask compares, the widened one sees too.
    @Test func aWidenedMaskNeverMatchesMore() {
        for seed in 0..<Self.rounds {
            var generator = SeededGenerator(seed: seed)
            let key = generator.key()
            let mask = generator.mask()
            let match = KernelMatch(key: key, mask: mask)
            let other = generator.key()
            let kernelSees = match.key.matches(other.masked(by: match.mask), mask: match.mask)
            if kernelSees, !key.matches(other, mask: mask.withoutLogicalFields) {
                Issue.record("seed \(seed): two packets that the given mask tells apart")
                return
            }
        }
    }

    /// The same with packets that differ little, which the one above hardly ever makes.
    @Test func aWidenedMaskSeesEverySingleDifference() {
        for seed in 0..<Self.rounds {
            var generator = SeededGenerator(seed: seed)
            let key = generator.key()
            let mask = generator.mask()
            let match = KernelMatch(key: key, mask: mask)
            for field in KeyField.allCases where !field.isLogical && key[wide: field] != 0 {
                var other = key
                other[wide: field] ^= mask[wide: field]
                guard key.hasSameHeaders(as: other), other != key else { continue }
                if match.key.matches(other, mask: match.mask) {
                    Issue.record("seed \(seed): a difference in \(field) is not seen")
                    return
                }
            }
        }
    }

    @Test func aSupersetCoversAndASubsetDoesNot() {
        var generator = SeededGenerator(seed: 1)
        let key = generator.key()
        let wide = KernelMatch(key: key, mask: FlowMask(exact: [.inputPort]))
        let narrow = KernelMatch(key: key, mask: FlowMask(exact: [.inputPort, .ethernetSource]))
        #expect(narrow.isCovered(by: wide))
        #expect(!wide.isCovered(by: narrow))
        #expect(wide.isCovered(by: wide))
    }

    @Test func aFlowWithoutMaskComparesEverything() throws {
        let bench = MessageBench()
        var generator = SeededGenerator(seed: 5)
        let key = generator.key()
        let all = FlowMask(exact: KeyField.allCases)
        let put = FlowPut(id: FlowID(high: 0, low: 0), key: key, mask: all, actions: .drop)
        let bytes = bench.encode(.put(put)) ?? []
        let decoder = FlowDecoder()
        let read = withOnlyMessage(bytes) { decoder.decode($0)?.match }
        let whole = try #require(read)
        #expect(whole.isCovered(by: KernelMatch(key: key, mask: FlowMask())))
        #expect(whole.key[.inputPort] == key[.inputPort])
    }
}

extension KernelMatch {
    /// The fields in which what came back is not this, for the text of a failure.
    func differences(from other: KernelMatch?) -> String {
        guard let other else { return "nothing came back" }
        return KeyField.allCases.compactMap { field -> String? in
            let ours = (key[wide: field], mask[wide: field])
            let theirs = (other.key[wide: field], other.mask[wide: field])
            return ours == theirs
                ? nil : "\(field): \(theirs.0)/\(theirs.1) instead of \(ours.0)/\(ours.1)"
        }.joined(separator: ", ")
    }
}

extension FlowMask {
    fileprivate var withoutLogicalFields: FlowMask {
        var mask = self
        for word in 0..<FlowKey.firstKernelWord { mask.words[word] = 0 }
        return mask
    }
}

extension FlowKey {
    /// Only values differ, not which headers there are.
    fileprivate func hasSameHeaders(as other: FlowKey) -> Bool {
        let deciding: [KeyField] = [
            .tunnelFamily, .tunnelOptions, .vlanTCI, .innerVLANTCI, .ethernetType, .ipProtocol,
            .ipFragment, .icmpType,
        ]
        return deciding.allSatisfy { self[$0] == other[$0] }
    }
}

@Suite struct ActionCodecTests {
    @Test func actionsComeBackAsTheyWere() throws {
        for seed in 0..<4000 as Range<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let actions = generator.actions()
            let encoded = try EncodedActions(actions)
            guard encoded.decoded == actions else {
                Issue.record(
                    "seed \(seed): \(actions) became \(String(describing: encoded.decoded))")
                return
            }
        }
    }

    @Test func theSizeIsNeverUnderestimated() throws {
        for seed in 0..<4000 as Range<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let actions = generator.actions()
            let size = try EncodedActions(actions).bytes.count
            if size > actions.netlinkSize {
                Issue.record("seed \(seed): \(size) bytes, estimated \(actions.netlinkSize)")
                return
            }
        }
    }

    @Test func aListBeyondTheKernelsLimitIsRefused() {
        let output = [DatapathAction](repeating: .output(1), count: 4097)
        let error = #expect(throws: NetlinkError.self) { try EncodedActions(output) }
        #expect(error?.cause == .tooLarge)
        #expect((try? EncodedActions(output.dropLast(1)))?.bytes.count == 32768)
    }

    @Test func outputIsOneAttribute() throws {
        #expect(try EncodedActions([.output(0x0102)]).bytes == [8, 0, 1, 0, 2, 1, 0, 0])
        #expect(try EncodedActions([]).bytes == [])
    }

    /// struct erspan_metadata of linux/erspan.h behind the other attributes of a tunnel.
    @Test func anERSPANHeaderIsAStructure() throws {
        let key = TunnelKey(
            id: 7, destination: .v4(IPv4Address(0x0102_0304)), flags: 0, erspanIndex: 0x1_2345)
        let action = DatapathAction.setTunnel(key)
        var bytes = try EncodedActions([action]).bytes
        let version = withUnsafeBytes(of: Int32(1)) { Array($0) }
        let structure: [UInt8] = version + [0, 1, 0x23, 0x45, 0, 0, 0, 0]
        #expect(Array(bytes.suffix(12)) == structure)
        #expect(bytes[bytes.count - 16] == 16)
        #expect(Int(bytes[bytes.count - 14]) == Int(OVS_TUNNEL_KEY_ATTR_ERSPAN_OPTS.rawValue))
        #expect(EncodedActions(bytes: bytes).decoded == [action])
        // Version 2 is none of ours.
        bytes.replaceSubrange(
            (bytes.count - 12)..<(bytes.count - 8),
            with: withUnsafeBytes(of: Int32(2)) { Array($0) })
        #expect(EncodedActions(bytes: bytes).decoded == nil)
    }

    @Test func anUnknownActionMakesTheListUnknown() throws {
        let known = try EncodedActions([.output(1)]).bytes
        #expect(EncodedActions(bytes: known + [4, 0, 200, 0]).decoded == nil)
        #expect(EncodedActions(bytes: known + [9, 0, 1, 0]).decoded == nil)
    }

    @Test func endlessNestingIsRefusedNotFollowed() throws {
        var actions: [DatapathAction] = []
        for _ in 0..<100 { actions = [.clone(actions)] }
        #expect(try EncodedActions(actions).decoded == nil)
    }
}

@Suite struct UpcallCodecTests {
    @Test func anUpcallIsReadWhole() throws {
        let bench = MessageBench()
        let key = FlowScratch(count: 2)
        var generator = SeededGenerator(seed: 9)
        let expected = generator.key()
        key[0].copy(from: expected)
        key[1].words.update(repeating: .max, count: FlowKey.wordCount)
        let bytes = bench.write { writer in
            writer.putDatapathHeader(command: 2, version: 1, datapathIndex: 7)
            writer.put(
                Int(OVS_PACKET_ATTR_PACKET.rawValue), (1, 2, 3, 4) as (UInt8, UInt8, UInt8, UInt8))
            key[1].widen(for: key[0])
            // OVS_FLOW_ATTR_KEY happens to be 1; the upcall's key is attribute 2.
            writer.nest(Int(OVS_PACKET_ATTR_KEY.rawValue)) { writer in
                var metadata = MetadataEncoder(values: key[0], isMask: false)
                metadata.shape = HeaderShape(key[0])
                metadata.put(into: &writer)
            }
            writer.put(Int(OVS_PACKET_ATTR_USERDATA.rawValue), UInt32(0xdead_beef).bigEndian)
            writer.put(Int(OVS_PACKET_ATTR_MRU.rawValue), UInt16(1500))
            writer.put(Int(OVS_PACKET_ATTR_LEN.rawValue), UInt32(9000))
            writer.put(Int(OVS_PACKET_ATTR_HASH.rawValue), UInt64(77))
        }
        let decoder = UpcallDecoder()
        let read = withOnlyMessage(bytes) { decoder.decode($0) }
        let upcall = try #require(read)
        #expect(upcall.reason == .action)
        #expect(upcall.datapathIndex == 7)
        #expect(upcall.packet == [1, 2, 3, 4])
        #expect(upcall.userData == [0xde, 0xad, 0xbe, 0xef])
        #expect(upcall.maximumReceivedUnit == 1500)
        #expect(upcall.originalLength == 9000)
        #expect(upcall.hash == 77)
        for field in [KeyField.inputPort, .recirculationID, .ctState, .ctZone, .ctMark, .ctLabel] {
            #expect(upcall.key[wide: field] == expected[wide: field], "\(field)")
        }
    }

    @Test func whatLacksAPacketIsNoUpcall() {
        let bench = MessageBench()
        let bytes = bench.write { writer in
            writer.putDatapathHeader(command: 1, version: 1, datapathIndex: 7)
            writer.nest(Int(OVS_PACKET_ATTR_KEY.rawValue)) { _ in }
        }
        let decoder = UpcallDecoder()
        let read = withOnlyMessage(bytes) { decoder.decode($0) }
        #expect(read == nil)
    }
}

@Suite struct FramingTests {
    /// The bytes of two messages that say the same are the same, whatever stood in the buffer.
    @Test func whatIsBetweenAttributesIsZero() {
        let buffer = MessageBuffer(count: 256)
        let messages = [UInt8.min, .max].map { rest in
            buffer.memory.initializeMemory(as: UInt8.self, repeating: rest)
            var writer = MessageWriter(buffer.memory)
            _ = writer.begin(type: 1, flags: 0, sequence: 1)
            writer.put(1, UInt16(0x0102))
            writer.nest(2) { $0.put(3, UInt8(4)) }
            writer.put(5, string: "six")
            return writer.end() ? Array(writer.bytes) : []
        }
        #expect(messages[0] == messages[1] && !messages[0].isEmpty)
    }

    @Test func aMessageThatDoesNotFitIsTakenBack() {
        let buffer = MessageBuffer(count: 256)
        var writer = MessageWriter(buffer.memory)
        var ends: [Bool] = []
        for sequence in [1, 2, 3] as [UInt32] {
            _ = writer.begin(type: 1, flags: 0, sequence: sequence)
            for _ in 0..<(sequence == 2 ? 100 : 1) { writer.nest(2) { $0.put(1, UInt32(5)) } }
            ends.append(writer.end())
        }
        #expect(ends == [true, false, true])
        #expect(writer.used == 2 * 28)
        let sequences = MessageReader(writer.bytes).map(\.sequence)
        #expect(sequences == [1, 3])
    }

    @Test func anAttributeBeyondItsLengthFieldIsRefused() {
        let buffer = MessageBuffer(count: 1 << 18)
        var writer = MessageWriter(buffer.memory)
        let large = [UInt8](repeating: 1, count: 70000)
        _ = writer.begin(type: 1, flags: 0, sequence: 1)
        large.withUnsafeBytes { writer.put(1, bytes: $0) }
        let single = writer.end()
        _ = writer.begin(type: 1, flags: 0, sequence: 1)
        writer.nest(1) { writer in
            for _ in 0..<2 {
                large[..<40000].withUnsafeBytes { writer.put(1, bytes: $0) }
            }
        }
        let nested = writer.end()
        #expect(!single)
        #expect(!nested)
    }

    @Test func aPacketTooLargeForAnAttributeIsAnOutcome() {
        let bench = MessageBench()
        let packet = [UInt8](repeating: 0, count: PacketExecution.maximumPacket + 1)
        let execution = PacketExecution(packet: packet, metadata: FlowKey(), actions: .drop)
        var fitting = execution
        fitting.packet.removeLast()
        let refused = bench.encode(.execute(execution))
        let accepted = bench.encode(.execute(fitting))
        #expect(refused == nil)
        #expect(accepted != nil)
    }

    /// The kernel refuses a packet with the tuple of a connection of the other family, and what is kept
    /// beside a packet of our own does not say which that is.
    @Test(arguments: [true, false])
    func aPacketsTupleIsOfItsFamily(isVersion4: Bool) throws {
        let bench = MessageBench()
        var metadata = FlowKey()
        metadata[.ctState] = ConnectionState.tracked
        metadata[wide: .ctSource] = 0x0a00_0001
        metadata[.ctProtocol] = 1
        let ethernet = EthernetHeader(destination: .zero, source: .zero)
        let addresses: IPHeader.Addresses =
            isVersion4
            ? .v4(source: .zero, destination: .zero) : .v6(source: .zero, destination: .zero)
        let packet = PacketBuilder.echo(ethernet, addresses, identifier: 1, sequence: 1)
        let execution = PacketExecution(packet: packet, metadata: metadata, actions: .drop)
        let bytes = bench.encode(.execute(execution)) ?? []
        let types: [Int]? = withOnlyMessage(bytes) { message in
            DatapathHeader(message)?.attributes.first {
                $0.type == Int(OVS_PACKET_ATTR_KEY.rawValue)
            }?
            .nested.map(\.type)
        }
        let found = try #require(types)
        #expect(found.contains(Int(OVS_KEY_ATTR_CT_ORIG_TUPLE_IPV4.rawValue)) == isVersion4)
        #expect(found.contains(Int(OVS_KEY_ATTR_CT_ORIG_TUPLE_IPV6.rawValue)) == !isVersion4)
    }

    @Test func theKernelsTextIsFoundBehindAWholeOrACappedRequest() throws {
        for isCapped in [true, false] {
            let echoed = isCapped ? 16 : 48
            let bytes = Self.acknowledgement(code: -22, echoed: echoed, isCapped: isCapped)
            let answer = withOnlyMessage(bytes) { Acknowledgement($0) }
            #expect(answer?.code == 22)
            #expect(answer?.text == "not so")
        }
    }

    /// struct nlmsgerr with NLMSGERR_ATTR_MSG, after an echoed request of so many bytes.
    private static func acknowledgement(code: Int32, echoed: Int, isCapped: Bool) -> [UInt8] {
        let buffer = MessageBuffer(count: 1024)
        var writer = MessageWriter(buffer.memory)
        _ = writer.begin(type: 2, flags: isCapped ? 0x300 : 0x200, sequence: 1)
        writer.putHeader(code)
        writer.putHeader(UInt32(48))
        for _ in 0..<(echoed / 4 - 1) { writer.putHeader(UInt32(0)) }
        writer.put(1, string: "not so")
        return writer.end() ? Array(writer.bytes) : []
    }

    @Test func anErrorTellsOperationPlaceAndText() {
        let error = NetlinkError(
            "flow put", place: "dp", cause: .refused(.invalid, text: "Unknown attribute"))
        #expect(error.description == "flow put dp: Invalid argument (Unknown attribute)")
        #expect(error.code == .invalid)
        #expect(NetlinkError("x", cause: .tooLarge).code == nil)
    }
}
