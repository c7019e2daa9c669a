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
    @usableFromInline var members: [BucketMembers] = []

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
        super.bytes + space.bytes + members.reduce(0) { $0 + $1.bytes }
    }

    @inlinable func keys(in slot: Int) -> [Key] {
        slot < members.count ? members[slot].slots.map { memberSpace.keys[Int($0)] } : []
    }

    @inlinable func move(_ member: Int, from old: [Bucket], to new: [Bucket]) {
        for bucket in old where !new.contains(bucket) { change(bucket, member, isMember: false) }
        for bucket in new where !old.contains(bucket) { change(bucket, member, isMember: true) }
    }

    @inlinable func change(_ bucket: Bucket, _ member: Int, isMember: Bool) {
        let slot = space.intern(bucket)
        touch(slot)
        while members.count <= slot { members.appendTightly(.none) }
        if isMember {
            let key = memberSpace.keys[member]
            members[slot].insert(UInt32(member)) { memberSpace.keys[Int($0)] < key }
            heads.flags[slot].insert(.live)
        } else {
            members[slot].remove(UInt32(member))
            if members[slot].isEmpty {
                heads.flags[slot].remove(.live)
                engine.nominate(self, slot)
            }
        }
        markReaders(of: slot)
    }
}

/// The members of a bucket, as slots in the order of their keys. Most buckets of an index by name
/// have one, which needs no array.
@usableFromInline enum BucketMembers {
    case none
    case one(UInt32)
    case many([UInt32])

    @usableFromInline var slots: [UInt32] {
        switch self {
        case .none: []
        case .one(let slot): [slot]
        case .many(let slots): slots
        }
    }

    @usableFromInline var first: UInt32? {
        switch self {
        case .none: nil
        case .one(let slot): slot
        case .many(let slots): slots.first
        }
    }

    @usableFromInline var isEmpty: Bool {
        if case .none = self { true } else { false }
    }

    @usableFromInline var bytes: Int {
        let own = MemoryLayout<BucketMembers>.stride
        if case .many(let slots) = self { return own + 32 + slots.capacity * 4 }
        return own
    }

    /// `isBefore` tells whether a member's key is less than that of the new one.
    @usableFromInline mutating func insert(_ member: UInt32, _ isBefore: (UInt32) -> Bool) {
        switch self {
        case .none: self = .one(member)
        case .one(let other): self = .many(isBefore(other) ? [other, member] : [member, other])
        case .many(var slots):
            self = .none
            var low = 0
            var high = slots.count
            while low < high {
                let middle = (low + high) / 2
                if isBefore(slots[middle]) { low = middle + 1 } else { high = middle }
            }
            slots.insert(member, at: low)
            self = .many(slots)
        }
    }

    @usableFromInline mutating func remove(_ member: UInt32) {
        guard case .many(var slots) = self else {
            self = .none
            return
        }
        self = .none
        slots.removeAll { $0 == member }
        self = slots.count == 1 ? .one(slots[0]) : .many(slots)
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
        guard slot < store.members.count else { return nil }
        return store.members[slot].first.map { store.memberSpace.keys[Int($0)] }
    }
}
