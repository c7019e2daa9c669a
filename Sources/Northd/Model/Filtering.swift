// What ACLs and load balancers make of a switch, and where an ACL applies.
//
// Property: an ACL of a port group costs what it costs per group, not per port. Its flows are on a
// datapath group of the port group; a switch is in it with its first port in the port group. Rules
// read the same packet differently on switches with and without conntrack and tiers, so there is
// one datapath group per surroundings (`ACLSurroundings`), and a switch that changes them changes
// groups, not flows. Facts about ACLs are counted, so the hundredth drop rule changes nobody's
// surroundings.

import Incremental
import OVSDBModel
import Schemas

/// How much of a switch's traffic is tracked.
package enum Tracking: String, Hashable, Sendable {
    case none
    /// Load balancers track, no ACL does.
    case balanced
    /// Some ACL is allow-related.
    case filtered

    package var isStateful: Bool { self != .none }
}

/// The highest tier of each ACL stage.
package struct ACLTiers: Hashable, Sendable {
    private var highest: [Int8] = [0, 0, 0]

    package init() {}

    package subscript(stage: ACLStage) -> Int {
        get { Int(highest[stage.rawValue]) }
        set { highest[stage.rawValue] = Int8(clamping: newValue) }
    }

    package var name: String { highest.map { String($0) }.joined(separator: ".") }
}

/// What ACLs and load balancers a switch has, in general.
package struct SwitchProfile: Hashable, Sendable {
    package var hasACLs = false
    package var tracking = Tracking.none
    package var hasLoadBalancer = false
    package var tiers = ACLTiers()
    /// other_config:enable-stateless-acl-with-lb.
    package var balancesStateless = false
    /// Some ACL has a helper.
    package var hasHelper = false

    package var hasStatefulACL: Bool { tracking == .filtered }

    package func surroundings(of stage: ACLStage) -> ACLSurroundings {
        ACLSurroundings(stage: stage, tracking: tracking, isTiered: tiers[stage] > 0)
    }
}

/// What the flows of an ACL depend on besides the ACL.
package struct ACLSurroundings: Hashable, Sendable {
    package let stage: ACLStage
    package let tracking: Tracking
    package let isTiered: Bool

    package init(stage: ACLStage, tracking: Tracking, isTiered: Bool) {
        self.stage = stage
        self.tracking = tracking
        self.isTiered = isTiered
    }

    package var name: String { "\(stage)/\(tracking.rawValue)\(isTiered ? "/tiered" : "")" }
}

/// A switch with a port in a port group.
package struct PortGroupPlace: Hashable, Comparable, Sendable {
    package let group: RowUUID
    package let datapath: RowUUID

    package static func < (left: PortGroupPlace, right: PortGroupPlace) -> Bool {
        left.group != right.group ? left.group < right.group : left.datapath < right.datapath
    }
}

package struct Filtering: Sendable {
    package let acls: Function<RowUUID, ACL?>
    package let places: Function<PortGroupPlace, Nothing>
    package let profiles: Function<RowUUID, SwitchProfile?>
    let metersByName: Index<String, RowUUID>
    let placesOfGroup: Index<RowUUID, PortGroupPlace>
    /// The surroundings that a port group's ACLs meet, by port group.
    let surroundingsOfGroup: Index<RowUUID, GroupSurroundings>

    init(
        _ engine: Engine, _ inputs: Inputs, _ outputs: Outputs, _ model: Model,
        _ balancing: LoadBalancing
    ) {
        metersByName = engine.index("meters by name", of: inputs.meters) { _, row in [row.name] }
        let acls = Filtering.acls(engine, inputs, outputs.problems)
        let facts = Filtering.facts(engine, inputs, acls)
        let factsOfOwner = engine.index("ACL facts by owner", of: facts) { fact, _ in
            [fact.owner]
        }
        places = Filtering.places(engine, inputs, model)
        placesOfGroup = engine.index("switches by port group", of: places) { place, _ in
            [place.group]
        }
        let groupsOfSwitch = engine.index("port groups by switch", of: places) { place, _ in
            [place.datapath]
        }
        let profiles = engine.function("switch profile", over: inputs.datapaths) {
            key, row, context -> SwitchProfile? in
            guard let row = row.switch else { return nil }
            var profile = SwitchProfile()
            profile.hasLoadBalancer = context.read(balancing.balancedDatapaths, key) != nil
            profile.balancesStateless =
                row.otherConfig["enable-stateless-acl-with-lb"] == "true"
            var all = context.members(factsOfOwner, key)
            for place in context.members(groupsOfSwitch, key) {
                all += context.members(factsOfOwner, place.group)
            }
            profile.add(all.map(\.kind))
            return profile
        }
        let met: Incremental.Relation<GroupSurroundings> = engine.relation("group surroundings")
        engine.emitter("port group's switch", over: places) { place, _, context in
            guard let profile = context.read(profiles, place.datapath) ?? nil else { return }
            for stage in Filtering.stages(context.members(factsOfOwner, place.group)) {
                let surroundings = profile.surroundings(of: stage)
                context.emit(
                    met, GroupSurroundings(group: place.group, surroundings: surroundings))
                context.emit(
                    outputs.groupMembers,
                    GroupMember(
                        group: .portGroup(place.group, surroundings), datapath: place.datapath))
            }
        }
        surroundingsOfGroup = engine.index("surroundings by group", of: engine.collect(met)) {
            item, _ in [item.group]
        }
        self.acls = acls
        self.profiles = profiles
    }
}

