// What depends on history is an input, and says so.
//
// A tunnel key, once given, stays; so it is no function of the configuration. An allocator stands
// between two functions: it sees which requests changed, and its policy, a value with the state
// that must survive, answers. Running from scratch starts with the same policy value, and then
// everything else is a function again.

/// Gives keys out and remembers them.
///
/// `settle` gets the requests that changed, sorted by key, nil for one withdrawn, and returns the
/// grants that differ. It must not depend on anything else, so that a run can be repeated.
public protocol AllocationPolicy {
    associatedtype Key: Hashable & Comparable & Sendable
    associatedtype Request: Equatable & Sendable
    associatedtype Grant: Equatable & Sendable

    mutating func settle(
        _ changes: [(key: Key, request: Request?)]
    ) -> [(key: Key, grant: Grant?)]
}

/// The grants of an allocator, by the key of the request.
@frozen
public struct Allocator<Policy: AllocationPolicy>: Sendable {
    @usableFromInline let ordinal: Int

    @inlinable init(ordinal: Int) { self.ordinal = ordinal }
}

extension Allocator: Domain {
    public typealias Key = Policy.Key
    public typealias Value = Policy.Grant
    @inlinable public var storeOrdinal: Int { ordinal }
}

@usableFromInline
final class AllocatorStore<Policy: AllocationPolicy>: KeyedStore<
    Policy.Key, Policy.Grant
>
{
    @usableFromInline var policy: Policy
    private let requests: KeyedStore<Policy.Key, Policy.Request>

    @usableFromInline init(
        name: String, engine: Engine, requests: KeyedStore<Policy.Key, Policy.Request>,
        policy: Policy
    ) {
        self.policy = policy
        self.requests = requests
        super.init(name: name, engine: engine, space: requests.space)
    }

    @usableFromInline override func settle() -> Int {
        let work = takeDirty()
        for slot in work { heads.flags[Int(slot)].remove(.dirty) }
        let changes = work.map { (key: space.keys[Int($0)], request: requests.value(Int($0))) }
            .sorted { $0.key < $1.key }
        for (key, grant) in policy.settle(changes) {
            let slot = space.intern(key)
            if setValue(slot, grant) { note(slot, grant == nil ? .removed : .changed) }
        }
        for slot in work { engine.nominate(self, Int(slot)) }
        return 0
    }
}

extension Engine {
    /// Registers an allocator of what the domain's values request.
    @inlinable public func allocator<D: Domain, Policy: AllocationPolicy>(
        _ name: String, of domain: D, policy: Policy
    ) -> Allocator<Policy> where D.Key == Policy.Key, D.Value == Policy.Request {
        let source = keyed(domain.storeOrdinal, D.Key.self, D.Value.self)
        let store = AllocatorStore(name: name, engine: self, requests: source, policy: policy)
        source.observers.append { slot, _, _ in
            store.touch(slot)
            store.markDirty(slot)
        }
        return Allocator(ordinal: store.ordinal)
    }

    /// The policy's state, to start another engine with.
    @inlinable public func policy<Policy>(of allocator: Allocator<Policy>) -> Policy {
        unsafeDowncast(stores[allocator.ordinal], to: AllocatorStore<Policy>.self).policy
    }

    /// Replaces the policy's state before the first run.
    @inlinable public func setPolicy<Policy>(_ policy: Policy, of allocator: Allocator<Policy>) {
        precondition(revision.number == 0, "an allocator's state is set before the first run")
        unsafeDowncast(stores[allocator.ordinal], to: AllocatorStore<Policy>.self).policy = policy
    }

    @inlinable public func value<Policy>(
        _ allocator: Allocator<Policy>, _ key: Policy.Key
    ) -> Policy.Grant? {
        lookUp(keyed(allocator.ordinal, Policy.Key.self, Policy.Grant.self), key)
    }
}

extension Context {
    /// The grant for the key, or nil if it asked for none or none was left.
    @inlinable public func read<Policy>(
        _ allocator: Allocator<Policy>, _ key: Policy.Key
    ) -> Policy.Grant? {
        read(engine.keyed(allocator.ordinal, Policy.Key.self, Policy.Grant.self), key)
    }
}
