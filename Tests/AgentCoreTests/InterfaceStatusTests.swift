import AgentCore
import OVSDBModel
import OVSDBSession
import Schemas
import Testing
import Wire

/// A local database with an integration bridge, and what the kernel has of it.
private struct SwitchHost {
    var database = LocalDatabase(OVS.schema)
    var kernel = KernelPorts()
    var counters: [String: InterfaceCounters] = [:]
    var history = InterfaceHistory()
    let open: RowUUID
    private(set) var interfaces: [String: RowUUID] = [:]

    init(_ rows: [OVS.Interface], otherConfig: [String: String] = [:]) {
        var ports: [RowUUID] = []
        for row in [OVS.Interface(name: "br-int", type: "internal")] + rows {
            let uuid = database.insert(row)
            interfaces[row.name] = uuid
            ports.append(database.insert(OVS.Port(name: row.name, interfaces: [uuid])))
        }
        let bridge = database.insert(OVS.Bridge(name: "br-int", ports: ports))
        open = database.insert(
            OVS.OpenVSwitch(bridges: [bridge], otherConfig: otherConfig, nextCfg: 7))
        device("br-int", index: 10, address: 0x0200_0000_00aa)
    }

    mutating func device(
        _ name: String, index: Int, address: UInt64 = 0x0200_0000_0001,
        _ change: (inout KernelInterface) -> Void = { _ in }
    ) {
        var device = KernelInterface(
            name: name, vport: UInt32(index), interfaceIndex: index,
            address: MACAddress(address), mtu: 1500, isUp: true, hasCarrier: true)
        change(&device)
        kernel.interfaces[name] = device
    }

    var system: LocalSystem? {
        LocalSystem(database.replica, commandLineName: nil, hostname: "host")
    }

    /// One evaluation; tells whether anything was written.
    @discardableResult
    mutating func evaluate() throws -> Bool {
        var transaction = TransactionBuilder()
        InterfaceStatus(try #require(system), database.replica, kernel, counters: counters)
            .write(
                history: &history,
                host: HostDescription(
                    version: "9.8.7", systemType: "debian", systemVersion: "12"),
                into: &transaction)
        try database.commit(transaction)
        return !transaction.isEmpty
    }

    func row(_ name: String) throws -> OVS.Interface {
        let uuid = try #require(interfaces[name])
        return try #require(database.replica[OVS.Interface.self, uuid])
    }
}

@Suite struct InterfaceStatusTests {
    /// Packets are looked into behind any number of tags.
    @Test(arguments: [nil, "1", "many"])
    func tagsAreNoLimit(_ said: String?) throws {
        var host = SwitchHost([], otherConfig: said.map { ["vlan-limit": $0] } ?? [:])
        try host.evaluate()
        let open = try #require(host.database.replica.only(OVS.OpenVSwitch.self))
        #expect(open.row.otherConfig == ["vlan-limit": "0"])
        #expect(try !host.evaluate())
    }

    /// ovs-vswitchd would serve no packet while it is there, whoever has left it.
    @Test(arguments: ["true", "false"])
    func nothingWaitsForFlowsToBeRestored(_ said: String) throws {
        var host = SwitchHost([], otherConfig: ["flow-restore-wait": said, "vlan-limit": "0"])
        host.database.update(OVS.OpenVSwitch.self, host.open) {
            $0.externalIDs = ["ovn-managed-flow-restore-wait": "true", "system-id": "hv1"]
        }
        #expect(try #require(host.system).waitsForFlows == (said == "true"))
        try host.evaluate()
        let open = try #require(host.database.replica.only(OVS.OpenVSwitch.self))
        #expect(open.row.otherConfig == ["vlan-limit": "0"])
        #expect(open.row.externalIDs == ["system-id": "hv1"])
        #expect(try #require(host.system).waitsForFlows == false)
        #expect(try !host.evaluate())
    }

