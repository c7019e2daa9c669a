// One string of Port_Binding.port_security as a value.
//
// "MAC [IP[/LEN] …]" or "VRRPv3 MAC [VMAC[/LEN] …] [IP[/LEN] …]" (ovn-nb(5), port_security); without
// a VMAC all of RFC 5798 §7.3 are meant. A string that can't be read restricts nothing by itself: the
// caller reports it and the remaining strings stand. What an entry allows is the translator's matter.

import Wire

package struct PortSecurityEntry: Hashable, Sendable {
    /// An address with the length that was written after it.
    package struct Network<Address: Hashable & Sendable>: Hashable, Sendable {
        package let address: Address
        package let length: Int

        package init(address: Address, length: Int) {
            self.address = address
            self.length = length
        }
    }

    package let mac: MACAddress
    package let ipv4: [Network<IPv4Address>]
    package let ipv6: [Network<IPv6Address>]
    /// Virtual router addresses 00:00:5e:00:01:xx and 00:00:5e:00:02:xx.
    package let vrrp4: [MACAddress]
    package let vrrp6: [MACAddress]
    /// All Ethernet addresses that the port may use.
    package let stations: [MACAddress]
    /// What the port may send from, and for IPv4 send to.
    package let senders4: AddressFilter
    package let senders6: AddressFilter
    package let receivers4: AddressFilter
    package let receivers6: AddressFilter

    package struct Malformed: Error, Hashable {
        package let entry: String
        package let token: String
    }

    package init(parsing text: String) throws(Malformed) {
        var tokens = text.split(whereSeparator: { $0 == " " || $0 == "," || $0 == "\t" })[...]
        let isVRRP = tokens.first == "VRRPv3"
        if isVRRP { tokens = tokens.dropFirst() }
        guard let first = tokens.popFirst(), let mac = MACAddress(parsing: first) else {
            throw Malformed(entry: text, token: String(tokens.first ?? ""))
        }
        var parts = Parts()
        for token in tokens {
            guard parts.add(token, isVRRP: isVRRP) else {
                throw Malformed(entry: text, token: String(token))
            }
        }
        if isVRRP, parts.vrrp4.isEmpty, parts.vrrp6.isEmpty { parts.addAllVirtual() }
        self.init(mac, parts)
    }

    private init(_ mac: MACAddress, _ parts: Parts) {
        self.mac = mac
        (ipv4, ipv6, vrrp4, vrrp6) = (parts.ipv4, parts.ipv6, parts.vrrp4, parts.vrrp6)
        stations = [mac] + vrrp4 + vrrp6
        let allowed4 = ipv4.map(\.allowed)
        let allowed6 = ipv6.map(\.allowed)
        senders4 = AddressFilter(allowed4)
        senders6 = AddressFilter(allowed6)
        let multicast4 = IPv4Prefix(IPv4Address(0xe000_0000), length: 4)
        let broadcasts = ipv4.compactMap { $0.broadcast.map { IPv4Prefix($0) } }
        receivers4 = AddressFilter(
            allowed4 + broadcasts + [IPv4Prefix(.broadcast), multicast4])
        let multicast6 = IPv6Prefix(IPv6Address(high: 0xff << 56, low: 0), length: 8)
        receivers6 = AddressFilter(
            allowed6 + [IPv6Prefix(IPv6Address(linkLocal: mac)), multicast6])
    }

    /// What stands after the first Ethernet address.
    private struct Parts {
        var ipv4: [Network<IPv4Address>] = []
        var ipv6: [Network<IPv6Address>] = []
        var vrrp4: [MACAddress] = []
        var vrrp6: [MACAddress] = []

        mutating func add(_ token: Substring, isVRRP: Bool) -> Bool {
            let parts = token.split(
                separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            guard let head = parts.first else { return false }
            if isVRRP, let virtual = MACAddress(parsing: head) {
                let length = parts.count == 2 ? Int(parts[1]) : 48
                return length.map { add(virtual: virtual, length: $0) } ?? false
            }
            guard let address = IPAddress(parsing: head) else { return false }
            let longest = address.v4 != nil ? 32 : 128
            guard parts.count == 1 || Int(parts[1]) != nil else { return false }
            let length = parts.count == 2 ? Int(parts[1]) ?? longest : longest
            guard (0...longest).contains(length) else { return false }
            if let v4 = address.v4 {
                ipv4.append(.init(address: v4, length: length))
            } else if let v6 = address.v6 {
                ipv6.append(.init(address: v6, length: length))
            }
            return true
        }

        /// The last byte is the number of the virtual router, from 1; a length leaves some bits of it
        /// open.
        private mutating func add(virtual: MACAddress, length: Int) -> Bool {
            guard (40...48).contains(length) else { return false }
            let first = virtual.bits
            let open = UInt64(1) << UInt64(48 - length) - 1
            guard first & open == 0, open != 0 || first & 0xff != 0 else { return false }
            let all = (first...first + open).map { MACAddress($0) }
            switch first >> 8 {
            case Self.prefix4: vrrp4 += all
            case Self.prefix6: vrrp6 += all
            default: return false
            }
            return true
        }

        mutating func addAllVirtual() {
            for prefix in [Self.prefix4, Self.prefix6] {
                _ = add(virtual: MACAddress(prefix << 8), length: 40)
            }
        }

        private static let prefix4: UInt64 = 0x0000_5e00_01
        private static let prefix6: UInt64 = 0x0000_5e00_02
    }
}

extension PortSecurityEntry.Network<IPv4Address> {
    /// The addresses that a packet may use: the host alone if the host part is not zero, else the
    /// whole network.
    package var allowed: IPv4Prefix {
        let network = IPv4Prefix(address, length: length)
        let isHost = address.bits & ~network.mask.bits != 0
        return isHost ? IPv4Prefix(address, length: 32) : network
    }

    /// The broadcast address of the network, which the port may receive.
    package var broadcast: IPv4Address? {
        guard length < 32 else { return nil }
        return IPv4Address(address.bits | ~IPv4Prefix(address, length: length).mask.bits)
    }
}

extension PortSecurityEntry.Network<IPv6Address> {
    package var allowed: IPv6Prefix {
        let host: UInt128 = length == 0 ? .max : (1 << UInt128(128 - length)) - 1
        let isHost = address.bits & host != 0
        return IPv6Prefix(address, length: isHost ? 128 : length)
    }
}
