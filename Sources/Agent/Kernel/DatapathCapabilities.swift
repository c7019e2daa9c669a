import Netlink

extension KernelDriver {
    /// What the kernel can do. It is asked once, by flows that are deleted again: only who serves the datapath
    /// may.
    func capabilities() throws(NetlinkError) -> [String: String] {
        if let probed { return probed }
        var channel = try FlowChannel.open(datapath, families)
        let found = try KernelFeatures.probe(control, &channel).capabilities
        probed = found
        return found
    }
}

extension KernelFeatures {
    /// Datapath.capabilities, as ovs-vswitchd.conf.db(5) names them. `max_mpls_depth` is not asked for:
    /// no flow here looks at labels.
    var capabilities: [String: String] {
        Self.fixed.merging(Self.asked.mapValues { text(has($0)) }) { _, new in new }.merging([
            "max_vlan_headers": has(.twoTags) ? "2" : "1",
            "max_hash_alg": has(.symmetricHash) ? "1" : "0",
        ]) { _, new in new }
    }

    private func text(_ has: Bool) -> String { has ? "true" : "false" }

    private static let asked: [String: Feature] = [
        "ct_state": .connectionTracking, "ct_zone": .connectionTracking,
        "ct_mark": .connectionMark, "ct_label": .connectionLabel,
        "ct_state_nat": .addressTranslation, "ct_orig_tuple": .originalTuple,
        "ct_orig_tuple6": .originalTupleIPv6, "ct_eventmask": .eventMask,
        "ct_clear": .clearTracking, "ct_flush": .connectionTracking,
        "ct_zero_snat": .addressTranslation, "trunc": .truncate, "clone": .clone,
        "sample_nesting": .sample, "check_pkt_len": .checkLength, "psample": .localSample,
        "add_mpls": .addMPLS, "explicit_drop_action": .explicitDrop,
    ]

    /// What every kernel has that this agent works with, and what none has. Timeouts of zones, which a
    /// kernel may have, nobody sets here.
    private static let fixed = [
        "recirc": "true", "masked_set_action": "true", "ufid": "true", "nd_ext": "false",
        "tnl_push_pop": "false", "lb_output_action": "false", "ct_timeout": "false",
    ]
}