    @Test func aDeviceIsShownAsTheKernelHasIt() throws {
        var host = SwitchHost([OVS.Interface(name: "tap0", error: "old")])
        host.device("tap0", index: 12) {
            $0.driver = InterfaceDriver(
                name: "veth", version: "1.0", firmware: "", speed: 10_000_000_000,
                isFullDuplex: true)
        }
        var counters = InterfaceCounters()
        counters.receivedPackets = 3
        counters.sentBytes = .max
        host.counters["tap0"] = counters
        try host.evaluate()
        let row = try host.row("tap0")
        #expect(row.ofport == 1)
        #expect(row.ifindex == 12)
        #expect(row.macInUse == "02:00:00:00:00:01")
        #expect(row.mtu == 1500)
        #expect(row.adminState == "up")
        #expect(row.linkState == "up")
        #expect(row.linkResets == 0)
        #expect(row.linkSpeed == 10_000_000_000)
        #expect(row.duplex == "full")
        #expect(row.error == nil)
        #expect(
            row.status == [
                "driver_name": "veth", "driver_version": "1.0", "firmware_version": "",
            ])
        #expect(row.statistics["rx_packets"] == 3)
        #expect(row.statistics["tx_bytes"] == .max)
        #expect(row.statistics.count == 13)
        #expect(try host.row("br-int").ofport == 65534)
    }

    @Test func anEvaluationWithoutChangesWritesNothing() throws {
        var host = SwitchHost([OVS.Interface(name: "tap0"), OVS.Interface(name: "gone")])
        host.device("tap0", index: 12)
        host.counters["tap0"] = InterfaceCounters()
        #expect(try host.evaluate())
        #expect(try !host.evaluate())
        host.counters["tap0"]?.receivedBytes = 1
        #expect(try host.evaluate())
    }

    /// Stock tools take -1 and the error for "could not be set up".
    @Test func whatIsMissingShowsNothingOfADevice() throws {
        var host = SwitchHost([OVS.Interface(name: "tap0")])
        host.device("tap0", index: 12)
        host.counters["tap0"] = InterfaceCounters()
        try host.evaluate()
        host.kernel.interfaces["tap0"] = nil
        try host.evaluate()
        var expected = OVS.Interface(name: "tap0")
        expected.ofport = -1
        expected.error = "could not open network device tap0 (No such device)"
        #expect(try host.row("tap0") == expected)
        host.kernel.failures["tap0"] = PortFailure(name: "tap0", reason: "busy")
        try host.evaluate()
        #expect(try host.row("tap0").error == "busy")
    }

    @Test func aRefusedTypeKeepsTheOthers() throws {
        var host = SwitchHost([OVS.Interface(name: "d", type: "dpdk"), OVS.Interface(name: "tap0")])
        host.device("tap0", index: 12)
        try host.evaluate()
        #expect(try host.row("d").ofport == -1)
        #expect(try host.row("d").error?.contains("dpdk") == true)
        #expect(try host.row("tap0").ofport == 1)
    }

    @Test func linkStateNeedsTheAdministratorAndTheCarrier() throws {
        var host = SwitchHost([OVS.Interface(name: "tap0")])
        for (isUp, hasCarrier) in [(true, false), (false, true)] {
            host.device("tap0", index: 12) {
                $0.isUp = isUp
                $0.hasCarrier = hasCarrier
            }
            try host.evaluate()
            #expect(try host.row("tap0").adminState == (isUp ? "up" : "down"))
            #expect(try host.row("tap0").linkState == "down")
        }
    }

    /// Changes before this agent saw the device, and those of another device of that name, are not
    /// its own.
    @Test func resetsCountFromTheFirstLook() throws {
        var host = SwitchHost([OVS.Interface(name: "tap0")])
        for (index, changes, shown) in [(12, 5, 0), (12, 8, 3), (13, 2, 0), (13, 4, 2)] {
            host.device("tap0", index: index) { $0.carrierChanges = changes }
            try host.evaluate()
            #expect(try host.row("tap0").linkResets == shown)
        }
    }

