import CLinux
import Datapath

/// A packet that the kernel hands up (OVS_PACKET_CMD_MISS, OVS_PACKET_CMD_ACTION).
package struct Upcall: Sendable {
    package enum Reason: Hashable, Sendable {
        /// No flow matched.
        case miss
        /// A userspace action sent it.
        case action
    }

    package let reason: Reason
    package let datapathIndex: Int32
    /// The kernel's reading of the packet as it came in; after actions have changed the packet,
    /// still that.
    package let key: FlowKey
    /// The same as the kernel has written it; it takes it back for a flow and for the packet. Empty for
    /// a packet that did not come from the kernel.
    package var kernelKey: [UInt8] = []
    /// From the Ethernet header on.
    package let packet: [UInt8]
    /// What the userspace action was given.
    package let userData: [UInt8]
    /// The outer header that the packet would leave with, in the tunnel fields, if the action
    /// asked for it.
    package let egressTunnel: FlowKey?
    /// The largest fragment received, for a packet that was put together from some.
    package let maximumReceivedUnit: UInt16?
    /// The packet's length before it was cut.
    package let originalLength: UInt32?
    package let hash: UInt64?
}

extension Upcall {
    /// A packet of this program's own, as if a flow had sent it up.
    package init(sending packet: [UInt8], key: FlowKey) {
        self.init(
            reason: .action, datapathIndex: 0, key: key, packet: packet, userData: [],
            egressTunnel: nil, maximumReceivedUnit: nil, originalLength: nil, hash: nil)
    }
}

/// Reads messages of the packet family; keeps memory for keys between them.
struct UpcallDecoder: ~Copyable {
    private let scratch = FlowScratch(count: 1)

    /// Nil if the message is no upcall, or lacks the packet or its key.
    func decode(_ message: MessageView) -> Upcall? {
        guard let header = DatapathHeader(message), let reason = Upcall.Reason(header.command)
        else { return nil }
        var parts = Parts()
        for attribute in header.attributes { parts.take(attribute) }
        guard let packet = parts.packet, let key = parts.key else { return nil }
        return Upcall(
            reason: reason, datapathIndex: header.datapathIndex, key: decode(key.nested),
            kernelKey: key.bytes, packet: packet.bytes, userData: parts.userData,
            egressTunnel: parts.egressTunnel.map { decode(tunnel: $0.nested) },
            maximumReceivedUnit: parts.maximumReceivedUnit, originalLength: parts.originalLength,
            hash: parts.hash)
    }

    private func decode(_ attributes: AttributeReader) -> FlowKey {
        scratch[0].clear()
        KeyDecoder.decodeKey(attributes, into: scratch[0])
        return FlowKey(copying: scratch[0])
    }

    private func decode(tunnel attributes: AttributeReader) -> FlowKey {
        scratch[0].clear()
        TunnelKeyDecoder(values: scratch[0], isMask: false).decode(attributes)
        return FlowKey(copying: scratch[0])
    }

    private struct Parts {
        var packet: Attribute?
        var key: Attribute?
        var userData: [UInt8] = []
        var egressTunnel: Attribute?
        var maximumReceivedUnit: UInt16?
        var originalLength: UInt32?
        var hash: UInt64?

        mutating func take(_ attribute: Attribute) {
            switch attribute.type {
            case Int(OVS_PACKET_ATTR_PACKET.rawValue): packet = attribute
            case Int(OVS_PACKET_ATTR_KEY.rawValue): key = attribute
            case Int(OVS_PACKET_ATTR_USERDATA.rawValue): userData = attribute.bytes
            case Int(OVS_PACKET_ATTR_EGRESS_TUN_KEY.rawValue): egressTunnel = attribute
            case Int(OVS_PACKET_ATTR_MRU.rawValue): maximumReceivedUnit = attribute.value()
            case Int(OVS_PACKET_ATTR_LEN.rawValue): originalLength = attribute.value()
            case Int(OVS_PACKET_ATTR_HASH.rawValue): hash = attribute.value()
            default: break
            }
        }
    }
}

extension Upcall.Reason {
    fileprivate init?(_ command: UInt8) {
        switch UInt32(command) {
        case OVS_PACKET_CMD_MISS.rawValue: self = .miss
        case OVS_PACKET_CMD_ACTION.rawValue: self = .action
        default: return nil
        }
    }
}
