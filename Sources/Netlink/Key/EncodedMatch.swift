import CLinux
import Datapath

/// A mask as the kernel reads it, for packets with the headers of one: what stands inside
/// OVS_FLOW_ATTR_MASK. Encoded once for all flows of a path.
package struct EncodedMask: Hashable, Sendable {
    fileprivate let bytes: [UInt8]
    private let headers: Headers

    /// What the kernel's form of a mask hangs on beside the mask (`KernelMatch`).
    private struct Headers: Hashable {
        let tags: UInt64
        let ethernetType: UInt64
        let fragment: UInt64
        let ipProtocol: UInt64
        let isNeighbour: Bool
        let hasTuple: Bool
        let tunnelFamily: UInt64
        let tunnelOptions: UInt64

        init(_ key: FlowKey) {
            tags =
                (key[.vlanTCI] & KernelMatch.tagPresent) << 1
                | key[.innerVLANTCI] & KernelMatch.tagPresent
            ethernetType = key[.ethernetType]
            fragment = key[.ipFragment]
            ipProtocol = key[.ipProtocol]
            isNeighbour = key[.icmpType] == 135 || key[.icmpType] == 136
            hasTuple = key[.ctProtocol] != 0
            tunnelFamily = key[.tunnelFamily]
            tunnelOptions = key[.tunnelOptions]
        }
    }

    /// Whether this is the form for a packet with this key, too.
    package func fits(_ key: FlowKey) -> Bool { headers == Headers(key) }

    /// - Throws: `.tooLarge` for more than an attribute holds.
    package init(_ mask: FlowMask, for key: FlowKey) throws(NetlinkError) {
        let scratch = FlowScratch(count: 2)
        scratch[0].copy(from: key)
        scratch[1].copy(from: mask)
        KernelMatch.widen(scratch[1], for: scratch[0])
        let buffer = MessageBuffer(count: Self.largest)
        var writer = MessageWriter(buffer.memory)
        _ = writer.begin(type: 0, flags: 0, sequence: 0)
        let start = writer.pending
        KeyEncoder(key: scratch[0], mask: scratch[1]).putMask(into: &writer)
        guard writer.end() else { throw NetlinkError("encode mask", cause: .tooLarge) }
        bytes = Array(writer.bytes[start...])
        headers = Headers(key)
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
