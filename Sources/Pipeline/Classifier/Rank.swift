// The order in which matching flows win.

/// Higher wins: the priority, then the lower identifier (as far as its first 47 bits tell). Zero is no
/// flow.
struct Rank: Hashable, Comparable, Sendable, BitwiseCopyable {
    let value: UInt64

    static let none = Rank(value: 0)

    init(value: UInt64) { self.value = value }

    init(priority: UInt16, id: RowIdentifier) {
        value = (UInt64(priority) + 1) << 47 | ~id.high >> 17
    }

    @inline(__always)
    static func < (left: Rank, right: Rank) -> Bool { left.value < right.value }
}
