import Wire

/// What stands behind a logical port: an Ethernet address and the IP addresses known to be there.
package struct StationAddress: Hashable, Sendable {
    package let mac: MACAddress
    package let addresses: [IPAddress]

    package init(_ mac: MACAddress, _ addresses: [IPAddress] = []) {
        self.mac = mac
        self.addresses = addresses
    }
}

/// One element of Logical_Switch_Port.addresses (ovn-nb(5)).
package enum PortAddress: Hashable, Sendable {
    case station(StationAddress)
    /// Whatever nobody else is known to have.
    case unknown
    /// The addresses of the router port at the other side.
    case router
    /// To be assigned by northd.
    case dynamic(DynamicRequest)
}

/// Why a text is no address.
package struct AddressError: Error, Hashable {
    package let reason: String
}

extension PortAddress {
    /// `MAC [IP...]`, `unknown`, `router` or `dynamic [IP...]`; an address may have a length.
    package init(parsing text: String) throws(AddressError) {
        let words = text.split(separator: " ", omittingEmptySubsequences: true)
        switch words.first {
        case nil: throw AddressError(reason: "empty address")
        case "unknown": self = .unknown
        case "router": self = .router
        case "dynamic":
            let given = try PortAddress.addresses(words.dropFirst(), of: text)
            self = .dynamic(
                DynamicRequest(
                    v4: given.lazy.compactMap(\.v4).first, v6: given.lazy.compactMap(\.v6).first))
        case let first?:
            guard let mac = MACAddress(parsing: first) else {
                throw AddressError(reason: "no Ethernet address in \"\(text)\"")
            }
            if words.dropFirst().first == "dynamic" {
                self = .dynamic(DynamicRequest(mac: mac))
                return
            }
            self = .station(
                StationAddress(mac, try PortAddress.addresses(words.dropFirst(), of: text)))
        }
    }

    private static func addresses(
        _ words: ArraySlice<Substring>, of text: String
    ) throws(AddressError) -> [IPAddress] {
        var addresses: [IPAddress] = []
        for word in words {
            guard let prefix = IPPrefix(parsing: word) else {
                throw AddressError(reason: "no IP address: \"\(word)\" in \"\(text)\"")
            }
            addresses.append(prefix.address)
        }
        return addresses
    }
}
