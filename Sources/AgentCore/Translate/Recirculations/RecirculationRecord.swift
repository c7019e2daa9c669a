import Wire

// The file of recirculation states as bytes: a header, then records of one size, each a number with
// its state or free. Numbers of the format are written most significant byte first.
//
//     0   4  the number; 0 in a free record, whose other bytes mean nothing
//     4   2  length of the state
//     6   2  zero
//     8   8  checksum of number, length and state
//     16     the state (`FrozenState+Bytes`)
//
// Properties that must hold: a process that is killed at any point leaves records that are whole or
// free, because the number is written last and erased first, at once; and a record that is read is the
// one that was written, in its version, or a fault that says where it is.

/// Why a file of states is not used.
package enum RecirculationFault: Error, Hashable, Sendable, CustomStringConvertible {
    case cutShort(bytes: Int)
    case tooLong(bytes: Int)
    case noHeader
    case version(UInt32)
    /// The registers stand elsewhere in a key's words, or records have another size.
    case layout
    case headerChecksum
    case otherBoot
    case otherDatapath
    /// There are flows of a later run than the last that has written it.
    case older
    case checksum(record: Int)
    case state(record: Int)
    case twice(record: Int)

    package var description: String {
        switch self {
        case .cutShort(let bytes): "cut short after \(bytes) bytes"
        case .tooLong(let bytes): "\(bytes) bytes are too many"
        case .noHeader: "byte 0: no header of recirculation states"
        case .version(let version): "byte 8: version \(version) is unknown here"
        case .layout: "byte 12: written with another layout"
        case .headerChecksum: "byte 48: wrong checksum of the header"
        case .otherBoot: "byte 24: written before the machine started"
        case .otherDatapath: "byte 32: written for another datapath"
        case .older: "byte 56: older than the flows in the kernel"
        case .checksum(let record): "\(Self.place(record)): wrong checksum"
        case .state(let record): "\(Self.place(record)): no state"
        case .twice(let record): "\(Self.place(record)): a number that another record has"
        }
    }

    private static func place(_ record: Int) -> String {
        "record \(record) (byte \(RecirculationRecord.offset(record)))"
    }
}

/// A number and what it stands for.
package struct RecirculationRecord: Hashable, Sendable {
    /// Bytes of a record, and of the header.
    package static let size = 256
    private static let stateOffset = 16

    package let number: UInt32
    package let state: FrozenState

    package init(number: UInt32, state: FrozenState) {
        precondition(number != 0)
        self.number = number
        self.state = state
    }

    /// Where a record begins in the file; the header stands before the first.
    package static func offset(_ record: Int) -> Int { size * (record + 1) }

    /// The record but for its number, which is zero here and has to be written behind the rest. Nil for
    /// a state that is larger than a record: it has been copied to many mirrors.
    package var bytes: [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.size)
        bytes.append(0, width: Self.stateOffset)
        guard state.append(to: &bytes), bytes.count <= Self.size else { return nil }
        bytes.store16(UInt16(bytes.count - Self.stateOffset), at: 4)
        let checksum = Self.checksum(number, bytes[Self.stateOffset...])
        bytes.store(UInt128(checksum), width: 8, at: 8)
        return bytes
    }

    /// The number as it stands in the file.
    package static func mark(_ number: UInt32) -> UInt32 { number.bigEndian }

    /// Reads a whole record; nil if it is free.
    package static func read(
        _ bytes: [UInt8], record: Int
    ) throws(RecirculationFault) -> RecirculationRecord? {
        precondition(bytes.count == size)
        let number = bytes.uint32(at: 0)
        guard number != 0 else { return nil }
        let length = Int(bytes.uint16(at: 4))
        guard bytes.uint16(at: 6) == 0, length <= size - stateOffset else {
            throw .checksum(record: record)
        }
        let state = bytes[stateOffset..<stateOffset + length]
        guard bytes.uint64(at: 8) == checksum(number, state) else {
            throw .checksum(record: record)
        }
        guard let state = FrozenState(bytes: Array(state)) else { throw .state(record: record) }
        return RecirculationRecord(number: number, state: state)
    }

    private static func checksum(_ number: UInt32, _ state: ArraySlice<UInt8>) -> UInt64 {
        var sum = StableChecksum()
        sum.combine(UInt64(number))
        sum.combine(UInt64(state.count))
        sum.combine(state)
        return sum.value
    }
}

/// Fowler, Noll and Vo's hash 1a with 64 bits: the same in every process, as Swift's hashes are not.
package struct StableChecksum: Sendable {
    package private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    package init() {}

    package mutating func combine(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
    }

    package mutating func combine(_ word: UInt64) {
        for shift in stride(from: UInt64(56), through: 0, by: -8) {
            value = (value ^ (word >> shift & 0xff)) &* 0x100_0000_01b3
        }
    }
}

extension [UInt8] {
    func uint64(at offset: Int) -> UInt64 {
        UInt64(uint32(at: offset)) << 32 | UInt64(uint32(at: offset + 4))
    }
}
