import OVSDBModel
import Schemas
import Wire

/// A port of a logical router, parsed once from its Northbound row.
package struct RouterPort: Hashable, Sendable {
    package let router: RowUUID
    package let name: String
    package let mac: MACAddress
    /// In the order of the numbers, so that a network's index is stable.
    package let networks4: [IPv4Prefix]
    /// With the link-local one, which every port has.
    package let networks6: [IPv6Prefix]
    package let linkLocal: IPv6Address
    package let isEnabled: Bool
    /// The router port at the other side, where two routers are connected directly.
    package let peer: String?
    /// gateway_chassis or ha_chassis_group says where the port is.
    package let hasGateway: Bool
    /// Packets for a port elsewhere reach it through the physical network.
    package let isBridged: Bool
    /// The port's networks are routed where the router's gateway port is.
    package let residesOnRedirect: Bool
    /// options:gateway_mtu, in bytes.
    package let mtu: Int?
    /// ipv6_ra_configs:mtu, the size of IPv6 packets on the network, in bytes.
    package let advertisedMTU: Int?
    /// Gets all multicast that the router relays.
    package let floodsMulticast: Bool

    /// Fails, after a report, without an Ethernet address.
    package init?(
        _ row: NB.LogicalRouterPort, of router: RowUUID,
        report: (_ column: String, _ reason: String) -> Void
    ) {
        guard let mac = MACAddress(parsing: row.mac) else {
            report("mac", "no Ethernet address: \"\(row.mac)\"")
            return nil
        }
        self.router = router
        self.mac = mac
        name = row.name
        isEnabled = row.enabled ?? true
        peer = row.peer
        hasGateway = !row.gatewayChassis.isEmpty || row.haChassisGroup != nil
        isBridged = row.options["redirect-type"] == "bridged"
        mtu = RouterPort.gatewayMTU(row, report)
        advertisedMTU = row.ipv6RAConfigs["mtu"].flatMap { Int($0) }.flatMap {
            NetworkMTU.Limits.sizes6.contains($0) ? $0 : nil
        }
        floodsMulticast = row.options["mcast_flood"] == "true"
        residesOnRedirect = row.options["reside-on-redirect-chassis"] == "true"
        var networks4: [IPv4Prefix] = []
        var networks6: [IPv6Prefix] = []
        for text in row.networks {
            switch IPPrefix(parsing: text) {
            case .v4(let prefix)?: networks4.append(prefix)
            case .v6(let prefix)?: networks6.append(prefix)
            case nil: report("networks", "no network: \"\(text)\"")
            }
        }
        if let own = networks6.first(where: \.address.isLinkLocal) {
            linkLocal = own.address
        } else {
            linkLocal = IPv6Address(linkLocal: mac)
            networks6.append(IPv6Prefix(linkLocal, length: 64))
        }
        self.networks4 = networks4.sorted()
        self.networks6 = networks6.sorted()
    }

    /// options:gateway_mtu, of which zero is none.
    private static func gatewayMTU(
        _ row: NB.LogicalRouterPort, _ report: (_ column: String, _ reason: String) -> Void
    ) -> Int? {
        guard let text = row.options["gateway_mtu"] else { return nil }
        guard let number = Int(text), (0...NetworkMTU.Limits.maximum).contains(number) else {
            report("options:gateway_mtu", "no packet size: \"\(text)\"")
            return nil
        }
        return number > 0 ? number : nil
    }

    /// All addresses of the port, IPv4 first.
    package var addresses: [IPAddress] {
        networks4.map { .v4($0.address) } + networks6.map { .v6($0.address) }
    }

    package var station: StationAddress { StationAddress(mac, addresses) }

    /// The port's own address on the network that `address` is on.
    package func source(for address: IPAddress) -> IPAddress? {
        switch address {
        case .v4(let address):
            networks4.first { $0.contains(address) }.map { .v4($0.address) }
        case .v6(let address):
            networks6.first { $0.contains(address) }.map { .v6($0.address) }
        }
    }

    /// The address to use where the next hop is on no network of the port.
    package func anySource(like address: IPAddress) -> IPAddress? {
        switch address {
        case .v4: networks4.first.map { .v4($0.address) }
        case .v6: networks6.first.map { .v6($0.address) }
        }
    }
}

/// What a router port is connected to.
package enum Attachment: Hashable, Sendable {
    case `switch`(RowUUID, port: RowUUID, portName: String)
    case router(RowUUID, port: RowUUID, portName: String)

    package var portName: String {
        switch self {
        case .switch(_, _, let name), .router(_, _, let name): name
        }
    }

    package var switchDatapath: RowUUID? {
        if case .switch(let datapath, _, _) = self { datapath } else { nil }
    }
}
