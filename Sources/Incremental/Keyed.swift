// Stores whose cells have a key and a value, and what follows them.

/// A store of keyed values: a table, a function, a relation's rows.
public class KeyedStore<Key: Hashable & Sendable, Value: Equatable & Sendable>: Store {
    @usableFromInline final let space: KeySpace<Key>
    @usableFromInline final var values: [Value?] = []
    /// Functions that have one cell per live key of this store.
    @usableFromInline final var followers: [Follower] = []
    /// Indexes and allocators that see every change of a value.
    @usableFromInline final var observers: [(_ slot: Int, _ old: Value?, _ new: Value?) -> Void] =
        []

    @usableFromInline init(
        name: String, engine: Engine, space: KeySpace<Key>, durability: Durability = .ordinary,
        isOfDomain: Bool = true
    ) {
        self.space = space
        super.init(name: name, engine: engine, durability: durability)
        if isOfDomain { domainSpace = ObjectIdentifier(space) }
    }

    @usableFromInline override func hold(_ slot: Int) { space.hold(slot) }
    @usableFromInline override func letGo(_ slot: Int) { space.letGo(slot) }
    @usableFromInline override func describe(_ slot: Int) -> String {
        "\(name)(\(space.keys[slot]))"
    }

    @inlinable final func value(_ slot: Int) -> Value? {
        slot < values.count ? values[slot] : nil
    }

    /// Puts a value into the cell; returns false, and wakes nobody, if it is equal to the last.
    @inlinable final func setValue(_ slot: Int, _ new: Value?) -> Bool {
        let old = value(slot)
        guard old != new else { return false }
        touch(slot)
        while values.count <= slot { values.appendTightly(nil) }
        values[slot] = new
        for observer in observers { observer(slot, old, new) }
        if (old == nil) != (new == nil) { setLive(slot, new != nil) }
        for follower in followers { follower.wake(slot) }
        for reader in alignedReaders { reader.wakeAligned(slot) }
        markReaders(of: slot)
        return true
    }

    @inlinable final func setLive(_ slot: Int, _ isLive: Bool) {
        if isLive {
            heads.flags[slot].insert(.live)
        } else {
            heads.flags[slot].remove(.live)
            engine.nominate(self, slot)
        }
        for follower in followers { follower.pin(slot, isLive) }
    }
}

/// A function that keeps one cell per live key of another store. That a cell reads the source's
/// cell in the same slot goes without saying, so the edge is not stored.
@usableFromInline protocol Follower: AnyObject {
    func pin(_ slot: Int, _ isPinned: Bool)
    func wake(_ slot: Int)
}
