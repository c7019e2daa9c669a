// Tables by index that a builder edits and snapshots read. They stand in chunks; a snapshot shares the
// chunks that didn't change since the one before, so publishing costs what changed, plus one pointer per
// chunk.

/// The number of elements of a chunk.
private let chunkShift = 8
private let chunkSize = 1 << chunkShift

/// Some elements, with what they point to.
///
/// Invariant: once published, a chunk never changes; so any thread may read it.
final class TableChunk<Element: BitwiseCopyable>: @unchecked Sendable {
    fileprivate let base: UnsafeMutablePointer<Element>
    /// Keep alive what the elements hold unmanaged.
    fileprivate var owners: [AnyObject?]
    fileprivate var isPublished = false

    fileprivate init(filledWith element: Element) {
        base = .allocate(capacity: chunkSize)
        base.initialize(repeating: element, count: chunkSize)
        owners = Array(repeating: nil, count: chunkSize)
    }

    fileprivate init(copying other: TableChunk) {
        base = .allocate(capacity: chunkSize)
        base.initialize(from: other.base, count: chunkSize)
        owners = other.owners
    }

    deinit { base.deallocate() }
}

/// The builder's side.
struct PersistentTable<Element: BitwiseCopyable> {
    private var chunks: [TableChunk<Element>] = []
    private var published: PublishedTable<Element>?
    private let vacant: Element

    init(vacant: Element) { self.vacant = vacant }

    /// Reading beyond the end yields the vacant element.
    subscript(index: UInt32) -> Element {
        let chunk = Int(index) >> chunkShift
        return chunk < chunks.count ? chunks[chunk].base[Int(index) & (chunkSize - 1)] : vacant
    }

    mutating func set(_ index: UInt32, _ element: Element, owner: AnyObject? = nil) {
        let chunk = writableChunk(Int(index) >> chunkShift)
        let place = Int(index) & (chunkSize - 1)
        chunk.base[place] = element
        chunk.owners[place] = owner
        published = nil
    }

    /// Makes a place that readers may look at, though nothing may ever be put there.
    mutating func ensure(_ index: UInt32) {
        while chunks.count <= Int(index) >> chunkShift {
            chunks.append(TableChunk(filledWith: vacant))
            published = nil
        }
    }

    private mutating func writableChunk(_ index: Int) -> TableChunk<Element> {
        ensure(UInt32(index << chunkShift))
        if chunks[index].isPublished { chunks[index] = TableChunk(copying: chunks[index]) }
        return chunks[index]
    }

    /// The table as it is now.
    mutating func publish() -> PublishedTable<Element> {
        if let published { return published }
        for chunk in chunks { chunk.isPublished = true }
        let table = PublishedTable(chunks)
        published = table
        return table
    }
}

/// The snapshot's side.
///
/// Invariant: immutable once made, as are its chunks; so any thread may read it.
final class PublishedTable<Element: BitwiseCopyable>: @unchecked Sendable {
    private let chunks: [TableChunk<Element>]
    private let bases: UnsafeMutablePointer<UnsafeMutablePointer<Element>>
    /// The number of places, vacant ones included.
    let capacity: Int

    fileprivate init(_ chunks: [TableChunk<Element>]) {
        self.chunks = chunks
        capacity = chunks.count << chunkShift
        bases = .allocate(capacity: max(1, chunks.count))
        for (index, chunk) in chunks.enumerated() { (bases + index).initialize(to: chunk.base) }
    }

    deinit { bases.deallocate() }

    var view: TableView<Element> { TableView(bases: UnsafePointer(bases)) }

    /// Chunks that two tables don't share, for tests of proportion.
    func unsharedChunks(with other: PublishedTable) -> Int {
        let theirs = Set(other.chunks.map(ObjectIdentifier.init))
        return chunks.count { !theirs.contains(ObjectIdentifier($0)) }
    }
}

/// Reads a published table that somebody else keeps alive. Indexes are in range by construction: only
/// those handed out by the table's builder exist.
struct TableView<Element: BitwiseCopyable>: BitwiseCopyable {
    fileprivate let bases: UnsafePointer<UnsafeMutablePointer<Element>>

    @inline(__always)
    func pointer(at index: UInt32) -> UnsafePointer<Element> {
        UnsafePointer(bases[Int(index) >> chunkShift] + (Int(index) & (chunkSize - 1)))
    }

    @inline(__always)
    subscript(index: UInt32) -> Element { pointer(at: index).pointee }
}
