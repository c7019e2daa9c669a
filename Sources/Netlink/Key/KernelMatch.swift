import CLinux
import Datapath
import Glibc

/// A key and a mask in the form in which the kernel keeps them.
package struct KernelMatch: Hashable, Sendable {
    /// Zero wherever the mask does not compare.
    package let key: FlowKey
    package let mask: FlowMask

    /// Widens a mask as far as the kernel demands (`FlowMask.widened`) and masks the key with it.
    package init(key: FlowKey, mask: FlowMask) {
        let scratch = FlowScratch(count: 2)
        scratch[0].copy(from: key)
        scratch[1].copy(from: mask)
        scratch[1].widen(for: scratch[0])
        self.init(key: scratch[0], widened: scratch[1])
    }

    /// Takes a mask that is widened already, and masks the key in place.
    init(key: FlowPointer, widened mask: FlowPointer) {
        for word in 0..<FlowKey.wordCount { key.words[word] &= mask.words[word] }
        self.key = FlowKey(copying: key)
        self.mask = FlowMask(copying: mask)
    }

    /// Whether every packet of this match is one that `other` was made for: the test of an adopted
    /// flow, whose mask may be wider than what a fresh translation asks for.
    package func isCovered(by other: KernelMatch) -> Bool {
        mask.isSuperset(of: other.mask) && key.masked(by: other.mask) == other.key
    }
}

/// The two bits of `ipFragment`, and the kernel's three values for them (enum ovs_frag_type).
enum FragmentBits {
    static let any: UInt64 = 1
    static let later: UInt64 = 2

    static func kernelValue(_ bits: UInt64) -> UInt8 {
        if bits & later != 0 { return UInt8(OVS_FRAG_TYPE_LATER.rawValue) }
        return UInt8(bits & any != 0 ? OVS_FRAG_TYPE_FIRST.rawValue : OVS_FRAG_TYPE_NONE.rawValue)
    }

    static func bits(kernelValue: UInt8) -> UInt64 {
        switch UInt32(kernelValue) {
        case OVS_FRAG_TYPE_NONE.rawValue: 0
        case OVS_FRAG_TYPE_FIRST.rawValue: any
        default: any | later
        }
    }
}
