// Which connections `flush-conntrack` of ovs-dpctl(8) is about:
// `[zone=N] [mark=X[/M]] [labels=Y[/N]] [CT-TUPLE [CT-REPLY]]`, in this order. What is not said
// matches anything; an empty CT-TUPLE says nothing.

import Datapath
import Wire

package struct ConnectionMatch: Hashable, Sendable {
    package struct Masked<Value: FixedWidthInteger & Sendable>: Hashable, Sendable {
        package var value: Value
        package var mask: Value

        func covers(_ other: Value) -> Bool { value & mask == other & mask }
    }

    /// One direction, as far as it is said.
    package struct Side: Hashable, Sendable {
        package var source: IPAddress?
        package var destination: IPAddress?
        /// Of ICMP the identifier.
        package var sourcePort: UInt16?
        package var destinationPort: UInt16?
        package var icmpType: UInt8?
        package var icmpCode: UInt8?

        var isEmpty: Bool { self == Side() }

        func covers(_ tuple: ConnectionTuple?) -> Bool {
            if isEmpty { return true }
            guard let tuple else { return false }
            let port = tuple.destinationPort
            return source ?? tuple.source == tuple.source
                && destination ?? tuple.destination == tuple.destination
                && sourcePort ?? tuple.sourcePort == tuple.sourcePort
                && destinationPort ?? port == port
                && icmpType ?? UInt8(port >> 8) == UInt8(port >> 8)
                && icmpCode ?? UInt8(port & 0xff) == UInt8(port & 0xff)
        }
    }

    package struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        package let description: String
    }

    package var zone: UInt16?
    package var mark: Masked<UInt32>?
    package var label: Masked<UInt128>?
    package var proto: UInt8?
    package var request = Side()
    package var reply = Side()
    /// Of all addresses.
    private var isVersion4: Bool?

    package init() {}

    /// Whether every connection is meant.
    package var isEmpty: Bool { self == ConnectionMatch() }

    package func covers(_ connection: TrackedConnection) -> Bool {
        zone ?? zoneOfOne ?? connection.zone == connection.zone
            && mark?.covers(connection.mark) ?? true && label?.covers(connection.label) ?? true
            && proto ?? connection.request?.proto == connection.request?.proto
            && request.covers(connection.request) && reply.covers(connection.reply)
    }

    /// A whole first packet names one connection; without a zone that is the one in zone 0.
    private var zoneOfOne: UInt16? {
        guard request.source != nil, request.destination != nil, let proto, reply.isEmpty else {
            return nil
        }
        let isICMP = proto == IPProtocol.icmp || proto == IPProtocol.icmpv6
        let isWhole =
            isICMP
            ? request.icmpType != nil && request.icmpCode != nil && request.sourcePort != nil
            : request.sourcePort != nil && request.destinationPort != nil
        return isWhole ? 0 : nil
    }
}

extension ConnectionMatch {
    package init(parsing words: [String]) throws(Failure) {
        var rest = words[...]
        if let text = Self.take("zone=", from: &rest) {
            guard let number = UInt16(text) else { throw Failure("zone", text) }
            zone = number
        }
        if let text = Self.take("mark=", from: &rest) { mark = try Self.masked(text, "mark") }
        if let text = Self.take("labels=", from: &rest) { label = try Self.masked(text, "labels") }
        if let text = rest.popFirst() { try parse(text, into: \.request) }
        if let text = rest.popFirst() { try parse(text, into: \.reply) }
        if let text = rest.first {
            throw Failure(description: "invalid arguments: \(text) is one too many")
        }
    }

    private static func take(_ prefix: String, from words: inout ArraySlice<String>) -> Substring? {
        guard let word = words.first, word.hasPrefix(prefix) else { return nil }
        words.removeFirst()
        return word.dropFirst(prefix.count)
    }

    private static func masked<Value: FixedWidthInteger & Sendable>(
        _ text: Substring, _ name: String
    ) throws(Failure) -> Masked<Value> {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let value = Value(number: parts[0]) else {
            throw Failure(name, text)
        }
        guard parts.count == 2 else { return Masked(value: value, mask: ~0) }
        guard let mask = Value(number: parts[1]) else { throw Failure(name, text) }
        return Masked(value: value, mask: mask)
    }

    private mutating func parse(
        _ text: String, into place: WritableKeyPath<ConnectionMatch, Side>
    ) throws(Failure) {
        var side = Side()
        for field in text.split(separator: ",") {
            let parts = field.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else {
                throw Failure(description: "field \(field) missing value")
            }
            try set(String(parts[0]), to: parts[1], &side)
        }
        if proto == nil, side.sourcePort != nil || side.destinationPort != nil {
            throw Failure(description: "port is set without protocol (\(text))")
        }
        self[keyPath: place] = side
    }

    private mutating func set(
        _ name: String, to text: Substring, _ side: inout Side
    ) throws(Failure) {
        switch name {
        case "ct_nw_src", "ct_ipv6_src": side.source = try address(name, text)
        case "ct_nw_dst", "ct_ipv6_dst": side.destination = try address(name, text)
        case "ct_nw_proto": proto = try Self.number(name, text)
        case "ct_tp_src": side.sourcePort = try Self.number(name, text)
        case "ct_tp_dst": side.destinationPort = try Self.number(name, text)
        case "icmp_id", "icmp_type", "icmp_code": try setICMP(name, text, &side)
        default: throw Failure(description: "invalid conntrack tuple field: \(name)")
        }
    }

    private func setICMP(
        _ name: String, _ text: Substring, _ side: inout Side
    ) throws(Failure) {
        guard proto == IPProtocol.icmp || proto == IPProtocol.icmpv6 else {
            throw Failure(description: "\(name) without ct_nw_proto=1 or ct_nw_proto=58 before it")
        }
        switch name {
        case "icmp_id": side.sourcePort = try Self.number(name, text)
        case "icmp_type": side.icmpType = try Self.number(name, text)
        default: side.icmpCode = try Self.number(name, text)
        }
    }

    /// Addresses of one family only.
    private mutating func address(_ name: String, _ text: Substring) throws(Failure) -> IPAddress {
        guard let address = IPAddress(parsing: text) else { throw Failure(name, text) }
        let isFour = name.hasPrefix("ct_nw")
        guard (address.v4 != nil) == isFour, isVersion4 ?? isFour == isFour else {
            throw Failure(description: "the L3 protocol does not match \(text)")
        }
        isVersion4 = isFour
        return address
    }

    private static func number<Value: FixedWidthInteger>(
        _ name: String, _ text: Substring
    ) throws(Failure) -> Value {
        guard let value = Value(number: text) else { throw Failure(name, text) }
        return value
    }
}

extension ConnectionMatch.Failure {
    fileprivate init(_ name: String, _ text: some StringProtocol) {
        self.init(description: "failed to parse \(name) (\(text))")
    }
}

extension FixedWidthInteger {
    /// Decimal, or hexadecimal after 0x.
    fileprivate init?(number text: Substring) {
        if text.hasPrefix("0x") || text.hasPrefix("0X") {
            self.init(text.dropFirst(2), radix: 16)
        } else {
            self.init(text, radix: 10)
        }
    }
}
