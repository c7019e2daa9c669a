import LogicalFlow

// A few members more or less: the ranges are copied and mended where these are, instead of being
// sorted again from all members.

extension PrefixSet {
    /// The set after an edit.
    ///
    /// - Parameters:
    ///   - added, removed: members that came, and that went; no member is both.
    ///   - members: what the set has after the edit.
    /// - Returns: nil if only a new one from all members would be right.
    func edited(
        adding added: [Number], removing removed: [Number], members: AddressMembers
    ) -> PrefixSet? {
        let full = UInt128.ones(width)
        let fits = { (member: Number) in
            member.width <= self.width && (member.mask ?? full).isPrefix(ofWidth: self.width)
        }
        // A prefix that goes may have had members inside.
        let changes = added + removed
        guard changes.allSatisfy({ $0.width > width || fits($0) }),
            removed.allSatisfy({ $0.mask == nil || $0.mask == full || $0.width > width })
        else { return nil }
        var (narrow, wide) = (narrow, wide)
        for member in removed where fits(member) && !members.cover(member.value, width: width) {
            if width <= 64 {
                narrow.remove(UInt64(member.value))
            } else {
                wide.remove(member.value)
            }
        }
        for member in added where fits(member) {
            let high = member.value | ((member.mask ?? full) ^ full)
            if width <= 64 {
                narrow.insert(AddressRange(UInt64(member.value), UInt64(high)))
            } else {
                wide.insert(AddressRange(member.value, high))
            }
        }
        return PrefixSet(width: width, narrow: narrow, wide: wide, patterns: patterns)
    }
}

/// The members of an address set, and which masks they have.
struct AddressMembers {
    private(set) var numbers: Set<Number> = []
    /// How many members have it; nil is none, the whole value.
    private var masks: [UInt128?: Int] = [:]

    init(_ numbers: Set<Number>) {
        self.numbers = numbers
        for number in numbers { masks[number.mask, default: 0] += 1 }
    }

    /// - Returns: whether it is new.
    mutating func insert(_ number: Number) -> Bool {
        guard numbers.insert(number).inserted else { return false }
        masks[number.mask, default: 0] += 1
        return true
    }

    /// - Returns: whether it was a member.
    mutating func remove(_ number: Number) -> Bool {
        guard numbers.remove(number) != nil else { return false }
        let rest = masks[number.mask, default: 1] - 1
        masks[number.mask] = rest == 0 ? nil : rest
        return true
    }

    /// Whether a member, as seen in `width` bits, is a prefix of the value.
    func cover(_ value: UInt128, width: Int) -> Bool {
        masks.keys.contains { mask in
            guard (mask ?? .ones(width)).isPrefix(ofWidth: width) else { return false }
            let masked = value & (mask ?? .max)
            return Number.Format.allCases.contains { format in
                guard (masked | (mask ?? 0)).significantBits <= format.width else { return false }
                let member = Number(masked, mask: mask, format: format)
                return member.width <= width && numbers.contains(member)
            }
        }
    }
}

extension Array {
    /// Adds a range to sorted disjoint ones that don't touch.
    fileprivate mutating func insert<Value>(_ range: Element)
    where Element == AddressRange<Value> {
        let begin = firstPosition { $0.high >= range.low || $0.high + 1 == range.low }
        let end = firstPosition {
            $0.low > range.high && !(range.high < .max && $0.low == range.high + 1)
        }
        guard begin < end else { return insert(range, at: begin) }
        let joined = Element(
            Swift.min(range.low, self[begin].low), Swift.max(range.high, self[end - 1].high))
        replaceSubrange(begin..<end, with: [joined])
    }

    /// Takes a value out.
    fileprivate mutating func remove<Value>(_ value: Value) where Element == AddressRange<Value> {
        let place = firstPosition { $0.high >= value }
        guard place < count, self[place].low <= value else { return }
        let range = self[place]
        var rest: [Element] = []
        if range.low < value { rest.append(Element(range.low, value - 1)) }
        if value < range.high { rest.append(Element(value + 1, range.high)) }
        replaceSubrange(place...place, with: rest)
    }

    /// Where the elements begin of which it is true; those are all from there on.
    private func firstPosition(where isBeyond: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if isBeyond(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
