// DHCP for IPv6 (RFC 8415): between client and server, without relays. The property that must
// hold: any payload gives a message or nil; what is encoded reads back equal.

package enum DHCPv6Type {
    package static let solicit: UInt8 = 1
    package static let advertise: UInt8 = 2
    package static let request: UInt8 = 3
    package static let confirm: UInt8 = 4
    package static let renew: UInt8 = 5
    package static let rebind: UInt8 = 6
    package static let reply: UInt8 = 7
    package static let release: UInt8 = 8
    package static let decline: UInt8 = 9
    package static let informationRequest: UInt8 = 11
}

package enum DHCPv6Code {
    package static let clientID: UInt16 = 1
    package static let serverID: UInt16 = 2
    /// Non-temporary addresses of one interface.
    package static let addresses: UInt16 = 3
    package static let address: UInt16 = 5
    package static let requestedOptions: UInt16 = 6
    package static let elapsedTime: UInt16 = 8
    package static let status: UInt16 = 13
    package static let userClass: UInt16 = 15
    package static let dnsServers: UInt16 = 23
    package static let domainSearch: UInt16 = 24
    /// Prefixes delegated to one interface.
    package static let prefixes: UInt16 = 25
    package static let prefix: UInt16 = 26
    package static let qualifiedName: UInt16 = 39
    package static let bootfile: UInt16 = 59
}

package enum DHCPv6Status {
    package static let success: UInt16 = 0
    package static let noAddress: UInt16 = 2
    package static let notOnLink: UInt16 = 4
}

package struct DHCPv6Option: Hashable, Sendable {
    package var code: UInt16
    package var data: [UInt8]

    package enum Limits {
        /// Bytes of an identifier (DUID) with its type (RFC 8415 §11.1).
        package static let identifier = 130
    }

    package init(_ code: UInt16, _ data: [UInt8]) {
        self.code = code
        self.data = data
    }

    package static func status(_ code: UInt16) -> DHCPv6Option {
        DHCPv6Option(DHCPv6Code.status, [UInt8(code >> 8), UInt8(code & 0xff)])
    }

    /// The identifier that an Ethernet address makes (DUID-LL, RFC 8415 §11.4).
    package static func identifier(_ code: UInt16, _ address: MACAddress) -> DHCPv6Option {
        var data: [UInt8] = [0, 3, 0, 1]
        data.append(address)
        return DHCPv6Option(code, data)
    }

    /// Nil where a length goes past the end.
    package static func list(_ reader: ByteReader) -> [DHCPv6Option]? {
        var reader = reader
        var options: [DHCPv6Option] = []
        while reader.left > 0 {
            guard let code = reader.uint16(), let length = reader.uint16(),
                let data = reader.bytes(Int(length))
            else { return nil }
            options.append(DHCPv6Option(code, data))
        }
        return options
    }

    package static func encoded(_ options: [DHCPv6Option]) -> [UInt8] {
        var bytes: [UInt8] = []
        for option in options {
            bytes.append(UInt64(option.code), width: 2)
            bytes.append(UInt64(option.data.count), width: 2)
            bytes += option.data
        }
        return bytes
    }
}

package struct DHCPv6Message: Hashable, Sendable {
    package var type: UInt8
    /// 24 bits.
    package var transaction: UInt32
    package var options: [DHCPv6Option]

    package init(type: UInt8, transaction: UInt32, options: [DHCPv6Option] = []) {
        self.type = type
        self.transaction = transaction & 0xff_ffff
        self.options = options
    }

    package init?(_ payload: [UInt8]) {
        var reader = ByteReader(payload)
        guard let word = reader.uint32(), let options = DHCPv6Option.list(reader) else {
            return nil
        }
        self.init(type: UInt8(word >> 24), transaction: word, options: options)
    }

    package subscript(code: UInt16) -> [UInt8]? { options.first { $0.code == code }?.data }

    package var encoded: [UInt8] {
        var bytes: [UInt8] = [type]
        bytes.append(UInt64(transaction), width: 3)
        return bytes + DHCPv6Option.encoded(options)
    }
}

/// An IA_NA or IA_PD option (RFC 8415 §21.4, §21.21).
package struct DHCPv6Association: Hashable, Sendable {
    package var identifier: UInt32
    package var renewal: UInt32
    package var rebinding: UInt32
    package var options: [DHCPv6Option]

    package init(
        identifier: UInt32, renewal: UInt32, rebinding: UInt32, options: [DHCPv6Option]
    ) {
        self.identifier = identifier
        self.renewal = renewal
        self.rebinding = rebinding
        self.options = options
    }

    package init?(_ data: [UInt8]) {
        var reader = ByteReader(data)
        guard let identifier = reader.uint32(), let renewal = reader.uint32(),
            let rebinding = reader.uint32(), let options = DHCPv6Option.list(reader)
        else { return nil }
        self.init(
            identifier: identifier, renewal: renewal, rebinding: rebinding, options: options)
    }

    package var encoded: [UInt8] {
        var bytes: [UInt8] = []
        for word in [identifier, renewal, rebinding] { bytes.append(UInt64(word), width: 4) }
        return bytes + DHCPv6Option.encoded(options)
    }
}
