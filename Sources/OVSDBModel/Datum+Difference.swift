// Differences, as update2 notifications and log records with `_is_diff` carry them: of a set its
// symmetric difference, of a map the pairs that are in one side only and the changed pairs with
// their new value, of what holds at most one element the new value. Applying is the inverse.

extension Datum {
    /// What has to be applied to `old` to get this value.
    public func difference(from old: Datum, type: ColumnType) -> Datum {
        guard type.isComposite else { return self }
        return type.isMap
            ? Datum(sortedUniqueEntries: Datum.differenceOfMaps(old.entries, entries))
            : Datum(sortedUnique: Datum.symmetricDifference(old.atoms, atoms))
    }

    /// The value that differs from this one by `diff`.
    ///
    /// Throws if the result has a number of elements that `type` doesn't allow.
    public func applying(diff: Datum, type: ColumnType) throws(OVSDBError) -> Datum {
        guard type.isComposite else { return diff }
        let result =
            type.isMap
            ? Datum(sortedUniqueEntries: Datum.patchedMap(entries, diff.entries))
            : Datum(sortedUnique: Datum.symmetricDifference(atoms, diff.atoms))
        guard type.allows(count: result.count) else {
            throw .plain("Datum created by diff has size error")
        }
        return result
    }

    /// Merges two sorted lists, leaving out what is in both.
    private static func symmetricDifference(_ left: [Atom], _ right: [Atom]) -> [Atom] {
        var result: [Atom] = []
        var (i, j) = (0, 0)
        while i < left.count, j < right.count {
            if left[i] == right[j] {
                i += 1
                j += 1
            } else if left[i] < right[j] {
                result.append(left[i])
                i += 1
            } else {
                result.append(right[j])
                j += 1
            }
        }
        return result + left[i...] + right[j...]
    }

    private static func differenceOfMaps(_ old: [MapEntry], _ new: [MapEntry]) -> [MapEntry] {
        var result: [MapEntry] = []
        var (i, j) = (0, 0)
        while i < old.count, j < new.count {
            if old[i].key == new[j].key {
                if old[i].value != new[j].value { result.append(new[j]) }
                i += 1
                j += 1
            } else if old[i].key < new[j].key {
                result.append(old[i])
                i += 1
            } else {
                result.append(new[j])
                j += 1
            }
        }
        return result + old[i...] + new[j...]
    }

    /// A pair that is in `old` as it is in `diff` goes, one with another value is replaced.
    private static func patchedMap(_ old: [MapEntry], _ diff: [MapEntry]) -> [MapEntry] {
        differenceOfMaps(old, diff)
    }
}

extension Row {
    /// The columns in which this row differs from `old`, ascending, with the differences.
    public func differences(
        from old: Row, table: TableSchema
    ) -> [(column: Int, difference: Datum)] {
        values.indices.compactMap { column in
            guard values[column] != old[column] else { return nil }
            let type = table.columns[column].type
            return (column, values[column].difference(from: old[column], type: type))
        }
    }
}
