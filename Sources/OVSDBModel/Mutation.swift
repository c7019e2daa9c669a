// Mutations (RFC 7047 §5.1): arithmetic on numbers and sets of numbers, insertion into and deletion
// from sets and maps.

/// One change that a `mutate` operation makes to a column.
public struct Mutation: Hashable, Sendable {
    public enum Mutator: String, Hashable, Sendable, CaseIterable {
        case add = "+="
        case subtract = "-="
        case multiply = "*="
        case divide = "/="
        case remainder = "%="
        case insert
        case delete

        var isArithmetic: Bool { self != .insert && self != .delete }
    }

    /// A position in `TableSchema.columns`.
    public var column: Int
    public var mutator: Mutator
    public var argument: Datum

    public init(_ column: Int, _ mutator: Mutator, _ argument: Datum) {
        self.column = column
        self.mutator = mutator
        self.argument = argument
    }
}

extension Mutation {
    /// The column's value after this mutation of `datum`; `type` is the type of the column.
    public func apply(to datum: Datum, type: ColumnType) throws(OVSDBError) -> Datum {
        let result: Datum
        switch mutator {
        case .insert: result = datum.union(argument)
        case .delete: result = datum.subtracting(argument)
        case .add, .subtract, .multiply, .divide, .remainder:
            return try arithmetic(datum, type.key)
        }
        guard type.allows(count: result.count) else {
            throw .constraintViolation(
                "Attempted to store \(result.count) elements in \(type.description).")
        }
        return result
    }

    private func arithmetic(_ datum: Datum, _ base: BaseType) throws(OVSDBError) -> Datum {
        guard let operand = argument.atom else { return datum }
        var atoms: [Atom] = []
        for atom in datum.atoms { atoms.append(try compute(atom, operand)) }
        for atom in atoms { try base.check(atom) }
        let result = Datum(set: atoms)
        guard result.count == atoms.count else {
            throw .constraintViolation(
                "Result of \"\(mutator.rawValue)\" operation contains duplicates.")
        }
        return result
    }

    private func compute(_ left: Atom, _ right: Atom) throws(OVSDBError) -> Atom {
        switch (left, right) {
        case (.integer(let a), .integer(let b)): .integer(try compute(a, b))
        case (.real(let a), .real(let b)): .real(try compute(a, b))
        default: left
        }
    }

    private func compute(_ left: Int64, _ right: Int64) throws(OVSDBError) -> Int64 {
        let result: (partialValue: Int64, overflow: Bool)
        switch mutator {
        case .add: result = left.addingReportingOverflow(right)
        case .subtract: result = left.subtractingReportingOverflow(right)
        case .multiply: result = left.multipliedReportingOverflow(by: right)
        case .divide:
            guard right != 0 else { throw Mutation.divisionByZero }
            result = left.dividedReportingOverflow(by: right)
        case .remainder:
            guard right != 0 else { throw Mutation.divisionByZero }
            result = left.remainderReportingOverflow(dividingBy: right)
        case .insert, .delete: return left
        }
        guard !result.overflow else { throw outOfRange }
        return result.partialValue
    }

    private func compute(_ left: Double, _ right: Double) throws(OVSDBError) -> Double {
        let result: Double
        switch mutator {
        case .add: result = left + right
        case .subtract: result = left - right
        case .multiply: result = left * right
        case .divide:
            guard right != 0 else { throw Mutation.divisionByZero }
            result = left / right
        case .remainder, .insert, .delete: return left
        }
        guard result.isFinite else { throw outOfRange }
        return result
    }

    private static let divisionByZero = OVSDBError(
        tag: "domain error", details: "Division by zero.")

    private var outOfRange: OVSDBError {
        OVSDBError(
            tag: "range error",
            details: "Result of \"\(mutator.rawValue)\" operation is out of range.")
    }
}

extension Datum {
    /// This value with the elements of `other` added; a map keeps the values of keys it has.
    public func union(_ other: Datum) -> Datum {
        switch (self, other) {
        case (_, .empty): self
        case (.empty, _): other
        case (.map(let own), .map(let added)):
            .map(Datum.merging(own, added))
        case (.map, _), (_, .map): self
        case (.one, _), (.many, _):
            Datum(sortedUnique: Datum.merging(atoms, other.atoms))
        }
    }

    /// This value without the elements of `other`. From a map, `other` takes the pairs that it has
    /// too if it is a map, and the keys that it has if it is a set.
    public func subtracting(_ other: Datum) -> Datum {
        switch self {
        case .empty: self
        case .one(let atom): other.contains(atom) ? .empty : self
        case .many(let atoms): Datum(sortedUnique: atoms.filter { !other.contains($0) })
        case .map(let entries):
            if case .map = other {
                Datum(sortedUniqueEntries: entries.filter { other[$0.key] != $0.value })
            } else {
                Datum(sortedUniqueEntries: entries.filter { !other.contains($0.key) })
            }
        }
    }

    private static func merging(_ left: [Atom], _ right: [Atom]) -> [Atom] {
        var result: [Atom] = []
        result.reserveCapacity(left.count + right.count)
        var (i, j) = (0, 0)
        while i < left.count, j < right.count {
            if right[j] < left[i] {
                result.append(right[j])
                j += 1
            } else {
                if left[i] == right[j] { j += 1 }
                result.append(left[i])
                i += 1
            }
        }
        return result + left[i...] + right[j...]
    }

    /// Of a key in both, the left one's pair is kept.
    private static func merging(_ left: [MapEntry], _ right: [MapEntry]) -> [MapEntry] {
        var result: [MapEntry] = []
        result.reserveCapacity(left.count + right.count)
        var (i, j) = (0, 0)
        while i < left.count, j < right.count {
            if right[j].key < left[i].key {
                result.append(right[j])
                j += 1
            } else {
                if left[i].key == right[j].key { j += 1 }
                result.append(left[i])
                i += 1
            }
        }
        return result + left[i...] + right[j...]
    }
}

extension Datum: Comparable {
    /// The order in which stock servers sort rows: fewer elements first, then by elements.
    public static func < (left: Datum, right: Datum) -> Bool {
        if left.count != right.count { return left.count < right.count }
        if left.isEmpty { return false }
        if case (.map(let a), .map(let b)) = (left, right) {
            if let index = a.indices.first(where: { a[$0].key != b[$0].key }) {
                return a[index].key < b[index].key
            }
            let index = a.indices.first { a[$0].value != b[$0].value }
            return index.map { a[$0].value < b[$0].value } ?? false
        }
        return left.atoms.lexicographicallyPrecedes(right.atoms)
    }
}
