import Testing

@testable import Agent
@testable import Netlink

/// What the local database says of the datapath.
@Suite struct CapabilityTests {
    private static func capabilities(_ supported: Set<KernelFeatures.Feature>) -> [String: String] {
        KernelFeatures(
            release: "model", supported: supported, meterLimits: MeterLimits(meters: 1)
        ).capabilities
    }

    /// ovs-vswitchd.conf.db(5) and ovs-vsctl's list-dp-cap know these.
    @Test func everyNameIsThere() {
        let names: Set = [
            "max_vlan_headers", "recirc", "ct_state", "ct_zone", "ct_mark", "ct_label",
            "ct_state_nat", "ct_orig_tuple", "ct_orig_tuple6", "nd_ext", "masked_set_action",
            "tnl_push_pop", "ufid", "trunc", "clone", "sample_nesting", "ct_eventmask", "ct_clear",
            "max_hash_alg", "check_pkt_len", "ct_timeout", "explicit_drop_action",
            "lb_output_action", "ct_zero_snat", "add_mpls", "psample", "ct_flush",
        ]
        let none = Self.capabilities([])
        let all = Self.capabilities(Set(KernelFeatures.Feature.allCases))
        #expect(Set(none.keys) == names)
        #expect(Set(all.keys) == names)
        let numbers: Set = ["max_vlan_headers", "max_hash_alg"]
        for (name, value) in all where !numbers.contains(name) {
            #expect(["true", "false"].contains(value), "\(name)")
        }
    }

    @Test(arguments: [
        ("ct_state", KernelFeatures.Feature.connectionTracking), ("ct_mark", .connectionMark),
        ("ct_label", .connectionLabel), ("ct_state_nat", .addressTranslation),
        ("ct_orig_tuple", .originalTuple), ("ct_orig_tuple6", .originalTupleIPv6),
        ("trunc", .truncate), ("check_pkt_len", .checkLength), ("psample", .localSample),
        ("add_mpls", .addMPLS), ("explicit_drop_action", .explicitDrop),
    ])
    func aProbeDecides(name: String, feature: KernelFeatures.Feature) {
        #expect(Self.capabilities([feature])[name] == "true")
        let others = Set(KernelFeatures.Feature.allCases).subtracting([feature])
        #expect(Self.capabilities(others)[name] == "false")
    }

    @Test func numbersFollowTheProbes() {
        let none = Self.capabilities([])
        #expect(none["max_vlan_headers"] == "1")
        #expect(none["max_hash_alg"] == "0")
        let both = Self.capabilities([.twoTags, .symmetricHash])
        #expect(both["max_vlan_headers"] == "2")
        #expect(both["max_hash_alg"] == "1")
        #expect(none["ufid"] == "true")
        #expect(none["tnl_push_pop"] == "false")
    }
}
