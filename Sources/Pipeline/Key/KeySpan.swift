import Datapath
import LogicalFlow

// Where the fields of logical flows are in the words of a flow key.

/// A run of 1 to 128 bits of a flow key. It may begin in one word and end in the one before, as the two
/// words of a 128-bit field stand with the more significant first.
@frozen
public struct KeySpan: Hashable, Sendable, BitwiseCopyable {
    /// The word that holds the least significant bit.
    public let word: UInt8
    /// The place of that bit in the word, 0...63.
    public let shift: UInt8
    /// 1...128 bits.
    public let width: UInt8

    @inlinable
    public init(word: UInt8, shift: UInt8, width: UInt8) {
        self.word = word
        self.shift = shift
        self.width = width
    }

    @inlinable
    public init(_ position: FieldPosition) {
        let isDouble = position.width == 128
        self.init(
            word: isDouble ? position.word + 1 : position.word, shift: position.shift,
            width: position.width)
    }

    @inlinable
    public init(_ field: KeyField) { self.init(field.position) }

    /// True if all bits are in one word.
    @inlinable
    public var isSingleWord: Bool { Int(shift) + Int(width) <= 64 }

    /// The bits of the word, for a span in one word.
    @inlinable
    public var mask: UInt64 {
        assert(isSingleWord)
        return width == 64 ? .max : ((1 << UInt64(width)) &- 1) << UInt64(shift)
    }

    /// The part of this span that begins at bit `offset`.
    package func part(offset: Int, width: Int) -> KeySpan {
        precondition(offset >= 0 && width > 0 && offset + width <= Int(self.width))
        let bit = Int(shift) + offset
        return KeySpan(
            word: word - UInt8(bit / 64), shift: UInt8(bit % 64), width: UInt8(width))
    }
}

extension FlowPointer {
    /// The bits of `span`, right aligned.
    @inlinable
    public subscript(span: KeySpan) -> UInt128 {
        @inline(__always)
        get {
            let word = Int(span.word)
            if span.isSingleWord {
                return UInt128((words[word] & span.mask) >> UInt64(span.shift))
            }
            let pair = UInt128(words[word - 1]) << 64 | UInt128(words[word])
            return (pair >> UInt128(span.shift)) & (UInt128.max >> UInt128(128 - span.width))
        }
        nonmutating set {
            let word = Int(span.word)
            if span.isSingleWord {
                let value = UInt64(truncatingIfNeeded: newValue) << UInt64(span.shift)
                words[word] = words[word] & ~span.mask | value & span.mask
                return
            }
            let mask = (UInt128.max >> UInt128(128 - span.width)) << UInt128(span.shift)
            let pair = UInt128(words[word - 1]) << 64 | UInt128(words[word])
            let result = pair & ~mask | (newValue << UInt128(span.shift)) & mask
            words[word - 1] = UInt64(truncatingIfNeeded: result >> 64)
            words[word] = UInt64(truncatingIfNeeded: result)
        }
    }

    /// Sets the bits of `span` that are one in `bits`.
    @inlinable
    @inline(__always)
    public func formUnion(_ bits: UInt128, at span: KeySpan) {
        let word = Int(span.word)
        if span.isSingleWord {
            words[word] |= UInt64(truncatingIfNeeded: bits) << UInt64(span.shift)
            return
        }
        let shifted = bits << UInt128(span.shift)
        words[word] |= UInt64(truncatingIfNeeded: shifted)
        words[word - 1] |= UInt64(truncatingIfNeeded: shifted >> 64)
    }

    /// Sets all bits of `span`, as a mask does that compares it.
    @inlinable
    public func setExact(_ span: KeySpan) {
        formUnion(UInt128.max >> UInt128(128 - span.width), at: span)
    }
}

// MARK: - Fields of logical flows

extension KeySpan {
    /// Where a field is; nil for what only generated packets have.
    package init?(_ field: Field) {
        guard let position = field.keyPosition else { return nil }
        self.init(position)
    }

    package init?(_ storage: Storage) {
        guard let whole = KeySpan(storage.field) else { return nil }
        self = whole.part(offset: storage.offset, width: storage.width)
    }

    /// Where a field of an action is.
    package init?(_ range: FieldRange) {
        guard let storage = SymbolTable.standard[range.symbol].storage else { return nil }
        self.init(storage.narrowed(to: range))
    }
}

extension Field {
    fileprivate var keyPosition: FieldPosition? {
        switch self {
        case .ipDSCP: KeyField.dscp
        case .ipECN: KeyField.ecn
        default: keyField?.position
        }
    }

    private var keyField: KeyField? {
        logicalKeyField ?? ethernetKeyField ?? internetKeyField ?? neighbourKeyField
    }

    private var logicalKeyField: KeyField? {
        switch self {
        case .inport: .inport
        case .outport: .outport
        case .xxreg0: .xxreg0
        case .xxreg1: .xxreg1
        case .xreg4: .xreg4
        case .flags: .flags
        case .ctState: .ctState
        case .ctMark: .ctMark
        case .ctLabel: .ctLabel
        case .ctProto: .ctProtocol
        case .ctTpSrc: .ctSourcePort
        case .ctTpDst: .ctDestinationPort
        case .pktMark: .mark
        default: nil
        }
    }

    private var ethernetKeyField: KeyField? {
        switch self {
        case .ethSrc: .ethernetSource
        case .ethDst: .ethernetDestination
        case .ethType: .ethernetType
        case .vlanTCI: .vlanTCI
        default: nil
        }
    }

    private var internetKeyField: KeyField? {
        switch self {
        case .ipProto: .ipProtocol
        case .ipTTL: .ipTTL
        case .ipFrag: .ipFragment
        case .ip4Src: .ipv4Source
        case .ip4Dst: .ipv4Destination
        case .ip6Src: .ipv6Source
        case .ip6Dst: .ipv6Destination
        case .ip6Label: .ipv6Label
        case .icmp4Type, .icmp6Type: .icmpType
        case .icmp4Code, .icmp6Code: .icmpCode
        case .tcpSrc, .udpSrc, .sctpSrc: .sourcePort
        case .tcpDst, .udpDst, .sctpDst: .destinationPort
        case .tcpFlags: .tcpFlags
        default: nil
        }
    }

    private var neighbourKeyField: KeyField? {
        switch self {
        case .arpOp, .rarpOp: .arpOperation
        case .arpSPA, .rarpSPA: .arpSourceIP
        case .arpTPA, .rarpTPA: .arpTargetIP
        case .arpSHA, .rarpSHA: .arpSourceMAC
        case .arpTHA, .rarpTHA: .arpTargetMAC
        case .ndTarget: .ndTarget
        case .ndSLL: .ndSourceLink
        case .ndTLL: .ndTargetLink
        default: nil
        }
    }
}
