// Functions over a domain: one cell per live key of another store.

/// A derived value per key of its domain. Without a value of interest it is a mere emitter.
@frozen
public struct Function<Key: Hashable & Sendable, Value: Equatable & Sendable>: Sendable {
    @usableFromInline let ordinal: Int

    @inlinable init(ordinal: Int) { self.ordinal = ordinal }
}

/// The value of a function that only contributes rows.
@frozen
public struct Nothing: Hashable, Sendable {
    @inlinable public init() {}
}

/// What a function can be derived over.
public protocol Domain: Sendable {
    associatedtype Key: Hashable & Sendable
    associatedtype Value: Equatable & Sendable
    var storeOrdinal: Int { get }
}

extension Table: Domain {
    @inlinable public var storeOrdinal: Int { ordinal }
}

extension Function: Domain {
    @inlinable public var storeOrdinal: Int { ordinal }
}

@usableFromInline
final class FunctionStore<
    Key: Hashable & Sendable, Source: Equatable & Sendable, Value: Equatable & Sendable
>: KeyedStore<Key, Value>, Follower {
    @usableFromInline typealias Body = @Sendable (Key, Source, Context) -> Value

    @usableFromInline let source: KeyedStore<Key, Source>
    @usableFromInline let body: Body

    @inlinable init(
        name: String, engine: Engine, source: KeyedStore<Key, Source>, body: @escaping Body
    ) {
        self.source = source
        self.body = body
        super.init(name: name, engine: engine, space: source.space)
        source.followers.append(self)
    }

    @usableFromInline func pin(_ slot: Int, _ isPinned: Bool) {
        touch(slot)
        if isPinned {
            heads.flags[slot].insert(.pinned)
        } else {
            heads.flags[slot].remove(.pinned)
        }
        markDirty(slot)
    }

    @usableFromInline func wake(_ slot: Int) { markDirty(slot) }

    @inlinable override func settle() -> Int {
        let work = takeDirty()
        for word in work {
            let slot = Int(word)
            heads.flags[slot].remove(.dirty)
            if heads.flags[slot].contains(.pinned) { update(slot) } else { drop(slot) }
        }
        return work.count
    }

    @inlinable func update(_ slot: Int) {
        let key = space.keys[slot]
        let context = engine.borrowContext(for: self, slot)
        guard let input = source.value(slot) else {
            preconditionFailure("a pinned cell of \(name) has no source")
        }
        let isNew = !heads.flags[slot].contains(.live)
        let value = body(key, input, context)
        engine.commit(context, to: self, slot)
        engine.giveBack(context)
        let changed = setValue(slot, value)
        note(slot, isNew ? .created : changed ? .changed : .cutOff)
    }

    @inlinable func drop(_ slot: Int) {
        engine.withdraw(self, slot)
        if setValue(slot, nil) { note(slot, .removed) }
        engine.nominate(self, slot)
    }
}

extension Store {
    @usableFromInline final func note(_ slot: Int, _ kind: EventLog.Kind) {
        runs += 1
        if kind == .cutOff { cutOffs += 1 }
        engine.log?.record(engine.revision, self, slot, kind)
    }
}

extension Engine {
    /// Registers a function with one cell per live key of `domain`. Its body receives the key,
    /// the domain's value and a context to read and contribute with.
    @inlinable public func function<D: Domain, Value: Equatable & Sendable>(
        _ name: String, over domain: D,
        _ body: @escaping @Sendable (D.Key, D.Value, Context) -> Value
    ) -> Function<D.Key, Value> {
        let source = keyed(domain.storeOrdinal, D.Key.self, D.Value.self)
        let store = FunctionStore(name: name, engine: self, source: source, body: body)
        return Function(ordinal: store.ordinal)
    }

    /// Registers a function that only contributes rows.
    @inlinable @discardableResult
    public func emitter<D: Domain>(
        _ name: String, over domain: D,
        _ body: @escaping @Sendable (D.Key, D.Value, Context) -> Void
    ) -> Function<D.Key, Nothing> {
        function(name, over: domain) { key, value, context in
            body(key, value, context)
            return Nothing()
        }
    }

    @inlinable public func value<Key, Value>(_ function: Function<Key, Value>, _ key: Key) -> Value?
    {
        lookUp(keyed(function.ordinal, Key.self, Value.self), key)
    }

    @inlinable public func keys<Key, Value>(of function: Function<Key, Value>) -> [Key] {
        liveKeys(keyed(function.ordinal, Key.self, Value.self))
    }
}

extension Context {
    /// The function's value for the key, or nil if the key is not in its domain.
    @inlinable public func read<Key, Value>(_ function: Function<Key, Value>, _ key: Key) -> Value?
    {
        read(engine.keyed(function.ordinal, Key.self, Value.self), key)
    }
}
