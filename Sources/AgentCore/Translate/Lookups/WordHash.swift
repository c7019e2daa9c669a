// Hashes for tables that every miss asks many times (`HashIndex`). Swift's dictionaries hash a key word
// by word with a keyed function; here the owner hashes as few words as tell.

/// A hash of words. It is seeded by the process, because guests choose what is hashed.
struct WordHash {
    private static let seed = UInt64(bitPattern: Int64("lookups".hashValue))
    private static let factor = UInt64(bitPattern: Int64("factor".hashValue)) | 1

    private(set) var value = WordHash.seed

    @inline(__always)
    mutating func combine(_ word: UInt64) {
        let product = (value ^ word).multipliedFullWidth(by: Self.factor)
        value = product.high ^ product.low &+ word
    }
}
