import OVSDBModel
import Schemas
import Testing
import Wire

@testable import AgentCore

private func row(_ number: UInt64) -> RowUUID { RowUUID(high: 7, low: number) }

/// What the rows say about a port's interface: copies, silence, addresses on physical networks.
@Suite struct PortTreatmentTests {
    private let switchRow = row(100)
    private let routerRow = row(101)

    /// Switch 1 (vif here on kernel port 5, localnet, router port) and router 2; chassis hv1 is
    /// this one, hv2 another.
    private func inputs() -> PhysicalInputs {
        var inputs = PhysicalInputs()
        inputs.datapaths[switchRow] = SB.DatapathBinding(tunnelKey: 1, type: "logical-switch")
        inputs.datapaths[routerRow] = SB.DatapathBinding(tunnelKey: 2, type: "logical-router")
        inputs.ownChassis = row(1)
        inputs.chassis[row(1)] = SB.Chassis(name: "hv1")
        inputs.chassis[row(2)] = SB.Chassis(name: "hv2")
        inputs.bridgeMappings = ["physnet": "br-ex"]
        inputs.bridges = [ProviderBridge(name: "br-ex", ports: [])]
        let station = "02:00:00:00:00:01 10.0.0.1 fd00::1"
        inputs.ports = [
            (
                row(10),
                SB.PortBinding(
                    logicalPort: "vif", datapath: switchRow, tunnelKey: 1, mac: [station])
            ),
            (
                row(11),
                SB.PortBinding(
                    logicalPort: "net", type: "localnet", options: ["network_name": "physnet"],
                    datapath: switchRow, tunnelKey: 2)
            ),
            (
                row(12),
                SB.PortBinding(
                    logicalPort: "s-r", type: "patch", options: ["peer": "r-s"],
                    datapath: switchRow, tunnelKey: 3)
            ),
            (
                row(13),
                SB.PortBinding(
                    logicalPort: "r-s", type: "patch", options: ["peer": "s-r"],
                    datapath: routerRow, tunnelKey: 1, mac: ["02:00:00:00:ff:01 10.0.0.254/24"])
            ),
            (
                row(14),
                SB.PortBinding(
                    logicalPort: "cr-r-s", type: "chassisredirect",
                    options: ["distributed-port": "r-s"], datapath: routerRow, tunnelKey: 2,
                    chassis: row(2))
            ),
        ]
        let interface = LocalInterface(
            row: row(30), name: "vif", logicalPort: "vif", vport: 5)
        inputs.claims[row(10)] = PortClaim(role: .main, interface: interface, encap: nil)
        return inputs
    }

    private func port(_ key: UInt32, _ inputs: PhysicalInputs) -> PhysicalPort? {
        var builder = PhysicalBuilder(inputs)
        return builder.build().ports[PortReference(datapath: 1, port: key)]
    }

    private let own = MACAddress(0x0200_0000_aa01)
    private let other = MACAddress(0x0200_0000_aa02)
    private let router = MACAddress(0x0200_0000_ff01)

    // MARK: - Addresses on physical networks

    @Test func routersHaveAnAddressPerChassis() {
        var inputs = inputs()
        #expect(port(2, inputs)?.sources == nil, "nobody has one")
        inputs.chassisAddresses = ["physnet": own]
        inputs.chassis[row(2)]?.otherConfig = [
            "ovn-chassis-mac-mappings": "other:02:00:00:00:aa:02,broken"
        ]
        let sources = port(2, inputs)?.sources
        #expect(sources?.replacement(leaving: router) == own)
        #expect(sources?.replacement(leaving: other) == nil, "of no router")
        #expect(sources?.replacement(arriving: other) == router)
        #expect(sources?.replacement(arriving: own) == nil)
        #expect(port(1, inputs)?.sources == nil)
    }

    /// Where the gateway is, the router's own address is right.
    @Test func theGatewayKeepsItsAddress() {
        var inputs = inputs()
        inputs.chassisAddresses = ["physnet": own]
        inputs.claims[row(14)] = PortClaim(role: .main, interface: nil, encap: nil)
        #expect(port(2, inputs)?.sources?.replacement(leaving: router) == nil)
        inputs.chassisAddresses = ["elsewhere": own]
        inputs.claims[row(14)] = nil
        #expect(port(2, inputs)?.sources?.replacement(leaving: router) == nil)
    }

