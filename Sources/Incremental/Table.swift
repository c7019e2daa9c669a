/// An input: rows by key, set from outside between runs.
@frozen
public struct Table<Key: Hashable & Sendable, Value: Equatable & Sendable>: Sendable {
    @usableFromInline let ordinal: Int

    @inlinable init(ordinal: Int) { self.ordinal = ordinal }
}

@usableFromInline
final class TableStore<
    Key: Hashable & Sendable, Value: Equatable & Sendable
>: KeyedStore<Key, Value> {
    private let ownsSpace: Bool

    /// `space` is that of another table about the same objects.
    @usableFromInline init(
        name: String, engine: Engine, durability: Durability, space: KeySpace<Key>? = nil
    ) {
        ownsSpace = space == nil
        super.init(
            name: name, engine: engine, space: space ?? KeySpace(), durability: durability)
    }

    @usableFromInline override var bytes: Int { super.bytes + (ownsSpace ? space.bytes : 0) }
}

extension Engine {
    /// Registers an input table.
    @inlinable public func table<Key, Value>(
        _ name: String, durability: Durability = .ordinary
    ) -> Table<Key, Value> {
        Table(
            ordinal: TableStore<Key, Value>(name: name, engine: self, durability: durability)
                .ordinal)
    }

    /// Registers an input table about the objects of another one, whose keys it shares.
    @inlinable public func table<Key, Value, Other>(
        _ name: String, beside other: Table<Key, Other>
    ) -> Table<Key, Value> {
        let space = keyed(other.ordinal, Key.self, Other.self).space
        return Table(
            ordinal: TableStore<Key, Value>(
                name: name, engine: self, durability: .ordinary, space: space
            ).ordinal)
    }

    /// Sets, replaces or (nil) removes a row. An equal row changes nothing.
    @inlinable public func set<Key, Value>(
        _ table: Table<Key, Value>, _ key: Key, _ value: Value?
    ) {
        precondition(!isRunning, "a derivation may not set an input")
        let store = keyed(table.ordinal, Key.self, Value.self)
        if value == nil, store.space.find(key) == nil { return }
        _ = store.setValue(store.space.intern(key), value)
    }

    /// The row as it was set last.
    @inlinable public func value<Key, Value>(_ table: Table<Key, Value>, _ key: Key) -> Value? {
        lookUp(keyed(table.ordinal, Key.self, Value.self), key)
    }

    /// The keys that have a row, in no particular order.
    @inlinable public func keys<Key, Value>(of table: Table<Key, Value>) -> [Key] {
        liveKeys(keyed(table.ordinal, Key.self, Value.self))
    }

    @inlinable func keyed<Key, Value>(
        _ ordinal: Int, _: Key.Type, _: Value.Type
    ) -> KeyedStore<Key, Value> {
        unsafeDowncast(stores[ordinal], to: KeyedStore<Key, Value>.self)
    }

    @inlinable func lookUp<Key, Value>(_ store: KeyedStore<Key, Value>, _ key: Key) -> Value? {
        guard let slot = store.space.find(key) else { return nil }
        return store.value(slot)
    }

    @inlinable func liveKeys<Key, Value>(_ store: KeyedStore<Key, Value>) -> [Key] {
        store.values.indices.compactMap { store.values[$0] == nil ? nil : store.space.keys[$0] }
    }
}

extension Context {
    /// The row with this key, or nil; both are dependencies.
    @inlinable public func read<Key, Value>(_ table: Table<Key, Value>, _ key: Key) -> Value? {
        read(engine.keyed(table.ordinal, Key.self, Value.self), key)
    }

    @inlinable func read<Key, Value>(_ store: KeyedStore<Key, Value>, _ key: Key) -> Value? {
        let slot = store.space.intern(key)
        record(store, slot)
        return store.value(slot)
    }
}
