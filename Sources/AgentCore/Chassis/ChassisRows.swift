// The rows by which this chassis shows itself in the Southbound database: Chassis, its Encaps and
// Chassis_Private. They are derived from the configuration and compared with what the database
// holds; only differences are written, so a restart writes nothing.
//
// A feature key is announced only when the translator evaluates the action behind it: northd
// degrades the flows of the whole deployment for one chassis without a key, and a chassis that
// announces what it can't do drops packets.

import Wire

/// What Chassis.other_config says this agent can do, and the logical action behind each key.
package enum ChassisFeature: String, CaseIterable, Sendable {
    case macBindingTimestamp = "mac-binding-timestamp"
    case fdbTimestamp = "fdb-timestamp"
    case switchGroupColumn = "ls-dpg-column"
    case portUpNotification = "port-up-notif"
    case conntrackCommitNAT2 = "ct-commit-nat-v2"
    case conntrackCommitToZone = "ct-commit-to-zone"
    case conntrackNextZone = "ct-next-zone"
    case conntrackLabelFlush = "ct-label-flush"
    case conntrackStateSave = "ct-state-save"
    case conntrackNoMaskedLabel = "ct-no-masked-label"
    case loadBalancerRelated = "ovn-ct-lb-related"
    case sampleWithRegisters = "ovn-sample-with-registers"

    /// The action whose evaluation the key promises, as the action table names it; nil where the
    /// promise concerns rows that this agent writes itself.
    package var action: String? {
        switch self {
        case .macBindingTimestamp, .fdbTimestamp, .portUpNotification: nil
        // The column is Load_Balancer's, whose rows only this check reads.
        case .switchGroupColumn: "chk_lb_hairpin"
        case .conntrackCommitNAT2, .loadBalancerRelated: "ct_commit_nat"
        case .conntrackCommitToZone: "ct_commit_to_zone"
        case .conntrackNextZone, .conntrackLabelFlush: "ct_next"
        case .conntrackStateSave: "ct_state_save"
        case .conntrackNoMaskedLabel: "ct_lb_mark"
        case .sampleWithRegisters: "sample"
        }
    }
}

extension ChassisFeature {
    /// The logical actions behind features that the translator evaluates; ChassisFeatureTests
    /// translates a flow of each.
    package static let evaluatedActions: Set<String> = [
        "chk_lb_hairpin", "ct_commit_nat", "ct_commit_to_zone", "ct_lb_mark", "ct_next",
        "ct_state_save", "sample",
    ]

    /// The keys that this agent announces.
    package static var announced: [ChassisFeature] {
        allCases.filter { feature in feature.action.map(evaluatedActions.contains) ?? true }
    }
}

/// The chassis' own rows as they ought to be.
package struct ChassisRows: Hashable, Sendable {
    package struct EncapRow: Hashable, Sendable {
        package let type: String
        package let address: String
        package let options: [String: String]
    }

    package let name: String
    package let hostname: String
    package let otherConfig: [String: String]
    package let transportZones: [String]
    package let encaps: [EncapRow]

    /// - Parameters:
    ///   - features: the keys whose actions are evaluated.
    ///   - taken: pairs (type, address) that another chassis' Encap already owns.
    /// - Returns: nil without a name or without any encapsulation that is free.
    package init?(
        configuration: ChassisConfiguration, datapathType: String, interfaceTypes: [String],
        features: [ChassisFeature], taken: Set<String> = []
    ) {
        guard let name = configuration.name else { return nil }
        let free = configuration.encapsulations.filter {
            !taken.contains(Self.key($0.type.rawValue, $0.address.description))
        }
        guard !free.isEmpty else { return nil }
        self.name = name
        hostname = configuration.hostname
        transportZones = configuration.transportZones.sorted()
        encaps = free.map {
            var options = ["csum": configuration.encapsulationChecksum ? "true" : "false"]
            if $0.isDefault { options["is_default"] = "true" }
            return EncapRow(
                type: $0.type.rawValue, address: $0.address.description, options: options)
        }
        var other = configuration.mirroredKeys
        other["is-interconn"] = configuration.isInterconnection ? "true" : "false"
        other["datapath-type"] = datapathType
        other["iface-types"] = interfaceTypes.sorted().joined(separator: ",")
        for feature in features { other[feature.rawValue] = "true" }
        otherConfig = other
    }

    /// The identity of an Encap row: the Southbound database keeps (type, ip) unique.
    package static func key(_ type: String, _ address: String) -> String { "\(type) \(address)" }
}
