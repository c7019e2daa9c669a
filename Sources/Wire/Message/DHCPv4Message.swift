// DHCP for IPv4 (RFC 2131, options RFC 2132, long options RFC 3396). The property that must hold:
// any payload gives a message or nil; what is encoded reads back equal.

package enum DHCPv4Type: UInt8, Sendable {
    case discover = 1
    case offer, request, decline, ack, nak, release, inform
}

package enum DHCPv4Code {
    package static let netmask: UInt8 = 1
    package static let requestedAddress: UInt8 = 50
    package static let leaseTime: UInt8 = 51
    package static let overload: UInt8 = 52
    package static let messageType: UInt8 = 53
    package static let serverID: UInt8 = 54
    package static let renewalTime: UInt8 = 58
    package static let rebindingTime: UInt8 = 59
    package static let clientID: UInt8 = 61
    package static let bootfile: UInt8 = 67
    /// RFC 3046.
    package static let relayInformation: UInt8 = 82
    /// Encapsulated options of iPXE clients.
    package static let etherboot: UInt8 = 175
    package static let end: UInt8 = 255
}

package struct DHCPv4Option: Hashable, Sendable {
    package var code: UInt8
    package var data: [UInt8]

    package init(_ code: UInt8, _ data: [UInt8]) {
        self.code = code
        self.data = data
    }
}

package struct DHCPv4Message: Hashable, Sendable {
    package static let request: UInt8 = 1
    package static let reply: UInt8 = 2
    private static let cookie: UInt32 = 0x6382_5363
    private static let fixedBytes = 240
    /// What old clients take at least (RFC 1542 §2.1).
    private static let minimumBytes = 300

    package var operation: UInt8
    package var hardwareType: UInt8 = 1
    package var hardwareLength: UInt8 = 6
    package var hops: UInt8 = 0
    package var transaction: UInt32
    package var seconds: UInt16 = 0
    package var flags: UInt16 = 0
    /// ciaddr, yiaddr, siaddr, giaddr.
    package var clientAddress = IPv4Address.zero
    package var yourAddress = IPv4Address.zero
    package var serverAddress = IPv4Address.zero
    package var relayAddress = IPv4Address.zero
    /// 16 bytes.
    package var clientHardware: [UInt8]
    /// 64 bytes.
    package var serverName = [UInt8](repeating: 0, count: 64)
    /// 128 bytes.
    package var file = [UInt8](repeating: 0, count: 128)
    /// Each code once: options that came in parts are joined.
    package var options: [DHCPv4Option] = []

    package init(operation: UInt8, transaction: UInt32, client: MACAddress) {
        self.operation = operation
        self.transaction = transaction
        clientHardware = []
        clientHardware.append(client)
        clientHardware += [UInt8](repeating: 0, count: 10)
    }

    package init?(_ payload: [UInt8]) {
        guard payload.count >= Self.fixedBytes, payload.uint32(at: 236) == Self.cookie else {
            return nil
        }
        operation = payload[0]
        hardwareType = payload[1]
        hardwareLength = payload[2]
        hops = payload[3]
        transaction = payload.uint32(at: 4)
        seconds = payload.uint16(at: 8)
        flags = payload.uint16(at: 10)
        clientAddress = IPv4Address(payload.uint32(at: 12))
        yourAddress = IPv4Address(payload.uint32(at: 16))
        serverAddress = IPv4Address(payload.uint32(at: 20))
        relayAddress = IPv4Address(payload.uint32(at: 24))
        clientHardware = Array(payload[28..<44])
        serverName = Array(payload[44..<108])
        file = Array(payload[108..<236])
        guard readOptions(payload) else { return nil }
    }

    /// The options behind the cookie, then those in the fields that option 52 names.
    private mutating func readOptions(_ payload: [UInt8]) -> Bool {
        guard readOptions(ByteReader(payload, from: Self.fixedBytes)) else { return false }
        let overload = self[DHCPv4Code.overload]?.first ?? 0
        if overload & 1 != 0, !readOptions(ByteReader(file)) { return false }
        if overload & 2 != 0, !readOptions(ByteReader(serverName)) { return false }
        return true
    }

    private mutating func readOptions(_ reader: ByteReader) -> Bool {
        var reader = reader
        while let code = reader.uint8(), code != DHCPv4Code.end {
            if code == 0 { continue }
            guard let length = reader.uint8(), let data = reader.bytes(Int(length)) else {
                return false
            }
            if let index = options.firstIndex(where: { $0.code == code }) {
                options[index].data += data
            } else {
                options.append(DHCPv4Option(code, data))
            }
        }
        return true
    }

    package subscript(code: UInt8) -> [UInt8]? { options.first { $0.code == code }?.data }

    /// An option that holds one address.
    package func address(_ code: UInt8) -> IPv4Address? {
        guard let data = self[code], data.count >= 4 else { return nil }
        return IPv4Address(data.uint32(at: 0))
    }

    package var type: DHCPv4Type? {
        self[DHCPv4Code.messageType]?.first.flatMap(DHCPv4Type.init)
    }

    package var wantsBroadcast: Bool { flags & 0x8000 != 0 }

    /// Nil where the client is not on Ethernet.
    package var client: MACAddress? {
        guard hardwareType == 1, hardwareLength == 6 else { return nil }
        return MACAddress(clientHardware.uint48(at: 0))
    }

    package var encoded: [UInt8] {
        var bytes: [UInt8] = [operation, hardwareType, hardwareLength, hops]
        bytes.append(UInt64(transaction), width: 4)
        bytes.append(UInt64(seconds), width: 2)
        bytes.append(UInt64(flags), width: 2)
        for address in [clientAddress, yourAddress, serverAddress, relayAddress] {
            bytes.append(address)
        }
        bytes += clientHardware + serverName + file
        bytes.append(UInt64(Self.cookie), width: 4)
        for option in options { Self.append(option, to: &bytes) }
        bytes.append(DHCPv4Code.end)
        return bytes + [UInt8](repeating: 0, count: max(0, Self.minimumBytes - bytes.count))
    }

    private static func append(_ option: DHCPv4Option, to bytes: inout [UInt8]) {
        var rest = option.data[...]
        repeat {
            let part = rest.prefix(255)
            rest = rest.dropFirst(255)
            bytes += [option.code, UInt8(part.count)] + part
        } while !rest.isEmpty
    }
}
