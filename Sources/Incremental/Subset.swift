// A domain that is part of another one: a function of few among many costs nothing for the others.

@usableFromInline
final class SubsetStore<
    Key: Hashable & Sendable, Value: Equatable & Sendable
>: KeyedStore<Key, Value> {
    @usableFromInline init(name: String, engine: Engine) {
        super.init(name: name, engine: engine, space: KeySpace())
    }

    @usableFromInline override var bytes: Int { super.bytes + space.bytes }

    @inlinable func update(_ key: Key, _ value: Value?) {
        if value == nil, space.find(key) == nil { return }
        _ = setValue(space.intern(key), value)
    }
}

extension Engine {
    /// Registers the keys of `domain` whose values satisfy a pure predicate, as a domain of its
    /// own. A value that changes and still satisfies it is a change here too.
    @inlinable public func subset<D: Domain>(
        _ name: String, of domain: D,
        where isMember: @escaping @Sendable (D.Key, D.Value) -> Bool
    ) -> Function<D.Key, D.Value> {
        let source = keyed(domain.storeOrdinal, D.Key.self, D.Value.self)
        let store = SubsetStore<D.Key, D.Value>(name: name, engine: self)
        source.observers.append { slot, _, new in
            let key = source.space.keys[slot]
            store.update(key, new.flatMap { isMember(key, $0) ? $0 : nil })
        }
        return Function(ordinal: store.ordinal)
    }
}
