import Pipeline

// What the language calls the functions behind instructions, for reports on what isn't evaluated.

extension Instruction.Check {
    var keyword: String {
        switch self {
        case .inPortSecurity: "check_in_port_sec"
        case .outPortSecurity: "check_out_port_sec"
        case .loadBalancerHairpin: "chk_lb_hairpin"
        case .loadBalancerHairpinReply: "chk_lb_hairpin_reply"
        case .ecmpNextHopMAC: "chk_ecmp_nh_mac"
        case .ecmpNextHop: "chk_ecmp_nh"
        case .loadBalancerAffinity: "chk_lb_aff"
        }
    }
}

extension Instruction.ConnectionField {
    var keyword: String {
        switch self {
        case .destination4: "ct_nw_dst"
        case .destination6: "ct_ip6_dst"
        case .destinationPort: "ct_tp_dst"
        case .protocol: "ct_proto"
        case .state: "ct_state_save"
        }
    }
}
