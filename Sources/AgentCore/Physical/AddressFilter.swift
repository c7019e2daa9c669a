// A set of addresses and networks that a packet's address is looked up in, in a time that does not
// follow the number of addresses.

import Wire

package struct AddressFilter: Hashable, Sendable {
    /// The first `length` bits of an address.
    package struct Network: Hashable, Comparable, Sendable {
        package let length: Int
        package let bits: UInt128

        package static func < (left: Network, right: Network) -> Bool {
            (left.length, left.bits) < (right.length, right.bits)
        }
    }

    /// Bits of an address.
    package let width: Int
    /// Shorter than an address, the widest first: who looks for the first that matches reads as
    /// little of the address as possible.
    package let networks: [Network]
    /// In order.
    private let hosts: [UInt128]

    package init(_ prefixes: [IPv4Prefix]) {
        self.init(32, prefixes.map { (UInt128($0.address.bits), $0.length) })
    }

    package init(_ prefixes: [IPv6Prefix]) {
        self.init(128, prefixes.map { ($0.address.bits, $0.length) })
    }

    private init(_ width: Int, _ prefixes: [(bits: UInt128, length: Int)]) {
        self.width = width
        hosts = Set(prefixes.filter { $0.length == width }.map(\.bits)).sorted()
        let shorter = prefixes.filter { $0.length < width }.map { prefix in
            Network(
                length: prefix.length,
                bits: prefix.length == 0 ? 0 : prefix.bits >> UInt128(width - prefix.length))
        }
        networks = Set(shorter).sorted()
    }

    package var hasHosts: Bool { !hosts.isEmpty }

    package func hasHost(_ bits: UInt128) -> Bool {
        var range = hosts.startIndex..<hosts.endIndex
        while let middle = range.isEmpty ? nil : (range.lowerBound + range.upperBound) / 2 {
            if hosts[middle] == bits { return true }
            range =
                hosts[middle] < bits ? middle + 1..<range.upperBound : range.lowerBound..<middle
        }
        return false
    }
}
