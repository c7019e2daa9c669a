// Hashes for tables that every miss asks many times (`HashIndex`). Swift's dictionaries hash a key word
// by word with a keyed function; here the owner hashes as few words as tell.

/// A hash of words. It is seeded by the process, because guests choose what is hashed.
struct WordHash {
    /// What an owner begins with. It keeps its copy: to ask for this one costs as much as to hash some
    /// words.
    struct Seed {
        fileprivate let start = UInt64(bitPattern: Int64("lookups".hashValue))
        fileprivate let factor = UInt64(bitPattern: Int64("factor".hashValue)) | 1
    }

    static let seed = Seed()

    private(set) var value: UInt64
    private let factor: UInt64

    @inline(__always)
    init(_ seed: Seed) {
        value = seed.start
        factor = seed.factor
    }

    @inline(__always)
    mutating func combine(_ word: UInt64) {
        let product = (value ^ word).multipliedFullWidth(by: factor)
        value = product.high ^ product.low &+ word
    }
}
