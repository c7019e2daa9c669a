import OVSDBModel
import OVSDBSession
import Schemas

// The names by which a trace is asked for datapaths and ports: their own, the friendlier one of the
// management system, or the first digits of a UUID.

extension Replica {
    /// Digits of a UUID from which on it counts as a name.
    private static let leastDigits = 4

    /// Datapaths of that name; without one, those whose UUID, here or in the Northbound database,
    /// begins so.
    package func datapaths(called name: String) -> [Identified<SB.DatapathBinding>] {
        let all = rows(SB.DatapathBinding.self)
        let named = all.filter {
            $0.row.externalIDs["name"] == name || $0.row.externalIDs["name2"] == name
        }
        if !named.isEmpty { return named }
        guard name.utf8.count >= Self.leastDigits else { return [] }
        return all.filter {
            "\($0.uuid)".hasPrefix(name) || $0.row.northboundID?.hasPrefix(name) == true
        }
    }

    /// The port of that name; without one, those with that friendly name, or that UUID.
    package func ports(called name: String) -> [Identified<SB.PortBinding>] {
        let all = rows(SB.PortBinding.self)
        if let exact = all.first(where: { $0.row.logicalPort == name }) { return [exact] }
        return all.filter {
            $0.row.externalIDs["name"] == name
                || name.utf8.count >= Self.leastDigits
                    && ("\($0.uuid)".hasPrefix(name)
                        || RowUUID(parsing: $0.row.logicalPort) != nil
                            && $0.row.logicalPort.hasPrefix(name))
        }
    }

    /// The addresses of a set by its name.
    package func addressSet(_ name: String) -> [String]? {
        rows(SB.AddressSet.self).first { $0.row.name == name }?.row.addresses
    }

    /// The ports of a group, by its name in the Southbound database or, if the datapath is known,
    /// without the datapath's key before it.
    package func portGroup(_ name: String, datapath key: UInt32? = nil) -> [String]? {
        let all = rows(SB.PortGroup.self).map(\.row)
        let own = key.flatMap { key in all.first { $0.name == "\(key)_\(name)" } }
        return (own ?? all.first { $0.name == name })?.ports
    }
}

extension SB.DatapathBinding {
    /// The UUID of the logical switch or router.
    package var northboundID: String? {
        nbUUID.map(\.description) ?? externalIDs["logical-switch"] ?? externalIDs["logical-router"]
    }
}
