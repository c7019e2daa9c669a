import CLinux
import Datapath

/// A mask as the kernel reads it, for packets with the headers of one, as far as it compares them: what
/// stands inside OVS_FLOW_ATTR_MASK. Encoded once for all flows of a path.
package struct EncodedMask: Hashable, Sendable {
    fileprivate let bytes: [UInt8]
    /// In the kernel's form.
    private let mask: FlowMask
    private let shape: HeaderShape

    /// Whether this is the form for a packet with this key, too.
    package func fits(_ key: FlowKey) -> Bool { shape == HeaderShape(key, under: mask) }

    /// - Throws: `.tooLarge` for more than an attribute holds.
    package init(_ mask: FlowMask, for key: FlowKey) throws(NetlinkError) {
        let widened = mask.widened(for: key)
        let scratch = FlowScratch(count: 2)
        scratch[0].copy(from: key)
        scratch[1].copy(from: widened)
        let buffer = MessageBuffer(count: Self.largest)
        var writer = MessageWriter(buffer.memory)
        _ = writer.begin(type: 0, flags: 0, sequence: 0)
        let start = writer.pending
        KeyEncoder(key: scratch[0], mask: scratch[1]).putMask(into: &writer)
        guard writer.end() else { throw NetlinkError("encode mask", cause: .tooLarge) }
        bytes = Array(writer.bytes[start...])
        self.mask = widened
        shape = HeaderShape(key, under: widened)
    }

    /// More than all attributes of a key take.
    private static let largest = 4096
}

/// A key as the kernel has handed it up, with the mask of a flow for it.
package struct EncodedMatch: Hashable, Sendable {
    private let key: [UInt8]
    private let mask: EncodedMask

    /// - Parameter key: what stands inside OVS_PACKET_ATTR_KEY of the packet that missed.
    package init(key: [UInt8], mask: EncodedMask) {
        self.key = key
        self.mask = mask
    }

    /// Puts OVS_FLOW_ATTR_KEY and OVS_FLOW_ATTR_MASK.
    func put(into writer: inout MessageWriter) {
        key.withUnsafeBytes { writer.put(Int(OVS_FLOW_ATTR_KEY.rawValue), bytes: $0) }
        mask.bytes.withUnsafeBytes { writer.put(Int(OVS_FLOW_ATTR_MASK.rawValue), bytes: $0) }
    }
}
