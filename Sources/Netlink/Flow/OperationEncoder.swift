import CLinux
import Datapath
import Glibc
import Wire

/// Writes operations as messages; keeps memory for keys between them.
struct OperationEncoder: ~Copyable {
    private let scratch = FlowScratch(count: 2)

    /// Appends one message, or returns false and leaves the writer as it was.
    func encode(
        _ operation: FlowOperation, families: DatapathFamilies, datapathIndex: Int32,
        sequence: UInt32, into writer: inout MessageWriter
    ) -> Bool {
        let header = Header(operation, families)
        guard
            writer.begin(
                type: header.family, flags: NLM_F_REQUEST | header.flags, sequence: sequence)
        else { return false }
        writer.putDatapathHeader(
            command: header.command, version: header.version, datapathIndex: datapathIndex)
        switch operation {
        case .put(let put): encode(put, &writer)
        case .delete(let id): encode(deleteOf: id, &writer)
        case .execute(let execution): encode(execution, &writer)
        }
        return writer.end()
    }

    private struct Header {
        let family: UInt16
        let command: UInt8
        let version: UInt8
        let flags: Int32

        init(_ operation: FlowOperation, _ families: DatapathFamilies) {
            switch operation {
            case .put(let put):
                family = families.flow
                command = UInt8(
                    put.mode == .replace ? OVS_FLOW_CMD_SET.rawValue : OVS_FLOW_CMD_NEW.rawValue)
                version = UInt8(OVS_FLOW_VERSION)
                flags = put.mode == .create ? NLM_F_CREATE : 0
            case .delete:
                family = families.flow
                command = UInt8(OVS_FLOW_CMD_DEL.rawValue)
                version = UInt8(OVS_FLOW_VERSION)
                flags = NLM_F_ECHO
            case .execute:
                family = families.packet
                command = UInt8(OVS_PACKET_CMD_EXECUTE.rawValue)
                version = UInt8(OVS_PACKET_VERSION)
                flags = 0
            }
        }
    }

    private func encode(_ put: FlowPut, _ writer: inout MessageWriter) {
        put.id.put(into: &writer)
        if let encoded = put.encoded {
            encoded.put(into: &writer)
        } else {
            scratch[0].copy(from: put.key)
            scratch[1].copy(from: put.mask)
            scratch[1].widen(for: scratch[0])
            KeyEncoder(key: scratch[0], mask: scratch[1]).put(into: &writer)
        }
        put.actions.put(Int(OVS_FLOW_ATTR_ACTIONS.rawValue), into: &writer)
        if put.isProbe { writer.putFlag(Int(OVS_FLOW_ATTR_PROBE.rawValue)) }
    }

    /// The answer needs only the counters.
    private func encode(deleteOf id: FlowID, _ writer: inout MessageWriter) {
        id.put(into: &writer)
        let omitted = OVS_UFID_F_OMIT_KEY | OVS_UFID_F_OMIT_MASK | OVS_UFID_F_OMIT_ACTIONS
        writer.put(Int(OVS_FLOW_ATTR_UFID_FLAGS.rawValue), UInt32(omitted))
    }

    private func encode(_ execution: PacketExecution, _ writer: inout MessageWriter) {
        execution.packet.withUnsafeBytes {
            writer.put(Int(OVS_PACKET_ATTR_PACKET.rawValue), bytes: $0)
        }
        if execution.kernelKey.isEmpty {
            encode(metadataOf: execution, &writer)
        } else {
            execution.kernelKey.withUnsafeBytes {
                writer.put(Int(OVS_PACKET_ATTR_KEY.rawValue), bytes: $0)
            }
        }
        execution.actions.put(Int(OVS_PACKET_ATTR_ACTIONS.rawValue), into: &writer)
        if let unit = execution.maximumReceivedUnit {
            writer.put(Int(OVS_PACKET_ATTR_MRU.rawValue), unit)
        }
        if let hash = execution.hash {
            writer.put(Int(OVS_PACKET_ATTR_HASH.rawValue), hash)
        }
    }

    private func encode(metadataOf execution: PacketExecution, _ writer: inout MessageWriter) {
        scratch[0].copy(from: execution.metadata)
        let metadata = scratch[0]
        // The tuple of its connection must be of the packet's family, which for a packet of our own
        // only the packet tells.
        if metadata[.ethernetType] == 0, let layout = PacketLayout(execution.packet.span.bytes) {
            metadata[.ethernetType] = UInt64(layout.etherType)
        }
        writer.nest(Int(OVS_PACKET_ATTR_KEY.rawValue)) { writer in
            MetadataEncoder(values: metadata, isMask: false).put(into: &writer)
            if metadata[.tunnelFamily] != TunnelFamily.none {
                TunnelKeyEncoder(key: metadata, values: metadata, isMask: false)
                    .put(Int(OVS_KEY_ATTR_TUNNEL.rawValue), into: &writer)
            }
        }
    }
}

extension MessageWriter {
    /// What every message of openvswitch's families starts with.
    mutating func putDatapathHeader(command: UInt8, version: UInt8, datapathIndex: Int32) {
        putHeader(genlmsghdr(cmd: command, version: version, reserved: 0))
        putHeader(ovs_header(dp_ifindex: datapathIndex))
    }
}
