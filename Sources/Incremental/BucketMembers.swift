/// The members of an index's buckets, as slots in the order of their keys. Most buckets of an index
/// by name have one member, which costs four bytes and no array.
@usableFromInline struct BucketMembers {
    /// By bucket: nobody, the only member, or where in `lists` the members are.
    private var columns: [UInt32] = []
    private var lists: [[UInt32]] = []
    private var freeLists: [UInt32] = []

    private static let nobody = UInt32.max
    /// Slots have fewer bits (`EngineLimits.cells`).
    private static let isList: UInt32 = 1 << 31

    @usableFromInline init() {}

    @usableFromInline var bytes: Int {
        columns.capacity * 4 + freeLists.capacity * 4
            + lists.capacity * MemoryLayout<[UInt32]>.stride
            + lists.reduce(0) { $0 + ($1.isEmpty ? 0 : 32 + $1.capacity * 4) }
    }

    @usableFromInline func slots(_ bucket: Int) -> [UInt32] {
        let column = column(bucket)
        if column == Self.nobody { return [] }
        return column & Self.isList == 0 ? [column] : lists[Int(column & ~Self.isList)]
    }

    @usableFromInline func first(_ bucket: Int) -> UInt32? {
        let column = column(bucket)
        if column == Self.nobody { return nil }
        return column & Self.isList == 0 ? column : lists[Int(column & ~Self.isList)].first
    }

    @usableFromInline func isEmpty(_ bucket: Int) -> Bool { column(bucket) == Self.nobody }

    /// `isBefore` tells whether a member's key is less than that of the new one.
    @usableFromInline mutating func insert(
        _ member: UInt32, in bucket: Int, _ isBefore: (UInt32) -> Bool
    ) {
        while columns.count <= bucket { columns.appendTightly(Self.nobody) }
        let column = columns[bucket]
        if column == Self.nobody {
            columns[bucket] = member
        } else if column & Self.isList == 0 {
            columns[bucket] = addList(isBefore(column) ? [column, member] : [member, column])
        } else {
            let list = Int(column & ~Self.isList)
            lists[list].insert(member, at: place(in: lists[list], isBefore))
        }
    }

    @usableFromInline mutating func remove(_ member: UInt32, from bucket: Int) {
        let column = column(bucket)
        if column == member {
            columns[bucket] = Self.nobody
        } else if column != Self.nobody, column & Self.isList != 0 {
            let list = Int(column & ~Self.isList)
            lists[list].removeAll { $0 == member }
            guard lists[list].count == 1 else { return }
            columns[bucket] = lists[list][0]
            lists[list] = []
            freeLists.append(UInt32(list))
        }
    }

    private func column(_ bucket: Int) -> UInt32 {
        bucket < columns.count ? columns[bucket] : Self.nobody
    }

    private mutating func addList(_ members: [UInt32]) -> UInt32 {
        if let free = freeLists.popLast() {
            lists[Int(free)] = members
            return free | Self.isList
        }
        lists.append(members)
        return UInt32(lists.count - 1) | Self.isList
    }

    /// Where the new member belongs.
    private func place(in list: [UInt32], _ isBefore: (UInt32) -> Bool) -> Int {
        var low = 0
        var high = list.count
        while low < high {
            let middle = (low + high) / 2
            if isBefore(list[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
