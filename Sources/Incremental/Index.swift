// Sets read as one dependency: the members of a bucket.

/// Keys of a store by a property of their values. A bucket is one cell: it changes when a key
/// enters or leaves, not when a member's value changes in other respects.
@frozen
public struct Index<Bucket: Hashable & Sendable, Key: Hashable & Comparable & Sendable>: Sendable {
    @usableFromInline let ordinal: Int

    @inlinable init(ordinal: Int) { self.ordinal = ordinal }
}

@usableFromInline
final class IndexStore<
    Bucket: Hashable & Sendable, Key: Hashable & Comparable & Sendable
>: Store {
    @usableFromInline let space = KeySpace<Bucket>()
    @usableFromInline let memberSpace: KeySpace<Key>
    @usableFromInline var members = BucketMembers()

    @inlinable init(name: String, engine: Engine, memberSpace: KeySpace<Key>) {
        self.memberSpace = memberSpace
        super.init(name: name, engine: engine)
    }

    @usableFromInline override func hold(_ slot: Int) { space.hold(slot) }
    @usableFromInline override func letGo(_ slot: Int) { space.letGo(slot) }
    @usableFromInline override func describe(_ slot: Int) -> String {
        "\(name)(\(space.keys[slot]))"
    }

    @usableFromInline override var bytes: Int {
        super.bytes + space.bytes + members.bytes
    }

    @inlinable func keys(in slot: Int) -> [Key] {
        members.slots(slot).map { memberSpace.keys[Int($0)] }
    }

    @inlinable func move(_ member: Int, from old: [Bucket], to new: [Bucket]) {
        for bucket in old where !new.contains(bucket) { change(bucket, member, isMember: false) }
        for bucket in new where !old.contains(bucket) { change(bucket, member, isMember: true) }
    }

    @inlinable func change(_ bucket: Bucket, _ member: Int, isMember: Bool) {
        let slot = space.intern(bucket)
        touch(slot)
        if isMember {
            let key = memberSpace.keys[member]
            members.insert(UInt32(member), in: slot) { memberSpace.keys[Int($0)] < key }
            heads.flags[slot].insert(.live)
        } else {
            members.remove(UInt32(member), from: slot)
            if members.isEmpty(slot) {
                heads.flags[slot].remove(.live)
                engine.nominate(self, slot)
            }
        }
        markReaders(of: slot)
    }
}

extension Engine {
    /// Registers an index of the domain's live keys; `buckets` must be pure and without
    /// duplicates in its result.
    @inlinable public func index<D: Domain, Bucket>(
        _ name: String, of domain: D,
        by buckets: @escaping @Sendable (D.Key, D.Value) -> [Bucket]
    ) -> Index<Bucket, D.Key> where D.Key: Comparable {
        let source = keyed(domain.storeOrdinal, D.Key.self, D.Value.self)
        let store = IndexStore<Bucket, D.Key>(
            name: name, engine: self, memberSpace: source.space)
        source.observers.append { slot, old, new in
            let key = source.space.keys[slot]
            store.move(
                slot, from: old.map { buckets(key, $0) } ?? [],
                to: new.map { buckets(key, $0) } ?? [])
        }
        return Index(ordinal: store.ordinal)
    }

    @inlinable public func members<Bucket, Key>(
        _ index: Index<Bucket, Key>, _ bucket: Bucket
    ) -> [Key] {
        let store = unsafeDowncast(stores[index.ordinal], to: IndexStore<Bucket, Key>.self)
        guard let slot = store.space.find(bucket) else { return [] }
        return store.keys(in: slot)
    }
}

extension Context {
    /// The keys in the bucket, sorted. The whole set is one dependency.
    @inlinable public func members<Bucket, Key>(
        _ index: Index<Bucket, Key>, _ bucket: Bucket
    ) -> [Key] {
        let store = unsafeDowncast(
            engine.stores[index.ordinal], to: IndexStore<Bucket, Key>.self)
        let slot = store.space.intern(bucket)
        record(store, slot)
        return store.keys(in: slot)
    }

    /// The least key in the bucket: cheap where a bucket has one member at most, or where only
    /// emptiness matters.
    @inlinable public func first<Bucket, Key>(
        _ index: Index<Bucket, Key>, _ bucket: Bucket
    ) -> Key? {
        let store = unsafeDowncast(
            engine.stores[index.ordinal], to: IndexStore<Bucket, Key>.self)
        let slot = store.space.intern(bucket)
        record(store, slot)
        return store.members.first(slot).map { store.memberSpace.keys[Int($0)] }
    }
}
