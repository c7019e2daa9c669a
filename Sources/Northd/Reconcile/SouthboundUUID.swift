import OVSDBModel

/// The UUIDs that northd gives to the rows it inserts: digests of what names the row.
enum SouthboundUUID {
    static let global = digest("SB_Global") { _ in }

    static func datapath(_ northbound: RowUUID) -> RowUUID {
        digest("Datapath_Binding") { $0.add(northbound) }
    }

    /// A port that moves to another datapath becomes another row.
    static func port(_ name: String, on datapath: RowUUID) -> RowUUID {
        digest("Port_Binding") {
            $0.add(name)
            $0.add(datapath)
        }
    }

    static func group(_ group: DatapathGroup) -> RowUUID {
        digest("Logical_DP_Group") { $0.add(group.name) }
    }

    static func multicastGroup(_ key: MulticastKey) -> RowUUID {
        digest("Multicast_Group") {
            $0.add(key.group.name)
            $0.add(key.datapath)
        }
    }

    static func owned(_ table: String, _ name: RowName) -> RowUUID {
        digest(table) { for part in name.parts { $0.add(part) } }
    }

    static func named(_ table: String, _ name: String) -> RowUUID { digest(table) { $0.add(name) } }

    /// Whether a northd of this kind may have given the UUID (version 8, RFC 9562 §5.8).
    static func isDigest(_ uuid: RowUUID) -> Bool { uuid.high & 0xf000 == 0x8000 }

    private static func digest(
        _ table: String, _ body: (inout ContentDigest) -> Void
    ) -> RowUUID {
        var digest = ContentDigest()
        digest.add(table)
        body(&digest)
        return digest.uuid
    }
}

/// Names a multicast group of a datapath.
package struct MulticastKey: Hashable, Sendable {
    package let datapath: RowUUID
    package let group: MulticastGroup
}
