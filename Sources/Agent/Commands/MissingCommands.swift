import UnixControl

// Commands of ovs-vswitchd(8) whose subject this agent does not have. Each says why, and what to
// ask instead.

extension AgentCommands {
    func registerMissing(_ registry: ControlRegistry) {
        for (reason, names) in Self.missing {
            for name in names { registry.refuse(name, because: reason) }
        }
        registry.register(
            ControlCommand("bfd/show", usage: "[INTERFACE]", arguments: 0...1) {
                (words) throws(ControlError) in
                guard let interface = words.first else { return "" }
                throw ControlError("no BFD session runs on \(interface)")
            })
    }

    private static let missing: [(reason: String, names: [String])] = [
        (
            "there is no OpenFlow here: \"trace\" follows a packet, \"dpctl/dump-flows\" lists what the "
                + "kernel has, ovn-sbctl lflow-list what it comes from",
            ["bridge/dump-flows", "ofproto/detrace", "bridge/reconnect"]
        ),
        (
            "ports and flows follow the databases: add the port to a bridge (ovs-vsctl add-port); "
                + "dpctl/del-flows takes all flows away for once",
            [
                "dpctl/add-dp", "dpctl/del-dp", "dpctl/add-if", "dpctl/del-if", "dpctl/set-if",
                "dpctl/add-flow", "dpctl/mod-flow", "dpctl/del-flow",
            ]
        ),
        (
            "bonds are the kernel's here (ip link add type bond); the bridge gets the bond's device",
            [
                "bond/list", "bond/show", "bond/hash", "bond/migrate", "bond/set-active-member",
                "bond/enable-member", "bond/disable-member", "lacp/show", "lacp/show-stats",
            ]
        ),
        (
            "the agent's bridges speak no spanning tree protocol",
            ["stp/show", "stp/tcn", "rstp/show", "rstp/tcn"]
        ),
        ("connectivity fault management is not done", ["cfm/show", "cfm/set-fault"]),
        (
            "the agent's bridges don't speak to switches that assign VLANs (LLDP auto-attach)",
            ["autoattach/status", "autoattach/show-isid", "autoattach/statistics"]
        ),
        ("no BFD session is run here that could be overruled", ["bfd/set-forwarding"]),
        (
            "the agent has no peers in an EVPN",
            [
                "evpn/remote-vtep-list", "evpn/vtep-binding-list",
                "evpn/vtep-multicast-group-list", "evpn/vtep-fdb-list", "evpn/vtep-arp-list",
            ]
        ),
        (
            "the agent's devices are the kernel's, and its time is the host's",
            [
                "netdev-dummy/receive", "netdev-dummy/conn-state",
                "netdev-dummy/set-admin-state", "netdev-dummy/ip4addr", "netdev-dummy/ip6addr",
                "netdev-dpdk/set-admin-state", "netdev-dpdk/get-mempool-info",
                "debug/enable-timewarp", "time/warp", "time/stop",
            ]
        ),
        (
            "what the kernel remembers of the masks of packets is its own business; dpctl/show tells how "
                + "many masks a packet meets",
            ["dpctl/cache-get-size", "dpctl/cache-set-size"]
        ),
        (
            "connections that the kernel's trackers expect are listed by conntrack -L expect, "
                + "and forgotten by conntrack -F expect",
            ["dpctl/dump-conntrack-exp", "dpctl/flush-conntrack-exp"]
        ),
        (
            "tunnels are devices of the kernel, with its routes and neighbours (ip route, ip neigh)",
            [
                "tnl/neigh/show", "tnl/neigh/set", "tnl/neigh/flush", "tnl/neigh/aging",
                "tnl/arp/show", "tnl/arp/set", "tnl/arp/flush", "tnl/ports/show", "ovs/route/show",
                "ovs/route/add", "ovs/route/del", "ovs/route/lookup",
            ]
        ),
        (
            "the datapath is the kernel's, with no threads of this agent in it",
            [
                "dpif-netdev/pmd-stats-show", "dpif-netdev/pmd-stats-clear",
                "dpif-netdev/pmd-rxq-show", "dpif-netdev/pmd-rxq-rebalance",
                "dpif-netdev/subtable-lookup-info-get", "dpif/set-dp-features",
            ]
        ),
        (
            "one translator makes all flows, always with masks and identifiers",
            [
                "upcall/disable-megaflows", "upcall/enable-megaflows", "upcall/disable-ufid",
                "upcall/enable-ufid",
            ]
        ),
    ]
}
