import Datapath
import LogicalFlow
import Pipeline
import Wire

// Assignments. Those of packet headers are what an observer sees, so they are modifications in the
// tree; those of registers are not.

extension Execution {
    mutating func load(
        _ field: FieldRange, _ constant: Constant, _ action: Action, _ network: TraceNetwork
    ) {
        if field.isPseudo || !field.isRegister {
            nodes.append(.modification, String(action.description.dropLast()))
        }
        switch constant {
        case .string(let name):
            write(field, UInt128(network.key(of: name, in: datapath) ?? 0))
        case .number(let number):
            let mask = (number.mask ?? .max) & .ones(field.width)
            write(field, read(field) & ~mask | number.value & mask)
        case .addressSet, .portGroup: break
        }
    }

    mutating func move(_ field: FieldRange, _ source: FieldRange) {
        let value = read(source)
        summarize(field, source, value)
        write(field, value)
    }

    mutating func exchange(_ left: FieldRange, _ right: FieldRange) {
        let (old, new) = (read(left), read(right))
        summarize(left, right, new)
        summarize(right, left, old)
        write(left, new)
        write(right, old)
    }

    /// The value in the form of its source; part of a field in hexadecimal.
    private mutating func summarize(_ field: FieldRange, _ source: FieldRange, _ value: UInt128) {
        guard !field.isRegister else { return }
        nodes.append(.modification, "\(field) = \(source.text(of: value))")
    }

    mutating func push(_ field: FieldRange) {
        let value = read(field)
        nodes.append(.modification, "push(\(field)) -> \(hexadecimalText(value))")
        stack.append((value, field.storageWidth))
    }

    mutating func pop(_ field: FieldRange) {
        guard let top = stack.popLast() else {
            nodes.append(.modification, "pop(\(field)) <- /* empty stack */")
            return
        }
        write(field, top.value)
        nodes.append(.modification, "pop(\(field)) <- \(hexadecimalText(top.value))")
    }

    mutating func decrementTTL() {
        guard packet.isIP else {
            nodes.append(.failure, "*** TTL decrement of non-IP packet")
            return
        }
        guard packet[.ipTTL] > 0 else {
            nodes.append(.failure, "*** TTL underflow")
            return
        }
        packet[.ipTTL] -= 1
        nodes.append(.modification, "ip.ttl--")
    }
}

extension FlowKey {
    var isIPv4: Bool { self[.ethernetType] == UInt64(EtherType.ipv4) }
    var isIPv6: Bool { self[.ethernetType] == UInt64(EtherType.ipv6) }
    var isIP: Bool { isIPv4 || isIPv6 }
}

// MARK: - Fields

extension FieldRange {
    fileprivate var storage: Storage? { SymbolTable.standard[symbol].storage?.narrowed(to: self) }

    /// Bits that hold the field; a port is a key of 32.
    fileprivate var storageWidth: Int { storage?.width ?? width }

    /// Only generated packets have it.
    fileprivate var isPseudo: Bool { KeySpan(self) == nil }

    /// Kept beside the packet by the pipelines alone.
    var isRegister: Bool {
        switch storage?.field {
        case .inport, .outport, .xxreg0, .xxreg1, .xreg4, .flags: true
        default: false
        }
    }

    /// A value as whoever reads a packet writes it.
    fileprivate func text(of value: UInt128) -> String {
        guard let storage, storage.width == storage.field.width else {
            return hexadecimalText(value)
        }
        let low = UInt64(truncatingIfNeeded: value)
        switch storage.field {
        case .ethSrc, .ethDst, .arpSHA, .arpTHA, .rarpSHA, .rarpTHA, .ndSLL, .ndTLL:
            return MACAddress(low).description
        case .ip4Src, .ip4Dst, .arpSPA, .arpTPA, .rarpSPA, .rarpTPA:
            return IPv4Address(UInt32(truncatingIfNeeded: value)).description
        case .ip6Src, .ip6Dst, .ndTarget: return IPv6Address(value).description
        case .ipProto, .ipDSCP, .ipECN, .ipTTL, .icmp4Type, .icmp4Code, .icmp6Type, .icmp6Code,
            .arpOp, .rarpOp, .tcpSrc, .tcpDst, .udpSrc, .udpDst, .sctpSrc, .sctpDst:
            return String(low)
        default: return hexadecimalText(value)
        }
    }
}

/// With a prefix, except zero.
func hexadecimalText(_ value: UInt128) -> String {
    value == 0 ? "0" : "0x" + String(value, radix: 16)
}