    @Test func anInterfaceWithoutADeviceIsUp() throws {
        var host = SwitchHost([OVS.Interface(name: "p", type: "patch", options: ["peer": "q"])])
        try host.evaluate()
        let row = try host.row("p")
        #expect(row.ofport == 1)
        #expect(row.linkState == "up")
        #expect(row.ifindex == 0)
        let none = ["rx_packets": 0, "tx_packets": 0, "rx_bytes": 0, "tx_bytes": 0]
        #expect(row.statistics == none)
    }

    /// What crosses a pair of patch ports is sent by one and received by the other.
    @Test func patchPortsCountWhatCrossesThem() throws {
        let (inside, outside) = ("patch-br-int-to-net", "patch-net-to-br-int")
        var host = SwitchHost(
            [(inside, outside), (outside, inside), ("p", "q"), ("q", "p")].map {
                OVS.Interface(name: $0, type: "patch", options: ["peer": $1])
            })
        var traffic: PatchTraffic = [:]
        traffic.add(
            [.outward("net"), .across(from: "p", to: "q")], PacketCount(packets: 2, bytes: 120))
        traffic.add([.outward("net")], PacketCount(packets: 1, bytes: 60))
        traffic.add([.inward("net")], PacketCount(packets: 5, bytes: 500))
        host.counters = traffic.counters(integrationBridge: "br-int")
        try host.evaluate()
        func column(_ received: (Int, Int), _ sent: (Int, Int)) -> [String: Int] {
            [
                "rx_packets": received.0, "rx_bytes": received.1, "tx_packets": sent.0,
                "tx_bytes": sent.1,
            ]
        }
        #expect(try host.row(inside).statistics == column((5, 500), (3, 180)))
        #expect(try host.row(outside).statistics == column((3, 180), (5, 500)))
        #expect(try host.row("p").statistics == column((0, 0), (2, 120)))
        #expect(try host.row("q").statistics == column((2, 120), (0, 0)))
    }

    @Test func theSystemIsDescribedUnlessAScriptHasDoneSo() throws {
        var host = SwitchHost([])
        try host.evaluate()
        var row = try #require(host.database.replica[OVS.OpenVSwitch.self, host.open])
        #expect(row.curCfg == 7)
        #expect(row.ovsVersion == "9.8.7")
        #expect(row.systemType == "debian")
        #expect(row.systemVersion == "12")
        #expect(row.datapathTypes == ["system"])
        #expect(row.ifaceTypes.contains("internal"))
        host.database.update(OVS.OpenVSwitch.self, host.open) { $0.systemType = "appliance" }
        try host.evaluate()
        row = try #require(host.database.replica[OVS.OpenVSwitch.self, host.open])
        #expect(row.systemType == "appliance")
    }

    @Test(arguments: [
        (nil, 5000), ("100", 5000), ("20000", 20000), ("soon", 5000), ("-1", 5000),
    ])
    func theIntervalOfStatisticsHasAFloor(text: String?, milliseconds: Milliseconds) throws {
        let host = SwitchHost([], otherConfig: text.map { ["stats-update-interval": $0] } ?? [:])
        #expect(try #require(host.system).statisticsInterval == milliseconds)
    }

    @Test(arguments: [
        ([:], 200_000, 10_000), (["max-idle": "500"], 200_000, 500),
        (["flow-limit": "1000", "max-idle": ""], 1000, 10_000),
    ])
    func flowsAreKeptAsTheDatabaseSays(
        otherConfig: [String: String], flows: Int, idle: Milliseconds
    ) throws {
        let keeping = try #require(SwitchHost([], otherConfig: otherConfig).system).flowKeeping
        #expect(keeping.flows == flows)
        #expect(keeping.idle == idle)
        #expect(keeping.problems == [])
    }

    @Test func keysWithoutEffectAreNamed() throws {
        let host = SwitchHost(
            [], otherConfig: ["hw-offload": "true", "dpdk-init": "false", "max-idle": "soon"])
        let problems = try #require(host.system).problems
        #expect(problems.filter { $0.contains("hw-offload \"true\": without effect") }.count == 1)
        #expect(problems.contains { $0.contains("max-idle") })
        #expect(!problems.contains { $0.contains("dpdk-init") })
    }

