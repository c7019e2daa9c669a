import LogicalFlow

// The Northbound row that a logical flow comes from. The flow itself has only the first digits of the
// row's UUID (external_ids:stage-hint); in which table to look for them follows from the stage. So an
// operator can go on with `ovn-nbctl list TABLE DIGITS`.

package struct NorthboundOrigin: Hashable, Sendable {
    /// Where the row may be; more than one if flows of the stage come from several tables.
    package let tables: [String]
    /// The first eight digits of the row's UUID.
    package let hint: String
    /// What the row is called, if the flow says it.
    package let name: String?

    /// Nil for a flow without a hint.
    package init?(_ flow: FlowDescription) {
        let tables = flow.stageName.flatMap { Self.tables[$0] } ?? []
        self.init(flow, Self.narrowed(tables, by: flow.actions))
    }

    /// Of a flow that has refused a packet: only those of its stage's first table do so.
    init?(refusal flow: FlowDescription) {
        let tables = flow.stageName.flatMap { Self.tables[$0] } ?? []
        self.init(flow, Array(tables.prefix(1)))
    }

    private init?(_ flow: FlowDescription, _ tables: [String]) {
        guard let hint = flow.hint else { return nil }
        self.hint = hint
        self.tables = tables
        name = flow.loggedName
    }

    /// `ACL 1a2b3c4d "name" on "datapath"`
    package func text(on datapath: String) -> String {
        let table = tables.isEmpty ? "Northbound row" : Self.alternatives(tables)
        return "\(table) \(hint)" + (name.map { " \"\($0)\"" } ?? "")
            + " on \"\(datapath)\""
    }

    /// What only flows of one table do leaves no choice.
    private static func narrowed(_ tables: [String], by actions: String) -> [String] {
        let proofs = [("fwd_group(", "Forwarding_Group"), ("ct_lb", balancer)]
        let proof = proofs.first { tables.contains($0.1) && actions.contains($0.0) }
        return proof.map { [$0.1] } ?? tables
    }

    private static func alternatives(_ tables: [String]) -> String {
        guard let last = tables.last, tables.count > 1 else { return tables.joined() }
        return tables.dropLast().joined(separator: ", ") + " or " + last
    }
}

extension FlowDescription {
    /// The name under which the flow logs: an ACL's.
    fileprivate var loggedName: String? {
        guard actions.contains("log("), let list = try? ActionList(parsing: actions) else {
            return nil
        }
        return list.actions.lazy.compactMap { action in
            if case .log(let entry) = action { entry.name } else { nil }
        }.first
    }

    /// Whether the flow does with packets what one of this other stage has found of them.
    func carriesOut(_ other: FlowDescription) -> Bool {
        guard let stageName, let decider = other.stageName else { return false }
        return NorthboundOrigin.deciders[stageName]?.contains(decider) == true
    }
}

extension NorthboundOrigin {
    /// The tables that flows of a stage come from, ovn-northd's and ours; empty for stages whose flows
    /// belong to a whole datapath.
    package static let tables: [String: [String]] = Dictionary(
        uniqueKeysWithValues: (switchIngress + switchEgress + routerIngress + routerEgress).map {
            ($0.stage, $0.tables)
        })

    /// Stages in which a verdict is carried out, and those that find it.
    static let deciders: [String: [String]] = [
        "ls_in_apply_port_sec": ["ls_in_check_port_sec"],
        "ls_in_acl_action": ["ls_in_acl_eval", "ls_in_acl_sample"],
        "ls_in_acl_after_lb_action": ["ls_in_acl_after_lb_eval", "ls_in_acl_after_lb_sample"],
        "ls_out_acl_action": ["ls_out_acl_eval", "ls_out_acl_sample"],
        "ls_out_apply_port_sec": ["ls_out_check_port_sec"],
    ]

    private typealias Row = (stage: String, tables: [String])

    private static let acl = "ACL"
    private static let balancer = "Load_Balancer"
    private static let nat = "NAT"
    private static let switchPort = "Logical_Switch_Port"
    private static let routerPort = "Logical_Router_Port"
    private static let route = "Logical_Router_Static_Route"
    private static let policy = "Logical_Router_Policy"
    private static let dhcp = "DHCP_Options"

