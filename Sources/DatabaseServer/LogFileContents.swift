import DequeModule
import Glibc
import Linux
import OVSDBEngine
import OVSDBModel

/// What reading a log file gave.
struct LogFileContents {
    let stored: StoredContents
    /// The name of the state that the whole file leads to.
    let state: StateName
    let transactions: Int
    /// Where the next record goes.
    let goodOffset: Int
    let fileSize: Int

    /// How many of the last transactions are kept for clients that resume.
    private static let recentTransactions = 1_000
    private static let recentRows = 100_000

    init(
        reading path: String, makeUUID: () -> RowUUID
    ) throws(StorageFailure) {
        do {
            let file = try MappedFile(path)
            let bytes = file.bytes
            var recent = RecentTransactions()
            let replay = try LogReplay(bytes, makeUUID: makeUUID) { record, delta in
                recent.add(record, delta, in: bytes)
            }
            _ = consume file
            self.init(replay, recent)
        } catch let error as LogError {
            throw StorageFailure("\(path): \(error)")
        } catch {
            throw StorageFailure("\(error)")
        }
    }

    private init(_ replay: LogReplay, _ recent: RecentTransactions) {
        stored = StoredContents(
            database: replay.database, state: recent.base.uuid,
            recent: recent.entries.map { ($0.state.uuid, $0.delta) })
        state = recent.state
        transactions = replay.records - 1
        goodOffset = replay.goodOffset
        fileSize = replay.fileSize
    }

    /// The end of what is read, as far as it is kept.
    private struct RecentTransactions {
        var entries: Deque<(state: StateName, delta: DatabaseDelta)> = []
        /// The state before `entries`.
        var base = StateName(.zero)
        private var rows = 0

        var state: StateName { entries.last?.state ?? base }

        mutating func add(
            _ record: LogRecord, _ delta: DatabaseDelta, in bytes: UnsafeRawBufferPointer
        ) {
            let hash = bytes[(record.body.lowerBound - 41)..<(record.body.lowerBound - 1)]
            if record.number == 1 {
                base = StateName(schemaHash: hash)
                return
            }
            if record.number == 2, let name = Self.compactedState(bytes[record.body]) {
                base = name
                return
            }
            var next = state
            next.advance(hash: hash)
            append(next, delta)
        }

        private mutating func append(_ state: StateName, _ delta: DatabaseDelta) {
            entries.append((state, delta))
            rows += delta.changedRows
            while entries.count > recentTransactions || rows > recentRows,
                let first = entries.popFirst()
            {
                base = first.state
                rows -= first.delta.changedRows
            }
        }

        /// The name in the comment of a record that begins as `snapshotRecord` writes it.
        private static func compactedState(_ body: Slice<UnsafeRawBufferPointer>) -> StateName? {
            let text = String(decoding: body.prefix(256), as: UTF8.self)
            guard let key = text.firstRange(ofText: "\"_comment\":\"") else { return nil }
            return StateName(comment: String(text[key.upperBound...].prefix { $0 != "\"" }))
        }
    }
}

extension String {
    fileprivate func firstRange(ofText other: String) -> Range<String.Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(other) {
                return start..<index(start, offsetBy: other.count)
            }
            formIndex(after: &start)
        }
        return nil
    }
}

extension DatabaseDelta {
    var changedRows: Int { tables.reduce(0) { $0 + $1.rows.count } }
}

/// A file's bytes as memory, read as they are touched.
struct MappedFile: ~Copyable {
    /// Valid as long as the value lives and nobody shortens the file: its lock is held.
    let bytes: UnsafeRawBufferPointer

    init(_ path: String) throws(SystemError) {
        let file = try FileDescriptor.open(path)
        var status = stat()
        let raw = file.rawValue
        try checked("fstat", place: path) { fstat(raw, &status) }
        let size = Int(status.st_size)
        guard size > 0 else {
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        let address = mmap(nil, size, PROT_READ, MAP_PRIVATE, raw, 0)
        guard let address, address != MAP_FAILED else { throw .last("mmap", place: path) }
        bytes = UnsafeRawBufferPointer(start: address, count: size)
    }

    deinit {
        if let base = bytes.baseAddress {
            munmap(UnsafeMutableRawPointer(mutating: base), bytes.count)
        }
    }
}
