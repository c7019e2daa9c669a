import OVSDBModel

/// Numbers of one space, given out after a rotating hint, so that a number just freed isn't the
/// next one given: chassis may still have traffic under way that carries it.
package struct KeyPool: Sendable {
    package let range: ClosedRange<Int>
    private var holders: [Int: RowUUID] = [:]
    private var hint: Int

    package init(_ range: ClosedRange<Int>) {
        self.range = range
        hint = range.lowerBound
    }

    package var isEmpty: Bool { holders.isEmpty }

    package func holder(of key: Int) -> RowUUID? { holders[key] }

    /// Takes this key; false if somebody has it, or if it is outside of the space.
    package mutating func take(_ key: Int, for owner: RowUUID) -> Bool {
        guard range.contains(key), holders[key] == nil else { return false }
        holders[key] = owner
        return true
    }

    /// The next free key up to `limit`, searched from `start` if it is given, or nil if all are
    /// taken.
    package mutating func takeNext(
        for owner: RowUUID, from start: Int? = nil, limit: Int? = nil
    ) -> Int? {
        let last = min(limit ?? range.upperBound, range.upperBound)
        guard last >= range.lowerBound else { return nil }
        let wanted = start ?? hint
        let first = wanted <= last ? wanted : range.lowerBound
        var key = first
        while holders[key] != nil {
            key = key >= last ? range.lowerBound : key + 1
            if key == first { return nil }
        }
        holders[key] = owner
        if start == nil { hint = key >= last ? range.lowerBound : key + 1 }
        return key
    }

    package mutating func free(_ key: Int) { holders[key] = nil }
}
