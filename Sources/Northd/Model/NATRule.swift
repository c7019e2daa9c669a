import LogicalFlow
import OVSDBModel
import Schemas
import Wire

/// A row of NAT, parsed once (ovn-nb(5), NAT); which gateway port it belongs to is derived later.
package struct NATRule: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable {
        case snat, dnat
        case both = "dnat_and_snat"

        package var translatesSource: Bool { self != .dnat }
        package var translatesDestination: Bool { self != .snat }
    }

    package let router: RowUUID
    package let kind: Kind
    package let external: IPAddress
    /// A network only where sources are translated.
    package let logical: IPPrefix
    /// Where the translation may be done on the chassis of the port behind it.
    package let station: Station?
    package let isStateless: Bool
    /// Rewrites the packet within ICMP errors too.
    package let fixesErrors: Bool
    package let ports: ClosedRange<UInt16>?
    package let match: Match?
    package let priority: Int
    package let addsRoute: Bool
    /// gateway_port is set.
    package let namesGateway: Bool
    /// Names of address sets.
    package var allowed: String?
    package var exempted: String?

    /// external_mac and logical_port.
    package struct Station: Hashable, Sendable {
        package let mac: MACAddress
        package let port: String
    }

    package var isIPv4: Bool { external.v4 != nil }
    package var family: Symbol { isIPv4 ? .ip4 : .ip6 }
    package var source: Symbol { isIPv4 ? .ip4Src : .ip6Src }
    package var destination: Symbol { isIPv4 ? .ip4Dst : .ip6Dst }

    /// Fails, after a report, on a rule that can't be applied.
    package init?(
        _ row: NB.NAT, of router: RowUUID, report: (_ column: String, _ reason: String) -> Void
    ) {
        guard let kind = Kind(rawValue: row.type) else {
            report("type", "unknown type \"\(row.type)\"")
            return nil
        }
        guard let external = IPAddress(parsing: row.externalIP) else {
            report("external_ip", "no address: \"\(row.externalIP)\"")
            return nil
        }
        guard let logical = IPPrefix(parsing: row.logicalIP),
            kind == .snat || logical.isHost
        else {
            report(
                "logical_ip", "no \(kind == .snat ? "network" : "address"): \"\(row.logicalIP)\"")
            return nil
        }
        guard (external.v4 == nil) == (logical.address.v4 == nil) else {
            report("logical_ip", "external and logical address are of different families")
            return nil
        }
        guard row.allowedExtIPs == nil || row.exemptedExtIPs == nil else {
            report("exempted_ext_ips", "allowed_ext_ips and exempted_ext_ips exclude each other")
            return nil
        }
        do throws(NATError) {
            station = try NATRule.station(row)
            ports = try NATRule.ports(row.externalPortRange)
            match = try NATRule.match(row.match)
        } catch {
            report(error.column, error.reason)
            return nil
        }
        self.router = router
        self.kind = kind
        self.external = external
        self.logical = logical.network
        isStateless = kind == .both && row.options["stateless"] == "true"
        fixesErrors = row.options["stateless_icmp_helper"] != "false"
        priority = row.priority.clamped(to: SchemaRange.priority)
        namesGateway = row.gatewayPort != nil
        addsRoute = row.options["add_route"] == "true" && kind != .snat
    }
}

private struct NATError: Error {
    let column: String
    let reason: String
}

extension NATRule {
    private static func station(_ row: NB.NAT) throws(NATError) -> Station? {
        guard let text = row.externalMAC, let port = row.logicalPort else { return nil }
        guard let mac = MACAddress(parsing: text) else {
            throw NATError(column: "external_mac", reason: "no Ethernet address: \"\(text)\"")
        }
        return Station(mac: mac, port: port)
    }

    /// `PORT` or `FIRST-LAST`.
    private static func ports(_ text: String) throws(NATError) -> ClosedRange<UInt16>? {
        if text.isEmpty { return nil }
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { UInt16($0) }
        guard let first = ends.first ?? nil, first > 0, let last = ends.last ?? nil,
            ends.count <= 2, first <= last
        else { throw NATError(column: "external_port_range", reason: "no range: \"\(text)\"") }
        return first...last
    }

    private static func match(_ text: String) throws(NATError) -> Match? {
        if text.isEmpty { return nil }
        do throws(LanguageError) {
            return try Match(parsing: text)
        } catch {
            throw NATError(column: "match", reason: error.description)
        }
    }
}

extension IPPrefix {
    /// A prefix of full length.
    package var isHost: Bool { length == (address.v4 == nil ? 128 : 32) }
}