    private static let switchIngress: [Row] = [
        ("ls_in_check_port_sec", [switchPort]), ("ls_in_apply_port_sec", [switchPort]),
        ("ls_in_mirror", [switchPort]), ("ls_in_lookup_fdb", [switchPort]),
        ("ls_in_put_fdb", [switchPort]), ("ls_in_pre_acl", [acl, switchPort]),
        ("ls_in_pre_lb", [balancer, switchPort]), ("ls_in_pre_stateful", [balancer]),
        ("ls_in_acl_hint", []), ("ls_in_acl_eval", [acl]), ("ls_in_acl_sample", [acl]),
        ("ls_in_acl_action", []), ("ls_in_qos", ["QoS"]), ("ls_in_ct_extract", []),
        ("ls_in_lb_aff_check", [balancer]), ("ls_in_lb", [balancer]),
        ("ls_in_lb_aff_learn", [balancer]), ("ls_in_pre_hairpin", ["Logical_Switch"]),
        ("ls_in_nat_hairpin", ["Logical_Switch"]), ("ls_in_hairpin", [switchPort]),
        ("ls_in_acl_after_lb_eval", [acl]), ("ls_in_acl_after_lb_sample", [acl]),
        ("ls_in_acl_after_lb_action", []), ("ls_in_pre_network_function", []),
        ("ls_in_stateful", []), ("ls_in_network_function", []),
        ("ls_in_arp_nd_pre_lookup", []),
        ("ls_in_arp_rsp", [switchPort, "Forwarding_Group", balancer]),
        ("ls_in_dhcp_options", [dhcp, switchPort]), ("ls_in_dhcp_response", [dhcp, switchPort]),
        ("ls_in_dns_lookup", ["Logical_Switch"]), ("ls_in_dns_response", ["Logical_Switch"]),
        ("ls_in_external_port", [switchPort]),
        ("ls_in_l2_lkup", [switchPort, "Forwarding_Group", nat, routerPort, "Logical_Switch"]),
        ("ls_in_l2_unknown", [switchPort]),
    ]

    private static let switchEgress: [Row] = [
        ("ls_out_lookup_fdb", [switchPort]), ("ls_out_put_fdb", [switchPort]),
        ("ls_out_pre_acl", [acl, switchPort]), ("ls_out_pre_lb", [switchPort]),
        ("ls_out_pre_stateful", []), ("ls_out_acl_hint", []),
        ("ls_out_acl_eval", [acl, dhcp, switchPort]), ("ls_out_acl_sample", [acl]),
        ("ls_out_acl_action", []), ("ls_out_mirror", [switchPort]), ("ls_out_qos", ["QoS"]),
        ("ls_out_pre_network_function", []), ("ls_out_stateful", []),
        ("ls_out_network_function", []), ("ls_out_check_port_sec", [switchPort]),
        ("ls_out_apply_port_sec", [switchPort]),
    ]

    private static let routerIngress: [Row] = [
        ("lr_in_admission", [routerPort, nat]), ("lr_in_lookup_neighbor", [routerPort]),
        ("lr_in_learn_neighbor", []), ("lr_in_ip_input", [routerPort, nat, balancer]),
        ("lr_in_dhcp_relay_req", [routerPort]),
        ("lr_in_unsnat", [nat, balancer, "Logical_Router"]), ("lr_in_post_unsnat", []),
        ("lr_in_defrag", [balancer, route]), ("lr_in_ct_extract", []),
        ("lr_in_lb_aff_check", [balancer]), ("lr_in_dnat", [balancer, nat]),
        ("lr_in_lb_aff_learn", [balancer]), ("lr_in_ecmp_stateful", [route]),
        ("lr_in_nd_ra_options", [routerPort]), ("lr_in_nd_ra_response", [routerPort]),
        ("lr_in_ip_routing_pre", [routerPort]),
        ("lr_in_ip_routing", [route, routerPort, nat, balancer, "Logical_Router"]),
        ("lr_in_ip_routing_ecmp", [route]), ("lr_in_policy", [policy, route]),
        ("lr_in_policy_ecmp", [policy]), ("lr_in_dhcp_relay_resp_chk", [routerPort]),
        ("lr_in_dhcp_relay_resp", [routerPort]),
        ("lr_in_arp_resolve", [routerPort, switchPort, nat, balancer, route]),
        ("lr_in_chk_pkt_len", [routerPort, nat]), ("lr_in_larger_pkts", [routerPort]),
        ("lr_in_gw_redirect", [routerPort, nat, balancer]), ("lr_in_network_id", [routerPort]),
        ("lr_in_arp_request", [route]), ("lr_in_ecmp_stateful_egr", [route]),
    ]

    private static let routerEgress: [Row] = [
        ("lr_out_chk_dnat_local", [nat, "Logical_Router"]), ("lr_out_undnat", [nat, balancer]),
        ("lr_out_post_undnat", [routerPort]),
        ("lr_out_snat", [nat, balancer, routerPort, "Logical_Router"]),
        ("lr_out_post_snat", [routerPort]), ("lr_out_egr_loop", [nat, routerPort]),
        ("lr_out_delivery", [routerPort]),
    ]
}
