import Schemas

/// The Southbound tables that northd owns. `Reconciler` treats apart those whose sets are large or
/// whose rows others refer to by name: datapaths, ports, flows, groups and address sets.
enum OwnedTables {
    static func all() -> [any OwnedTable] {
        [
            OwnedRows { $0.haChassisGroups },
            OwnedRows { $0.loadBalancers },
            OwnedRows { $0.meters },
            OwnedRows { $0.dhcpOptions },
            OwnedRows { $0.dhcpv6Options },
        ]
    }
}