    /// A gateway of another chassis that is reached over the physical network.
    @Test func aGatewayIsReachedOverTheNetwork() {
        var inputs = inputs()
        inputs.ports[4].1.options["redirect-type"] = "bridged"
        inputs.ports[4].1.mac = ["02:00:00:00:ff:01 10.0.0.254/24"]
        let gateway = PortReference(datapath: 2, port: 2)
        var builder = PhysicalBuilder(inputs)
        #expect(
            builder.build().ports[gateway]?.place
                == .network(PortReference(datapath: 1, port: 2), source: router))
        inputs.bridgeMappings = [:]
        builder = PhysicalBuilder(inputs)
        #expect(builder.build().ports[gateway]?.place == .nowhere)
        inputs.claims[row(14)] = PortClaim(role: .main, interface: nil, encap: nil)
        builder = PhysicalBuilder(inputs)
        #expect(
            builder.build().ports[gateway]?.place
                == .redirect(PortReference(datapath: 2, port: 1)))
    }

    // MARK: - Activation

    private func moving(_ strategy: String, role: ClaimRole = .additional) -> PhysicalInputs {
        var inputs = inputs()
        inputs.claims[row(10)] = PortClaim(
            role: role, interface: inputs.claims[row(10)]?.interface, encap: nil)
        inputs.ports[0].1.options = ["activation-strategy": strategy]
        return inputs
    }

    @Test func anAdditionalChassisWaits() {
        #expect(port(1, moving("rarp,na"))?.activation?.strategies == [.rarp, .na])
        #expect(port(1, moving("rarp", role: .main))?.activation == nil)
        #expect(port(1, moving(""))?.activation == nil)
        var told = moving("rarp")
        told.ports[0].1.options["additional-chassis-activated"] = "hv2"
        #expect(port(1, told)?.activation != nil)
        told.ports[0].1.options["additional-chassis-activated"] = "hv2,hv1"
        #expect(port(1, told)?.activation == nil)
        var here = moving("rarp")
        here.activated = [PortReference(datapath: 1, port: 1)]
        #expect(port(1, here)?.activation == nil)
    }

    @Test func anUnknownStrategyIsNamed() {
        var builder = PhysicalBuilder(moving("garp, magic"))
        let view = builder.build()
        #expect(
            view.ports[PortReference(datapath: 1, port: 1)]?.activation?.strategies == [.garp])
        #expect(
            builder.problems == ["Port_Binding vif: unknown activation strategy \"magic\""])
    }

    // MARK: - Mirrors

    private func mirrored(_ mirror: SB.Mirror) -> PhysicalInputs {
        var inputs = inputs()
        inputs.mirrors[row(50)] = mirror
        inputs.ports[0].1.mirrorRules = [row(50)]
        inputs.mirrorPorts = ["tap": 40]
        inputs.mirrorDevices = [.gre: 41]
        return inputs
    }

    @Test func anInterfaceOfThisHostIsAReceiver() {
        let local = SB.Mirror(name: "m", filter: "to-lport", sink: "tap", type: "local")
        #expect(
            port(1, mirrored(local))?.mirrors == [
                PortMirror(
                    name: "m", receiver: .port(40), copiesSent: false, copiesReceived: true)
            ])
        var absent = mirrored(local)
        absent.mirrorPorts = [:]
        #expect(port(1, absent)?.mirrors == [])
        var overlay = local
        overlay.type = "lport"
        #expect(port(1, mirrored(overlay))?.mirrors == [])
    }

    @Test func anAddressIsAReceiver() throws {
        let remote = SB.Mirror(
            name: "m", filter: "both", sink: "192.0.2.9", type: "gre", index: 7)
        let address = try #require(IPAddress(parsing: "192.0.2.9"))
        #expect(
            port(1, mirrored(remote))?.mirrors == [
                PortMirror(
                    name: "m", receiver: .tunnel(vport: 41, remote: address, key: 7),
                    copiesSent: true, copiesReceived: true)
            ])
        var six = remote
        six.sink = "2001:db8::9"
        let builder = PhysicalBuilder(mirrored(six))
        #expect(builder.mirrorDevices == [.gre6])
        #expect(port(1, mirrored(six))?.mirrors == [], "until the device is there")
    }

    @Test func anAddressReceivesERSPAN() throws {
        let remote = SB.Mirror(
            name: "m", filter: "from-lport", sink: "192.0.2.9", type: "erspan", index: 7)
        let address = try #require(IPAddress(parsing: "192.0.2.9"))
        var inputs = mirrored(remote)
        let builder = PhysicalBuilder(inputs)
        #expect(builder.mirrorDevices == [.erspan])
        #expect(builder.problems == [])
        #expect(port(1, inputs)?.mirrors == [], "until the device is there")
        inputs.mirrorDevices = [.gre: 41, .erspan: 42]
        #expect(
            port(1, inputs)?.mirrors == [
                PortMirror(
                    name: "m", receiver: .erspan(vport: 42, remote: address, index: 7),
                    copiesSent: true, copiesReceived: false)
            ])
        var six = remote
        six.sink = "2001:db8::9"
        #expect(PhysicalBuilder(mirrored(six)).mirrorDevices == [.erspan6])
    }

    /// The header has twenty bits for it.
    @Test(arguments: [(0, true), (0xf_ffff, true), (0x10_0000, false), (-1, false)])
    func anERSPANIndexHasToFit(index: Int, fits: Bool) {
        let mirror = SB.Mirror(
            name: "m", filter: "both", sink: "192.0.2.9", type: "erspan", index: index)
        var inputs = mirrored(mirror)
        inputs.mirrorDevices = [.erspan: 42]
        let problem = "Mirror m: index \(index) is not within 0 and 1048575"
        #expect(PhysicalBuilder(inputs).problems == (fits ? [] : [problem]))
        #expect(port(1, inputs)?.mirrors.count == (fits ? 1 : 0))
    }

    @Test(arguments: [
        ("gre", "tap", "Mirror m: sink \"tap\" is no address"),
        ("erspan", "tap", "Mirror m: sink \"tap\" is no address"),
        ("vlan", "192.0.2.9", "Mirror m: type \"vlan\" is not supported"),
    ])
    func aMirrorThatCantBeIsNamed(type: String, sink: String, problem: String) {
        let mirror = SB.Mirror(name: "m", filter: "both", sink: sink, type: type)
        #expect(PhysicalBuilder(mirrored(mirror)).problems == [problem])
    }

    /// What is nested in an interface passes it too.
    @Test func nestedPortsShareTheInterface() {
        var inputs = mirrored(
            SB.Mirror(name: "m", filter: "both", sink: "tap", type: "local"))
        inputs.ports.append(
            (
                row(15),
                SB.PortBinding(
                    logicalPort: "c", datapath: switchRow, tunnelKey: 5, parentPort: "vif", tag: 9)
            ))
        inputs.claims[row(15)] = PortClaim(
            role: .main, interface: nil, encap: nil, parent: inputs.claims[row(10)]?.interface)
        #expect(port(5, inputs)?.mirrors.map(\.receiver) == [.port(40)])
    }
}
