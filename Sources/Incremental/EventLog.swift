/// What re-ran, for tests and for an operator who asks why.
public struct EventLog: Sendable {
    public enum Kind: String, Hashable, Sendable {
        /// Ran for the first time.
        case created
        /// Ran, and the value differs.
        case changed
        /// Ran, and the value is equal: the wave stopped here.
        case cutOff
        /// Its key left the domain, or its last reader went.
        case removed
    }

    public struct Event: Hashable, Sendable {
        public let revision: Revision
        public let store: String
        /// The key, as it prints.
        public let cell: String
        public let kind: Kind
    }

    public private(set) var events: [Event] = []

    public init() {}

    public mutating func clear() { events.removeAll() }

    mutating func record(_ revision: Revision, _ store: Store, _ slot: Int, _ kind: Kind) {
        events.append(
            Event(revision: revision, store: store.name, cell: store.describe(slot), kind: kind))
    }
}

/// Work and size of one store.
public struct StoreStatistics: Sendable {
    public let name: String
    /// Cells in use; a relation has none.
    public let cells: Int
    public let runs: Int
    public let cutOffs: Int
    public let bytes: Int
}

extension Engine {
    /// Statistics per store, in the order of registration.
    public var statistics: [StoreStatistics] {
        stores.map { store in
            StoreStatistics(
                name: store.name, cells: store.heads.flags.count { $0.contains(.occupied) },
                runs: store.runs, cutOffs: store.cutOffs, bytes: store.bytes)
        }
    }

    /// Bytes of bookkeeping: heads, edges, key tables and their keys; no values, no row contents.
    public var stateBytes: Int { stores.reduce(arena.bytes) { $0 + $1.bytes } }
}
