// Functions on demand: a cell exists while somebody reads it.

/// A derived value for any key that is asked for, such as the parse of a text that many objects
/// share. A memo contributes no rows, so it may appear and vanish without anybody noticing.
@frozen
public struct Memo<Key: Hashable & Sendable, Value: Equatable & Sendable>: Sendable {
    @usableFromInline let ordinal: Int

    @inlinable init(ordinal: Int) { self.ordinal = ordinal }
}

@usableFromInline
final class MemoStore<
    Key: Hashable & Sendable, Value: Equatable & Sendable
>: KeyedStore<Key, Value> {
    @usableFromInline typealias Body = @Sendable (Key, Context) -> Value

    @usableFromInline let body: Body

    @inlinable init(name: String, engine: Engine, body: @escaping Body) {
        self.body = body
        super.init(name: name, engine: engine, space: KeySpace(), isOfDomain: false)
    }

    @usableFromInline override var bytes: Int { super.bytes + space.bytes }

    /// A memo lives by its readers alone.
    @usableFromInline override func isUnused(_ slot: Int) -> Bool {
        references(to: slot) == 0
    }

    @usableFromInline override func reclaim(_ slot: Int) {
        engine.withdraw(self, slot)
        if slot < values.count, values[slot] != nil {
            values[slot] = nil
            note(slot, .removed)
        }
        super.reclaim(slot)
    }

    @inlinable override func settle() -> Int {
        var count = 0
        for word in takeDirty() {
            let slot = Int(word)
            heads.flags[slot].remove(.dirty)
            guard references(to: slot) > 0 else { continue }
            compute(slot)
            count += 1
        }
        return count
    }

    @inlinable func compute(_ slot: Int) {
        let key = space.keys[slot]
        let context = engine.borrowContext(for: self, slot)
        let isNew = value(slot) == nil
        let result = body(key, context)
        precondition(context.contributions.isEmpty, "\(name) is a memo and contributes no rows")
        engine.commit(context, to: self, slot)
        engine.giveBack(context)
        let changed = setValue(slot, result)
        note(slot, isNew ? .created : changed ? .changed : .cutOff)
    }
}

extension Engine {
    /// Registers a function that is computed for the keys that derivations ask for.
    @inlinable public func memo<Key, Value>(
        _ name: String, _ body: @escaping @Sendable (Key, Context) -> Value
    ) -> Memo<Key, Value> {
        Memo(ordinal: MemoStore(name: name, engine: self, body: body).ordinal)
    }

    /// How many keys the memo holds now.
    @inlinable public func count<Key, Value>(of memo: Memo<Key, Value>) -> Int {
        liveKeys(keyed(memo.ordinal, Key.self, Value.self)).count
    }
}

extension Context {
    /// The memo's value for the key, computed now if nobody has asked before.
    @inlinable public func read<Key, Value>(_ memo: Memo<Key, Value>, _ key: Key) -> Value {
        let store = unsafeDowncast(
            engine.stores[memo.ordinal], to: MemoStore<Key, Value>.self)
        let slot = store.space.intern(key)
        record(store, slot)
        if let value = store.value(slot) { return value }
        store.compute(slot)
        guard let value = store.value(slot) else {
            preconditionFailure("\(store.name) computed no value")
        }
        return value
    }
}
