import Incremental
import OVSDBModel
import Schemas

/// What a chassis can do that not every chassis could always: keys of Chassis.other_config. Flows
/// use it only when every chassis of the deployment can.
package enum ChassisFeature: String, CaseIterable, Hashable, Sendable {
    case commitNAT = "ct-commit-nat-v2"
    case commitToZone = "ct-commit-to-zone"
    case sampleWithRegisters = "ovn-sample-with-registers"
    case nextZone = "ct-next-zone"
    case flushLabel = "ct-label-flush"
    case saveState = "ct-state-save"

    /// What `debug/chassis-features-list` calls it.
    var listName: String {
        switch self {
        case .commitNAT: "ct_commit_nat_v2"
        case .commitToZone: "ct_commit_to_zone"
        case .sampleWithRegisters: "sample_with_reg"
        case .nextZone: "ct_next_zone"
        case .flushLabel: "ct_label_flush"
        case .saveState: "ct_state_save"
        }
    }

    static func all(in config: [String: String]) -> Set<ChassisFeature> {
        Set(allCases.filter { config[$0.rawValue] == "true" })
    }
}

/// NB_Global.options, as far as several features depend on them.
package struct Settings: Hashable, Sendable {
    /// Destination and source translation of a router share a conntrack zone.
    package let sharesZone: Bool
    package let ignoresChassisFeatures: Bool
    /// Connections to services without backends are announced.
    package let announcesEmpty: Bool

    package init(_ options: [String: String] = [:]) {
        sharesZone = options["use_common_zone"] == "true"
        announcesEmpty = options["controller_event"] == "true"
        ignoresChassisFeatures = options["ignore_chassis_features"] == "true"
    }
}

/// What holds for the whole deployment.
package struct Deployment: Sendable {
    private let globals: Index<Int, RowUUID>
    private let settings: Function<RowUUID, Settings>
    private let names: Function<RowUUID, String>
    /// Chassis that lack a feature.
    private let lacking: Index<ChassisFeature, RowUUID>

    init(_ engine: Engine, _ inputs: Inputs) {
        globals = engine.index("global row", of: inputs.global) { _, _ in [0] }
        settings = engine.function("settings", over: inputs.global) { _, row, _ in
            Settings(row.options)
        }
        names = engine.function("zone", over: inputs.global) { _, row, _ in row.name }
        lacking = engine.index("chassis without a feature", of: inputs.chassis) { _, chassis in
            if chassis.isRemote { return [] }
            return ChassisFeature.allCases.filter { !chassis.features.contains($0) }
        }
    }

    /// The availability zone's name.
    package func name(_ context: Context) -> String {
        context.first(globals, 0).flatMap { context.read(names, $0) } ?? ""
    }

    package func settings(_ context: Context) -> Settings {
        context.first(globals, 0).flatMap { context.read(settings, $0) } ?? Settings()
    }

    /// Every chassis has these features. Chassis that come and go are noticed only when the first
    /// or the last one without a feature does.
    package func has(_ features: ChassisFeature..., in context: Context) -> Bool {
        if settings(context).ignoresChassisFeatures { return true }
        return features.allSatisfy { context.first(lacking, $0) == nil }
    }
}
