import CLinux
import Datapath

/// A flow as the kernel describes it. What a terse dump leaves out is nil.
package struct FlowRecord: Hashable, Sendable {
    /// Nil for a flow that was put without one.
    package var id: FlowID?
    package var match: KernelMatch?
    package var actions: EncodedActions?
    package var statistics = FlowStatistics()

    /// The flow as a value, or nil if the record is terse or does what our actions can't say.
    package var megaflow: Megaflow? {
        guard let match, let actions = actions?.decoded else { return nil }
        return Megaflow(
            id: id, key: match.key, mask: match.mask, actions: actions, statistics: statistics)
    }
}

/// Reads messages of the flow family; keeps memory for keys between them.
struct FlowDecoder: ~Copyable {
    private let scratch = FlowScratch(count: 2)

    /// Nil if the message is too short to be one.
    func decode(_ message: MessageView) -> FlowRecord? {
        guard let header = DatapathHeader(message) else { return nil }
        var record = FlowRecord()
        var key: Attribute?
        var mask: Attribute?
        for attribute in header.attributes {
            switch attribute.type {
            case Int(OVS_FLOW_ATTR_KEY.rawValue): key = attribute
            case Int(OVS_FLOW_ATTR_MASK.rawValue): mask = attribute
            case Int(OVS_FLOW_ATTR_ACTIONS.rawValue):
                record.actions = EncodedActions(bytes: attribute.bytes)
            default: record.take(attribute)
            }
        }
        if let key { record.match = match(key, mask) }
        return record
    }

    /// A flow without a mask compares all that it says.
    private func match(_ key: Attribute, _ mask: Attribute?) -> KernelMatch {
        scratch[0].clear()
        scratch[1].clear()
        KeyDecoder.decodeKey(key.nested, into: scratch[0])
        if let mask {
            KeyDecoder.decodeMask(mask.nested, key: scratch[0], into: scratch[1])
        } else {
            scratch[1].words.update(repeating: .max, count: FlowKey.wordCount)
            scratch[1].widen(for: scratch[0])
        }
        return KernelMatch(key: scratch[0], widened: scratch[1])
    }
}

extension FlowRecord {
    fileprivate mutating func take(_ attribute: Attribute) {
        switch attribute.type {
        case Int(OVS_FLOW_ATTR_UFID.rawValue): id = FlowID(attribute)
        case Int(OVS_FLOW_ATTR_STATS.rawValue):
            if let counts = attribute.value(ovs_flow_stats.self) {
                statistics.packets = counts.n_packets
                statistics.bytes = counts.n_bytes
            }
        case Int(OVS_FLOW_ATTR_USED.rawValue):
            statistics.used = attribute.value()
        case Int(OVS_FLOW_ATTR_TCP_FLAGS.rawValue): statistics.tcpFlags = attribute.value() ?? 0
        default: break
        }
    }
}

extension FlowID {
    /// Nil for an identifier of another length: such a flow is not of our making.
    fileprivate init?(_ attribute: Attribute) {
        guard attribute.payload.count == 16, let bits = attribute.bigEndian(UInt128.self) else {
            return nil
        }
        self.init(
            high: UInt64(truncatingIfNeeded: bits >> 64), low: UInt64(truncatingIfNeeded: bits))
    }

    func put(into writer: inout MessageWriter) {
        guard let space = writer.reserve(Int(OVS_FLOW_ATTR_UFID.rawValue), length: 16) else {
            return
        }
        space.storeBytes(of: high.bigEndian, as: UInt64.self)
        space.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
    }
}
