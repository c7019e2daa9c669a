import LogicalFlow
import OVSDBModel
import OVSDBSession
import Schemas
import Wire

// `group-table-list`: what ovn-controller makes OpenFlow groups of, the choices among backends, next
// hops and ports. This agent chooses in the translator and has no groups; the list says the same of the
// same flows, in the words of ovs-ofctl(8), a line for each distinct choice with a number that follows
// from its place in the list. Tables are logical ones, of the flow's own pipeline.

package struct GroupList {
    /// A choice, as it stands in the actions of a flow.
    private enum Choice {
        case backend(Action.LoadBalance)
        case member(FieldRange, Action.Selection)
        case port(Action.ForwardGroup)
    }

    /// Where a flow is.
    private struct Place {
        let isRouter: Bool
        /// The table that the packet goes on in.
        let next: Int
    }

    private let replica: Replica
    private let localPorts: Set<String>
    private let variables: [String: String]
    private var found: Set<String> = []

    /// - Parameters:
    ///   - datapaths: those whose flows count.
    ///   - localPorts: the logical ports here, for choices among backends of this chassis.
    ///   - variables: those of the chassis' templates.
    package init(
        _ replica: Replica, datapaths: Set<RowUUID>, localPorts: Set<String> = [],
        variables: [String: String] = [:]
    ) {
        self.replica = replica
        self.localPorts = localPorts
        self.variables = variables
        for flow in replica.rows(SB.LogicalFlow.self).map(\.row) where Self.mayChoose(flow) {
            take(flow, among: datapaths)
        }
    }

    /// `SPECIFICATION: NUMBER`
    package var text: String {
        found.sorted().enumerated().map { "\($0.element): \($0.offset + 1)" }
            .joined(separator: "\n")
    }

    private static func mayChoose(_ flow: SB.LogicalFlow) -> Bool {
        ["ct_lb", "select(", "fwd_group("].contains(where: flow.actions.contains)
    }

    private mutating func take(_ flow: SB.LogicalFlow, among datapaths: Set<RowUUID>) {
        let members =
            flow.logicalDatapath.map { [$0] }
            ?? flow.logicalDPGroup.flatMap { replica[SB.LogicalDPGroup.self, $0] }?.datapaths ?? []
        let place = members.first(where: datapaths.contains)
            .flatMap { replica[SB.DatapathBinding.self, $0] }
        guard let place, case .text(let actions) = Template.expand(flow.actions, variables),
            let list = try? ActionList(parsing: actions)
        else { return }
        let here = Place(isRouter: place.isRouter, next: flow.tableID + 1)
        for choice in Self.choices(list.actions) {
            if let text = text(choice, here) { found.insert(text) }
        }
    }

    private static func choices(_ actions: [Action]) -> [Choice] {
        actions.flatMap { action -> [Choice] in
            switch action {
            case .ctLoadBalance(let balance): [.backend(balance)]
            case .select(let result, let selection): [.member(result, selection)]
            case .forwardGroup(let group): [.port(group)]
            case .clone(let actions), .generate(_, let actions): choices(actions)
            default: []
            }
        }
    }

    // MARK: - Texts

    private func text(_ choice: Choice, _ place: Place) -> String? {
        switch choice {
        case .backend(let balance): text(balance, place)
        case .member(let result, let selection): Self.text(result, selection, place)
        case .port(let group): text(group)
        }
    }

    private static func head(_ hashFields: [String]) -> String {
        hashFields.isEmpty
            ? "type=select,selection_method=dp_hash"
            : "type=select,selection_method=hash,fields(\(hashFields.joined(separator: ",")))"
    }

    /// Nil without a backend to choose: then there is no choice.
    private func text(_ balance: Action.LoadBalance, _ place: Place) -> String? {
        let buckets = balance.backends.enumerated().compactMap { index, backend -> String? in
            if balance.kind == .markLocal, let port = backend.logicalPort,
                !localPorts.contains(port)
            {
                return nil
            }
            return ",bucket=bucket_id=\(index),weight:100,actions="
                + Self.commit(to: backend, balance, place)
        }
        return buckets.isEmpty ? nil : Self.head(balance.hashFields) + buckets.joined()
    }

    private static func commit(
        to backend: Action.Backend, _ balance: Action.LoadBalance, _ place: Place
    ) -> String {
        let field = balance.kind == .label ? "ct_label" : "ct_mark"
        var marks = ["2/2"]
        switch balance.snat {
        case .skip?: marks.append("4/4")
        case .force?: marks.append("8/8")
        case nil: break
        }
        let sets = marks.map { "set_field:\($0)->\(field)" }.joined(separator: ",")
        return "ct(nat(dst=\(backend.destination)),commit,table=\(place.next),"
            + "zone=NXM_NX_REG\(place.isRouter ? 11 : 13)[0..15],exec(\(sets)))"
    }

    private static func text(
        _ result: FieldRange, _ selection: Action.Selection, _ place: Place
    ) -> String {
        let bits = "\(result.low)..\(result.low + result.width - 1)"
        let buckets = selection.members.enumerated().map { index, member in
            ",bucket=bucket_id=\(index),weight:\(member.weight),actions="
                + "load:\(member.value)->\(result.symbol.name)[\(bits)],resubmit(,\(place.next))"
        }
        return head(selection.hashFields) + buckets.joined()
    }

    /// Nil if a port of the group is unknown: the packet goes nowhere then.
    private func text(_ group: Action.ForwardGroup) -> String? {
        var buckets = ""
        for name in group.ports {
            guard let port = replica.ports(called: name).first?.row, port.logicalPort == name else {
                return nil
            }
            let key = port.tunnelKey
            buckets += ",bucket=load=0x\(String(key, radix: 16))->NXM_NX_REG15[0..15],output"
        }
        return buckets.isEmpty ? nil : Self.head([]) + buckets
    }
}

extension Action.Backend {
    fileprivate var destination: String {
        guard let port else { return "\(address)" }
        return if case .v6 = address { "[\(address)]:\(port)" } else { "\(address):\(port)" }
    }
}
