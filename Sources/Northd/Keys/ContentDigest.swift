import OVSDBModel

/// A 128-bit digest of a row's identity, the same on every machine and in every run.
///
/// Rows that northd inserts get their digest as UUID (version 8, RFC 9562 §5.8). So every northd
/// gives a row the same UUID without asking, and nothing needs to map rows to UUIDs. Not
/// cryptographic: whoever can choose the texts owns the configuration anyway.
package struct ContentDigest {
    private var high: UInt64 = 0x9e37_79b9_7f4a_7c15
    private var low: UInt64 = 0xc2b2_ae3d_27d4_eb4f
    private var length: UInt64 = 0

    package init() {}

    package mutating func add(_ word: UInt64) {
        high = ContentDigest.mix(high ^ word, 0xa076_1d64_78bd_642f)
        low = ContentDigest.mix(low &+ word, 0xe703_7ed1_a0b4_28db)
        length &+= 1
    }

    /// Adds the text and its length, so that neighbouring texts can't run into each other.
    package mutating func add(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            let raw = UnsafeRawBufferPointer(bytes)
            var index = 0
            while index + 8 <= raw.count {
                add(raw.loadUnaligned(fromByteOffset: index, as: UInt64.self).bigEndian)
                index += 8
            }
            if index < bytes.count {
                var word: UInt64 = 0
                for byte in bytes[index...] { word = word << 8 | UInt64(byte) }
                add(word)
            }
            add(UInt64(bytes.count))
        }
    }

    package mutating func add(_ uuid: RowUUID) {
        add(uuid.high)
        add(uuid.low)
    }

    package var uuid: RowUUID {
        let first = ContentDigest.mix(high ^ length, 0x8ebc_6af0_9c88_c6e3)
        let second = ContentDigest.mix(low ^ high, 0x5899_65cc_7537_4cc3)
        return RowUUID(
            high: first & ~0xf000 | 0x8000, low: second & ~(3 << 62) | 1 << 63)
    }

    private static func mix(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = left.multipliedFullWidth(by: right)
        return product.high ^ product.low ^ left
    }
}
