import OVSDBEngine
import OVSDBModel

/// Names the state that a sequence of log records leads to.
///
/// The name is a function of the records' hashes alone: a server that reads the same file again
/// finds the same names, so that a client resumes after a restart, and a file that another program
/// has changed has other names. Compaction writes the name down, as a comment of the record that
/// stands for all before it.
struct StateName: Hashable, Sendable {
    private(set) var uuid: RowUUID

    init(_ uuid: RowUUID) { self.uuid = uuid }

    /// The name of the state after a schema record.
    init(schemaHash: some Sequence<UInt8>) {
        uuid = RowUUID(high: 0x6f76_7364_6220_6c6f, low: 0x6720_7374_6174_6573)
        advance(hash: schemaHash)
    }

    /// Goes on to the state after a record with this hash (the hexadecimal text of its header).
    mutating func advance(hash: some Sequence<UInt8>) {
        for byte in hash {
            uuid.high = (uuid.high ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
            uuid.low = (uuid.low ^ uuid.high).rotated(by: 29) &* 0x9e37_79b9_7f4a_7c15
        }
    }

    private static let commentStart = "compacted database, transaction id "

    /// The comment of a compacted file's second record.
    var comment: String { Self.commentStart + uuid.description }

    /// The name in the comment of a record, if it is one that compaction wrote.
    init?(comment: String) {
        guard comment.hasPrefix(Self.commentStart),
            let uuid = RowUUID(parsing: comment.dropFirst(Self.commentStart.count))
        else { return nil }
        self.uuid = uuid
    }
}

extension UInt64 {
    fileprivate func rotated(by bits: UInt64) -> UInt64 { self << bits | self >> (64 - bits) }
}
