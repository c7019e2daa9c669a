/// Records under small numbers, which are used again. What a released number's record holds is the
/// owner's business: it tells free records from others if it walks over all.
struct NumberedRecords<Record: Sendable>: Sendable {
    private(set) var all: [Record] = []
    private var free: [UInt32] = []

    var count: Int { all.count - free.count }

    @inline(__always)
    subscript(number: UInt32) -> Record {
        get { all[Int(number)] }
        _modify { yield &all[Int(number)] }
    }

    mutating func insert(_ record: Record) -> UInt32 {
        if let old = free.popLast() {
            all[Int(old)] = record
            return old
        }
        all.append(record)
        return UInt32(all.count - 1)
    }

    mutating func release(_ number: UInt32) { free.append(number) }
}
