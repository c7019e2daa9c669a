// Sets of rows that many cells contribute to. A row is there while it has a contributor.

/// Rows for the outside. `drain` tells what came and went since the last time.
@frozen
public struct Output<Row: Hashable & Sendable>: Sendable {
    @usableFromInline let ordinal: Int

    @inlinable init(ordinal: Int) { self.ordinal = ordinal }
}

/// Rows that later functions are derived from: `collect` makes them a domain.
@frozen
public struct Relation<Row: Hashable & Sendable>: Sendable {
    @usableFromInline let ordinal: Int

    @inlinable init(ordinal: Int) { self.ordinal = ordinal }
}

/// What happened to an output: rows in no particular order, none in both lists.
public struct OutputChanges<Row: Hashable & Sendable> {
    public var added: [Row] = []
    public var removed: [Row] = []

    @inlinable public init() {}

    @inlinable public var isEmpty: Bool { added.isEmpty && removed.isEmpty }
}

@usableFromInline final class RelationStore<Row: Hashable & Sendable>: Store {
    private static var touched: UInt8 { 1 }
    private static var reported: UInt8 { 2 }

    @usableFromInline let space = KeySpace<Row>()
    /// The collection that turns contributions into cells, if the relation is read in the graph.
    @usableFromInline var collection: CollectionStore<Row>?
    /// Contributors per row, if the relation is collected; the holders of a slot then include
    /// whatever is derived over the collection.
    private var counts: [UInt32] = []
    private var marks: [UInt8] = []
    private var touchedRows: [UInt32] = []

    @inlinable override init(name: String, engine: Engine, durability: Durability = .ordinary) {
        super.init(name: name, engine: engine, durability: durability)
    }

    @usableFromInline override var bytes: Int {
        super.bytes + space.tableBytes + marks.capacity + (touchedRows.capacity + counts.capacity)
            * 4
    }

    /// Every contributor holds the slot; of an output so do the marks, one each.
    @usableFromInline override func contribute(_ slot: Int, _ change: Int) {
        if change > 0 { space.hold(slot) }
        if let collection {
            while counts.count <= slot { counts.appendTightly(0) }
            counts[slot] = UInt32(Int(counts[slot]) + change)
            collection.touch(slot)
            collection.markDirty(slot)
        } else {
            setMark(slot, Self.touched)
        }
        if change < 0 { space.letGo(slot) }
    }

    @usableFromInline func contributors(of slot: Int) -> Int {
        if collection != nil { return Int(counts[slot]) }
        return space.holds(on: slot) - (slot < marks.count ? marks[slot].nonzeroBitCount : 0)
    }

    @usableFromInline func drain() -> OutputChanges<Row> {
        var changes = OutputChanges<Row>()
        for word in touchedRows {
            let slot = Int(word)
            let isThere = contributors(of: slot) > 0
            let wasThere = marks[slot] & Self.reported != 0
            if isThere && !wasThere {
                setMark(slot, Self.reported)
                changes.added.append(space.keys[slot])
            } else if wasThere && !isThere {
                changes.removed.append(space.keys[slot])
                clearMark(slot, Self.reported)
            }
            clearMark(slot, Self.touched)
        }
        touchedRows.removeAll()
        return changes
    }

    private func setMark(_ slot: Int, _ mark: UInt8) {
        while marks.count <= slot { marks.appendTightly(0) }
        guard marks[slot] & mark == 0 else { return }
        marks[slot] |= mark
        space.hold(slot)
        if mark == Self.touched { touchedRows.append(UInt32(slot)) }
    }

    private func clearMark(_ slot: Int, _ mark: UInt8) {
        marks[slot] &= ~mark
        space.letGo(slot)
    }

    @usableFromInline func liveRows() -> [Row] {
        space.keys.indices.compactMap { contributors(of: $0) > 0 ? space.keys[$0] : nil }
    }
}

/// The rows of a relation as keys, from the position of `collect` on.
@usableFromInline final class CollectionStore<Row: Hashable & Sendable>: KeyedStore<Row, Nothing> {
    private let relation: RelationStore<Row>

    @usableFromInline init(relation: RelationStore<Row>) {
        self.relation = relation
        super.init(name: relation.name, engine: relation.engine, space: relation.space)
        relation.collection = self
    }

    @usableFromInline override func settle() -> Int {
        for word in takeDirty() {
            let slot = Int(word)
            heads.flags[slot].remove(.dirty)
            _ = setValue(slot, relation.contributors(of: slot) > 0 ? Nothing() : nil)
        }
        return 0
    }
}

extension Engine {
    /// Registers rows for the outside.
    @inlinable public func output<Row>(_ name: String) -> Output<Row> {
        Output(ordinal: RelationStore<Row>(name: name, engine: self).ordinal)
    }

    /// Registers rows for later functions.
    @inlinable public func relation<Row>(_ name: String) -> Relation<Row> {
        Relation(ordinal: RelationStore<Row>(name: name, engine: self).ordinal)
    }

    /// Makes the relation's rows a domain. All contributors are registered before this.
    @inlinable public func collect<Row>(_ relation: Relation<Row>) -> Function<Row, Nothing> {
        let store = rows(relation.ordinal, Row.self)
        precondition(store.collection == nil, "\(store.name) is collected already")
        return Function(ordinal: CollectionStore(relation: store).ordinal)
    }

    /// What came and went since the last call.
    @inlinable public func drain<Row>(_ output: Output<Row>) -> OutputChanges<Row> {
        precondition(!isRunning, "an output is drained between runs")
        return rows(output.ordinal, Row.self).drain()
    }

    /// All rows that have a contributor now, in no particular order.
    @inlinable public func rows<Row>(_ output: Output<Row>) -> [Row] {
        rows(output.ordinal, Row.self).liveRows()
    }

    /// Whether the row has a contributor now.
    @inlinable public func contains<Row>(_ output: Output<Row>, _ row: Row) -> Bool {
        let store = rows(output.ordinal, Row.self)
        return store.space.find(row).map { store.contributors(of: $0) > 0 } ?? false
    }

    /// The row with this identity, if it has a contributor now. Rows are equal, and hash, as their
    /// identities do.
    @inlinable public func row<Row: Identifiable>(
        _ output: Output<Row>, id: Row.ID
    ) -> Row? {
        let store = rows(output.ordinal, Row.self)
        guard let slot = store.space.find(hash: id.hashValue, where: { $0.id == id }),
            store.contributors(of: slot) > 0
        else { return nil }
        return store.space.keys[slot]
    }

    @inlinable func rows<Row>(_ ordinal: Int, _: Row.Type) -> RelationStore<Row> {
        unsafeDowncast(stores[ordinal], to: RelationStore<Row>.self)
    }
}

extension Context {
    /// Contributes a row; it stays until the cell's next run doesn't contribute it.
    @inlinable public func emit<Row>(_ output: Output<Row>, _ row: Row) {
        emit(engine.rows(output.ordinal, Row.self), row)
    }

    @inlinable public func emit<Row>(_ relation: Relation<Row>, _ row: Row) {
        let store = engine.rows(relation.ordinal, Row.self)
        if let collection = store.collection {
            precondition(
                ordinal < collection.ordinal, "\(store.name) is collected before this contributor")
        }
        emit(store, row)
    }

    @inlinable func emit<Row>(_ store: RelationStore<Row>, _ row: Row) {
        let slot = store.space.intern(row)
        contributions.append(CellID(store: store.ordinal, slot: slot).raw)
    }
}
