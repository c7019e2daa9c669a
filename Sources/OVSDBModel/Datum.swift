// The value of one column in one row. It is always canonical, so that equality of values is
// equality of representations: sets are sorted and free of duplicates, a set of one is an atom,
// and what is empty is `.empty`, be it a set or a map.

/// One pair of a map.
@frozen
public struct MapEntry: Hashable, Sendable {
    public var key: Atom
    public var value: Atom

    @inlinable
    public init(key: Atom, value: Atom) {
        self.key = key
        self.value = value
    }
}

/// The value of a column; see `ColumnType` for what a column allows.
///
/// Invariant: `many` has at least two atoms, sorted, all different; `map` has at least one entry,
/// sorted by key, all keys different. `init(set:)` and `init(entries:)` establish it.
@frozen
public enum Datum: Hashable, Sendable {
    case empty
    case one(Atom)
    case many([Atom])
    case map([MapEntry])

    /// A set of `atoms` in any order; duplicates are merged.
    public init(set atoms: [Atom]) {
        switch atoms.count {
        case 0: self = .empty
        case 1: self = .one(atoms[0])
        default: self.init(sortedUnique: Datum.sortedUnique(atoms))
        }
    }

    /// A map of `entries` in any order; of several entries with one key the first is kept.
    public init(entries: [MapEntry]) {
        guard !entries.isEmpty else {
            self = .empty
            return
        }
        self = .map(Datum.sortedUnique(entries))
    }

    /// A set whose atoms are known to be sorted and all different.
    init(sortedUnique atoms: [Atom]) {
        switch atoms.count {
        case 0: self = .empty
        case 1: self = .one(atoms[0])
        default: self = .many(atoms)
        }
    }

    /// A map whose entries are known to be sorted by key, all keys different.
    init(sortedUniqueEntries entries: [MapEntry]) {
        self = entries.isEmpty ? .empty : .map(entries)
    }

    private static func sortedUnique(_ atoms: [Atom]) -> [Atom] {
        if isStrictlyIncreasing(atoms) { return atoms }
        var result: [Atom] = []
        result.reserveCapacity(atoms.count)
        for atom in atoms.sorted() where result.last != atom { result.append(atom) }
        return result
    }

    private static func sortedUnique(_ entries: [MapEntry]) -> [MapEntry] {
        if isStrictlyIncreasing(entries) { return entries }
        let order = entries.indices.sorted {
            entries[$0].key != entries[$1].key ? entries[$0].key < entries[$1].key : $0 < $1
        }
        var result: [MapEntry] = []
        result.reserveCapacity(entries.count)
        for index in order where result.last?.key != entries[index].key {
            result.append(entries[index])
        }
        return result
    }

    static func isStrictlyIncreasing(_ atoms: [Atom]) -> Bool {
        var index = 1
        while index < atoms.count {
            guard atoms[index - 1] < atoms[index] else { return false }
            index += 1
        }
        return true
    }

    static func isStrictlyIncreasing(_ entries: [MapEntry]) -> Bool {
        var index = 1
        while index < entries.count {
            guard entries[index - 1].key < entries[index].key else { return false }
            index += 1
        }
        return true
    }
}

extension Datum {
    /// How many atoms or pairs there are.
    @inlinable
    public var count: Int {
        switch self {
        case .empty: 0
        case .one: 1
        case .many(let atoms): atoms.count
        case .map(let entries): entries.count
        }
    }

    @inlinable
    public var isEmpty: Bool {
        if case .empty = self { true } else { false }
    }

    /// The elements of a set, sorted; the keys of a map.
    public var atoms: [Atom] {
        switch self {
        case .empty: []
        case .one(let atom): [atom]
        case .many(let atoms): atoms
        case .map(let entries): entries.map(\.key)
        }
    }

    /// The pairs of a map, sorted by key; none for a set.
    public var entries: [MapEntry] {
        if case .map(let entries) = self { entries } else { [] }
    }

    /// Whether the set holds `atom`, or the map has it as a key.
    public func contains(_ atom: Atom) -> Bool {
        switch self {
        case .empty: false
        case .one(let own): own == atom
        case .many(let atoms): Datum.search(atoms, atom).found
        case .map(let entries): Datum.search(entries, atom).found
        }
    }

    /// The value that a map has for `key`.
    public subscript(key: Atom) -> Atom? {
        guard case .map(let entries) = self else { return nil }
        let (index, found) = Datum.search(entries, key)
        return found ? entries[index].value : nil
    }

    /// Where `atom` is in the sorted `atoms`, or would have to be.
    static func search(_ atoms: [Atom], _ atom: Atom) -> (index: Int, found: Bool) {
        var (low, high) = (0, atoms.count)
        while low < high {
            let middle = (low + high) / 2
            if atoms[middle] < atom { low = middle + 1 } else { high = middle }
        }
        return (low, low < atoms.count && atoms[low] == atom)
    }

    static func search(_ entries: [MapEntry], _ key: Atom) -> (index: Int, found: Bool) {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].key < key { low = middle + 1 } else { high = middle }
        }
        return (low, low < entries.count && entries[low].key == key)
    }
}