/// A port group, and surroundings in which its ACLs are.
struct GroupSurroundings: Hashable, Comparable, Sendable {
    let group: RowUUID
    let surroundings: ACLSurroundings

    static func < (left: GroupSurroundings, right: GroupSurroundings) -> Bool {
        left.group != right.group
            ? left.group < right.group : left.surroundings.name < right.surroundings.name
    }
}

/// Something that is true of a switch's or port group's ACLs because some ACL makes it so.
struct ACLFact: Hashable, Comparable, Sendable {
    enum Kind: Hashable, Sendable {
        case stage(ACLStage)
        case stateful
        case tier(ACLStage, Int)
        case helper

        var rank: Int {
            switch self {
            case .stage(let stage): stage.rawValue
            case .stateful: 3
            case .tier(let stage, let tier): 4 + stage.rawValue * 4 + tier
            case .helper: 99
            }
        }
    }

    let owner: RowUUID
    let kind: Kind

    static func < (left: ACLFact, right: ACLFact) -> Bool {
        left.owner != right.owner ? left.owner < right.owner : left.kind.rank < right.kind.rank
    }
}

extension SwitchProfile {
    /// Completes the profile from facts about the switch's ACLs and those of its port groups.
    fileprivate mutating func add(_ facts: [ACLFact.Kind]) {
        tracking = hasLoadBalancer ? .balanced : .none
        for fact in facts {
            switch fact {
            case .stage: hasACLs = true
            case .stateful: tracking = .filtered
            case .tier(let stage, let tier): tiers[stage] = max(tiers[stage], tier)
            case .helper: hasHelper = true
            }
        }
    }
}

extension Filtering {
    private static func acls(
        _ engine: Engine, _ inputs: Inputs, _ problems: Output<Problem>
    ) -> Function<RowUUID, ACL?> {
        engine.function("ACL parsed", over: inputs.acls) { key, row, context in
            ACL(row) { column, reason in
                context.emit(problems, Problem("ACL", key, column, reason))
            }
        }
    }

    private static func facts(
        _ engine: Engine, _ inputs: Inputs, _ acls: Function<RowUUID, ACL?>
    ) -> Function<ACLFact, Nothing> {
        let relation: Incremental.Relation<ACLFact> = engine.relation("ACL fact")
        engine.emitter("ACL facts", over: acls) { key, acl, context in
            guard let acl else { return }
            let switches = context.read(inputs.switchesOfACL, key)?.all ?? []
            let groups = context.read(inputs.portGroupsOfACL, key)?.all ?? []
            for owner in switches + groups {
                context.emit(relation, ACLFact(owner: owner, kind: .stage(acl.stage)))
                if acl.verdict == .allowRelated {
                    context.emit(relation, ACLFact(owner: owner, kind: .stateful))
                }
                if acl.helper != nil {
                    context.emit(relation, ACLFact(owner: owner, kind: .helper))
                }
                if acl.tier > 0 {
                    context.emit(
                        relation, ACLFact(owner: owner, kind: .tier(acl.stage, acl.tier)))
                }
            }
        }
        return engine.collect(relation)
    }

    private static func places(
        _ engine: Engine, _ inputs: Inputs, _ model: Model
    ) -> Function<PortGroupPlace, Nothing> {
        let relation: Incremental.Relation<PortGroupPlace> = engine.relation("port group place")
        engine.emitter("port group places", over: inputs.groupsOfPort) { key, groups, context in
            guard let port = context.read(model.switchPorts, key) ?? nil else { return }
            for group in groups.all {
                context.emit(relation, PortGroupPlace(group: group, datapath: port.datapath))
            }
        }
        return engine.collect(relation)
    }

    private static func stages(_ facts: [ACLFact]) -> [ACLStage] {
        facts.compactMap { if case .stage(let stage) = $0.kind { stage } else { nil } }
    }

    /// Where an ACL is, and in what surroundings.
    func scopes(
        of key: RowUUID, _ stage: ACLStage, _ inputs: Inputs, _ context: Context
    ) -> [(FlowScope, ACLSurroundings)] {
        let switches = (context.read(inputs.switchesOfACL, key)?.all ?? []).compactMap {
            owner -> (FlowScope, ACLSurroundings)? in
            guard let profile = context.read(profiles, owner) ?? nil else { return nil }
            return (.datapath(owner), profile.surroundings(of: stage))
        }
        let groups = (context.read(inputs.portGroupsOfACL, key)?.all ?? []).flatMap { group in
            context.members(surroundingsOfGroup, group).map(\.surroundings)
                .filter { $0.stage == stage }
                .map { (FlowScope.group(.portGroup(group, $0)), $0) }
        }
        return switches + groups
    }
}
