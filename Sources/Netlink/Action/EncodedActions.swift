/// A list of datapath actions as the kernel reads it: what stands inside OVS_FLOW_ATTR_ACTIONS or
/// OVS_PACKET_ATTR_ACTIONS. Encoded once, used for the flow and for the packet that asked for it.
package struct EncodedActions: Hashable, Sendable {
    package let bytes: [UInt8]

    /// The kernel's limit for one list (net/openvswitch, MAX_ACTIONS_BUFSIZE).
    package static let maximumBytes = 32768

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// No action: the packet is dropped.
    package static let drop = EncodedActions(bytes: [])

    func put(_ type: Int, into writer: inout MessageWriter) {
        bytes.withUnsafeBytes { writer.put(type, bytes: $0) }
    }
}
