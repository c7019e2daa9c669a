import AgentCore
import CBPF
import Wire

// The rules of ports, as the program reads them: a policy is filled under a number of its own, then a
// port is given it.

extension VIFPrograms {
    /// Fills a policy for a port, which goes on with the one that it has.
    ///
    /// - Parameters:
    ///   - policy: a number that was never used.
    ///   - port: the index of its device.
    /// - Throws: if the maps are full; nothing of it is left then.
    package func fill(
        _ policy: UInt32, with tables: SecurityTables, port: UInt32
    ) throws(BPFError) {
        do throws(BPFError) {
            for (mac, station) in tables.stations {
                try stations.set(key(policy, mac), to: vif_station(station))
            }
            for (network, bits) in tables.networks4 {
                try networks4.set(vif_network4(network, policy), to: bits)
            }
            for (network, bits) in tables.networks6 {
                try networks6.set(vif_network6(network, policy), to: bits)
            }
            let value = vif_policy(
                ifindex: port, padding: 0, with_ipv4: tables.withIPv4,
                with_ipv6: tables.withIPv6)
            try policies.set(policy, to: value)
        } catch {
            empty(policy, of: tables)
            throw error
        }
    }

    /// Removes a policy that no port has had for a second: a packet that is being judged must find
    /// it whole.
    package func empty(_ policy: UInt32, of tables: SecurityTables) {
        policies.remove(policy)
        for mac in tables.stations.keys { stations.remove(key(policy, mac)) }
        for network in tables.networks4.keys { networks4.remove(vif_network4(network, policy)) }
        for network in tables.networks6.keys { networks6.remove(vif_network6(network, policy)) }
    }

    /// From now on a port's packets are judged by a policy.
    package func give(_ policy: UInt32, to port: UInt32) throws(BPFError) {
        if drops.values(port).isEmpty { try drops.setAll(port, to: vif_drops()) }
        try ports.set(port, to: policy)
    }

    /// From now on a port's packets are not judged.
    package func release(_ port: UInt32) { ports.remove(port) }

    private func key(_ policy: UInt32, _ mac: MACAddress) -> vif_station_key {
        var key = vif_station_key()
        key.policy = policy
        copy(UInt128(mac.bits), to: &key.address)
        return key
    }
}

extension vif_station {
    init(_ station: SecurityTables.Station) {
        self.init(
            own: station.own, any: station.any, vrrp4: station.vrrp4, vrrp6: station.vrrp6)
    }
}

extension vif_network4 {
    init(_ network: IPv4Prefix, _ policy: UInt32) {
        self.init()
        self.length = UInt32(32 + network.length)
        self.policy = policy
        copy(UInt128(network.address.bits), to: &address)
    }
}

extension vif_network6 {
    init(_ network: IPv6Prefix, _ policy: UInt32) {
        self.init()
        self.length = UInt32(32 + network.length)
        self.policy = policy
        copy(network.address.bits, to: &address)
    }
}

/// An address as it is on the wire.
private func copy<Bytes: BitwiseCopyable>(_ bits: UInt128, to bytes: inout Bytes) {
    withUnsafeMutableBytes(of: &bytes) { bytes in
        for index in bytes.indices {
            let shift = UInt128(8 * (bytes.count - 1 - index))
            bytes[index] = UInt8(truncatingIfNeeded: bits >> shift)
        }
    }
}