    @Test(arguments: [
        ("max-idle", "499"), ("max-idle", "soon"), ("flow-limit", "0"), ("flow-limit", "-1"),
        ("flow-limit", "9223372036854775807"),
    ])
    func numbersOfFlowsThatMakeNoSenseAreNamed(key: String, value: String) {
        let keeping = FlowKeeping(otherConfig: [key: value])
        #expect(keeping.flows == 200_000 && keeping.idle == 10_000)
        #expect(keeping.problems.count == 1)
        #expect(keeping.problems.first?.contains("other_config:\(key) \"\(value)\"") == true)
    }
}

@Suite struct BridgePassTests {
    /// Bridges br-int and br-ex, the latter with `ports` of one interface each that has their name.
    private func bridges(
        _ ports: [(OVS.Port, OVS.Interface)], otherConfig: [String: String] = [:],
        isUp: (String) -> Bool = { _ in true }
    ) throws -> BridgePass {
        var database = LocalDatabase(OVS.schema)
        var kernel = KernelPorts()
        var rows: [String: RowUUID] = [:]
        for (index, (port, interface)) in ports.enumerated() {
            var port = port
            let uuid = database.insert(interface)
            if let known = rows[port.name] {
                database.update(OVS.Port.self, known) { $0.interfaces.append(uuid) }
            } else {
                port.interfaces = [uuid]
                rows[port.name] = database.insert(port)
            }
            kernel.interfaces[interface.name] = KernelInterface(
                name: interface.name, vport: UInt32(10 + index), interfaceIndex: 1 + index,
                address: MACAddress(1), mtu: 1500, isUp: isUp(interface.name), hasCarrier: true)
        }
        let uuids = rows.sorted { $0.key < $1.key }.map(\.value)
        let bridge = database.insert(
            OVS.Bridge(name: "br-ex", ports: uuids, otherConfig: otherConfig))
        let integration = database.insert(OVS.Bridge(name: "br-int"))
        database.insert(OVS.OpenVSwitch(bridges: [bridge, integration]))
        let system = try #require(
            LocalSystem(database.replica, commandLineName: nil, hostname: "host"))
        return BridgePass(system, database.replica, kernel)
    }

    private func port(
        _ name: String, interface: String? = nil, _ change: (inout OVS.Port) -> Void = { _ in }
    ) -> (OVS.Port, OVS.Interface) {
        var port = OVS.Port(name: name, interfaces: [])
        change(&port)
        return (port, OVS.Interface(name: interface ?? name))
    }

    @Test func vlansAreAsTheRowsSay() throws {
        let pass = try bridges([
            port("a") { $0.tag = 7 }, port("b"), port("c") { $0.trunks = [7, 8] },
            port("d") {
                $0.tag = 7
                $0.vlanMode = OVS.Port.vlanModeNativeUntagged
            }, port("e") { $0.vlanMode = OVS.Port.vlanModeDot1qTunnel },
        ])
        #expect(pass.bridges.map(\.name) == ["br-ex"])
        #expect(
            pass.bridges.first?.ports.map(\.membership) == [
                .access(7), .trunk(), .trunk([7, 8]), .native(7, isTagged: false),
            ])
        #expect(pass.problems == ["Port e: vlan_mode \"dot1q-tunnel\" is not supported"])
    }

    @Test func oneInterfaceOfABondForwards() throws {
        let pass = try bridges(
            [port("bond", interface: "x"), port("bond", interface: "y")], isUp: { $0 == "y" })
        #expect(pass.bridges.first?.ports.map(\.way) == [.devices([11, 10])])
    }

    @Test func stationsAgeAsTheBridgeSays() throws {
        let pass = try bridges(
            [port("a")], otherConfig: ["mac-aging-time": "60", "mac-table-size": "5"])
        #expect(pass.bridges.first?.lifetime == 60_000)
        #expect(pass.bridges.first?.capacity == 10)
    }
}
