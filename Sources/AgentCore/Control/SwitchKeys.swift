/// Keys of Open_vSwitch.other_config by which ovs-vswitchd is tuned (ovs-vswitchd.conf.db(5)) and that have no
/// effect here. Who has set one is told.
package enum SwitchKeys {
    private static let ineffective: [(reason: String, keys: [String], harmless: Set<String>)] = [
        ("no device is programmed with flows", ["hw-offload"], ["false"]),
        ("there is no datapath in userspace", ["dpdk-init", "userspace-tso-enable"], ["false"]),
        ("one thread serves the datapath", ["n-handler-threads", "n-revalidator-threads"], []),
        (
            "flows are looked at as often as their number allows",
            ["max-revalidator", "min-revalidate-pps"], []
        ),
    ]

    /// A text for each key that is set to more than what holds anyway.
    package static func problems(_ otherConfig: [String: String]) -> [String] {
        ineffective.flatMap { (reason, keys, harmless) in
            keys.compactMap { key in
                guard let value = otherConfig[key], !value.isEmpty, !harmless.contains(value)
                else { return nil }
                return "Open_vSwitch.other_config:\(key) \"\(value)\": without effect: \(reason)"
            }
        }
    }
}
