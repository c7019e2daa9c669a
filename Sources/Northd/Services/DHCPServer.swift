// What a DHCP_Options row of the configuration serves (ovn-nb(5)): DHCPv4 (RFC 2131) or DHCPv6
// (RFC 8415), by the family of its network. An option that chassis couldn't encode is reported and
// left out; the others are served.

import LogicalFlow
import OVSDBModel
import Schemas
import Wire

package enum DHCPServer: Hashable, Sendable {
    case v4(DHCPv4Server)
    case v6(DHCPv6Server)
}

package struct DHCPv4Server: Hashable, Sendable {
    package let network: IPv4Prefix
    package let address: IPv4Address
    package let mac: MACAddress
    /// By name; `server_id` and `lease_time` are among them, the netmask is not.
    package let options: [Action.Option]
}

package struct DHCPv6Server: Hashable, Sendable {
    package let network: IPv6Prefix
    /// The server's identifier is made of this (RFC 8415 §11.4).
    package let mac: MACAddress
    /// Gives no addresses.
    package let isStateless: Bool
    /// By name.
    package let options: [Action.Option]
}

extension DHCPServer {
    typealias Report = (_ column: String, _ reason: String) -> Void

    init?(_ row: NB.DHCPOptions, report: Report) {
        switch IPPrefix(parsing: row.cidr) {
        case .v4(let network)?:
            guard let server = DHCPv4Server(row, network, report) else { return nil }
            self = .v4(server)
        case .v6(let network)?:
            guard let server = DHCPv6Server(row, network, report) else { return nil }
            self = .v6(server)
        case nil:
            report("cidr", "no network: \"\(row.cidr)\"")
            return nil
        }
    }

    /// The options that can be encoded, by name.
    fileprivate static func options(
        _ texts: [String: String], _ table: OptionTable, _ report: Report
    ) -> [Action.Option] {
        texts.sorted { $0.key < $1.key }.compactMap { name, text in
            do {
                return try Action.Option(name, parsing: text, of: table)
            } catch {
                report("options:\(name)", "\(error)")
                return nil
            }
        }
    }
}

extension DHCPv4Server {
    fileprivate init?(
        _ row: NB.DHCPOptions, _ network: IPv4Prefix, _ report: DHCPServer.Report
    ) {
        var texts = row.options
        for name in ["server_id", "server_mac", "lease_time"] where texts[name] == nil {
            report("options", "\(name) is missing")
            return nil
        }
        let mac = texts.removeValue(forKey: "server_mac").flatMap { MACAddress(parsing: $0) }
        guard let mac, let address = texts["server_id"].flatMap({ IPv4Address(parsing: $0) })
        else {
            report("options", "server_mac or server_id is no address")
            return nil
        }
        texts["netmask"] = nil
        self.network = network
        self.mac = mac
        self.address = address
        options = DHCPServer.options(texts, .dhcpv4, report)
    }
}

extension DHCPv6Server {
    fileprivate init?(
        _ row: NB.DHCPOptions, _ network: IPv6Prefix, _ report: DHCPServer.Report
    ) {
        guard let mac = row.options["server_id"].flatMap({ MACAddress(parsing: $0) }) else {
            report("options", "server_id is no Ethernet address")
            return nil
        }
        var texts = row.options
        isStateless = texts.removeValue(forKey: "dhcpv6_stateless") == "true"
        self.network = network
        self.mac = mac
        options = DHCPServer.options(texts, .dhcpv6, report)
    }
}
