import Schemas

/// The Southbound tables that northd owns. `Reconciler` treats apart those whose sets are large or
/// whose rows others refer to by name: datapaths, ports, flows, groups and address sets.
enum OwnedTables {
    static func all() -> [any OwnedTable] {
        [
            OwnedRows { $0.haChassisGroups },
            OwnedRows { $0.loadBalancers },
            OwnedRows { $0.meters },
            OwnedRows { $0.aclNumbers },
            OwnedRows { $0.dhcpOptions },
            OwnedRows { $0.dhcpv6Options },
            OwnedRows { $0.dns },
            OwnedRows { $0.mirrors },
            OwnedRows { $0.templateVariables },
            OwnedRows { $0.staticNeighbours },
            OwnedRows { $0.bfd },
            OwnedRows { $0.snooping },
            OwnedRows { $0.permissions },
            OwnedRows { $0.roles },
            OwnedRows { $0.serviceMonitors },
            OwnedRows { $0.ecmpNextHops },
        ]
    }
}
