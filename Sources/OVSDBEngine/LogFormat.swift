// The log file of a standalone database, as stock servers write and read it (ovsdb(5), "Standalone
// and Active-Backup Database File Format"): records, each a header line and one line of JSON. The
// first is the schema, every other a transaction. The state of the database is what results from
// applying them in order.
//
//     OVSDB JSON <length> <SHA-1 of the body>\n
//     <body of that length, its newline included>
//
// A crash can tear the last record: it is cut off. A record that is damaged and has a sound one
// behind it was not torn by a crash: that is an error, so that nobody loses the rest of a database
// without having decided to.

import OVSDBModel

/// One record as it stands in the file.
public struct LogRecord: Hashable, Sendable {
    /// Counted from 1, the schema.
    public var number: Int
    /// Where its header begins.
    public var offset: Int
    /// Where its body begins and ends; the body's newline is part of it.
    public var body: Range<Int>
}

/// Finds the records in the bytes of a file.
public struct LogReader {
    /// Valid as long as the caller of `LogReader` keeps the memory.
    private let bytes: UnsafeRawBufferPointer
    /// The end of the last good record.
    public private(set) var goodOffset = 0
    private var count = 0

    public init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// The next record; nil at the end of the file and at a torn record, of which only
    /// `goodOffset < bytes.count` remains to tell.
    public mutating func next() throws(LogError) -> LogRecord? {
        guard goodOffset < bytes.count else { return nil }
        do throws(LogError.Damage) {
            let body = try record(at: goodOffset)
            count += 1
            let record = LogRecord(number: count, offset: goodOffset, body: body)
            goodOffset = body.upperBound
            return record
        } catch {
            guard let sound = firstSoundRecord(after: goodOffset) else { return nil }
            throw .damaged(error, record: count + 1, offset: goodOffset, nextSound: sound)
        }
    }

    /// The body of the record whose header begins at `offset`.
    private func record(at offset: Int) throws(LogError.Damage) -> Range<Int> {
        guard let header = LogHeader(bytes, at: offset) else { throw .header }
        let start = offset + header.size
        guard header.length <= bytes.count - start else { throw .length }
        let body = start..<(start + header.length)
        let hash = SHA1.hexadecimal(of: UnsafeRawBufferPointer(rebasing: bytes[body]))
        guard hash.elementsEqual(header.hash) else { throw .hash }
        return body
    }

    private func firstSoundRecord(after offset: Int) -> Int? {
        var position = offset + 1
        while position + LogHeader.magic.count < bytes.count {
            if bytes[position] == LogHeader.magic[0], (try? record(at: position)) != nil {
                return position
            }
            position += 1
        }
        return nil
    }
}

/// The line in front of a record.
struct LogHeader {
    static let magic = Array("OVSDB JSON ".utf8)
    /// A longer line is not a header.
    private static let maximumSize = 128

    /// Bytes of the line, its newline included.
    let size: Int
    /// Bytes of the body.
    let length: Int
    /// 40 hexadecimal digits, lower case.
    let hash: [UInt8]

    init?(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
        let line = bytes[offset...].prefix(LogHeader.maximumSize)
        guard let end = line.firstIndex(of: 0x0a), line.starts(with: LogHeader.magic) else {
            return nil
        }
        let words = line[(offset + LogHeader.magic.count)..<end].split(
            separator: 0x20, omittingEmptySubsequences: false)
        guard words.count == 2, words[1].count == 40,
            let length = Int(String(decoding: words[0], as: UTF8.self)), length > 0
        else { return nil }
        self.size = end + 1 - offset
        self.length = length
        self.hash = words[1].map { $0 | 0x20 }
    }

    /// The header of a record with this body.
    static func text(for body: [UInt8]) -> [UInt8] {
        let hash = body.withUnsafeBytes { SHA1.hexadecimal(of: $0) }
        return magic + Array("\(body.count) ".utf8) + hash + [0x0a]
    }
}
