import AgentCore
import OVSDBModel
import Schemas
import Testing

private let me = RowUUID(high: 1, low: 1)
private let other = RowUUID(high: 1, low: 2)

private func interface(
    _ name: String, _ port: String, version: String? = nil, encap: String? = nil,
    vport: UInt32 = 5
) -> LocalInterface {
    LocalInterface(
        row: RowUUID(high: 9, low: UInt64(vport)), name: name, logicalPort: port,
        version: version, encapsulationAddress: encap, vport: vport, isInstalled: false)
}

private func identity(encaps: [(RowUUID, SB.Encap)] = []) -> ChassisIdentity {
    ChassisIdentity(row: me, name: "hv1", hostname: "host1", encaps: encaps)
}

private func claim(
    _ port: SB.PortBinding, interfaces: [LocalInterface], rows: [SB.PortBinding] = []
) -> PortClaim? {
    identity().claim(on: port, interfaces: LocalInterfaces(interfaces)) { name in
        rows.first { $0.logicalPort == name }
    }
}

@Suite struct PortClaimTests {
    @Test func anInterfaceClaimsItsPort() {
        let port = SB.PortBinding(logicalPort: "a")
        #expect(claim(port, interfaces: [interface("va", "a")])?.role == .main)
        #expect(claim(port, interfaces: [interface("vb", "b")]) == nil)
    }

    @Test func theFirstOfTwoInterfacesKeepsThePort() {
        let both = LocalInterfaces([interface("z", "a", vport: 1), interface("y", "a", vport: 2)])
        #expect(both.byLogicalPort["a"]?.name == "y")
        #expect(both.duplicates.map(\.name) == ["z"])
    }

    @Test(arguments: [
        ("", ClaimRole.main), ("hv1", .main), ("host1", .main), ("hv2,hv1", .additional),
    ])
    func requestedChassisDecides(option: String, role: ClaimRole) {
        let port = SB.PortBinding(logicalPort: "a", options: ["requested-chassis": option])
        #expect(claim(port, interfaces: [interface("va", "a")])?.role == role)
    }

    @Test func anotherRequestedChassisRefuses() {
        let named = SB.PortBinding(logicalPort: "a", options: ["requested-chassis": "hv2"])
        #expect(claim(named, interfaces: [interface("va", "a")]) == nil)
        var moved = named
        moved.requestedAdditionalChassis = [me]
        #expect(claim(moved, interfaces: [interface("va", "a")])?.role == .additional)
    }

    @Test func theInterfaceVersionMustMatch() {
        let port = SB.PortBinding(logicalPort: "a", options: ["iface-id-ver": "2"])
        #expect(claim(port, interfaces: [interface("va", "a", version: "1")]) == nil)
        #expect(claim(port, interfaces: [interface("va", "a", version: "2")]) != nil)
    }

    /// The port that stands for a mirror's target is on the target's chassis.
    @Test func aMirrorFollowsItsTarget() {
        let target = SB.PortBinding(logicalPort: "sink")
        let mirror = SB.PortBinding(
            logicalPort: "mp-s-sink", type: "mirror", mirrorPort: "sink")
        let held = claim(mirror, interfaces: [interface("va", "sink")], rows: [target])
        #expect(held?.role == .main)
        #expect(held?.interface == nil)
        #expect(claim(mirror, interfaces: [interface("va", "other")], rows: [target]) == nil)
        #expect(claim(mirror, interfaces: [interface("va", "sink")], rows: []) == nil)
    }

    @Test func aContainerFollowsItsParent() {
        let parent = SB.PortBinding(logicalPort: "vm")
        let nested = SB.PortBinding(logicalPort: "c", parentPort: "vm", tag: 42)
        let here = [interface("va", "vm")]
        let held = claim(nested, interfaces: here, rows: [parent])
        #expect(held?.role == .main)
        #expect(held?.interface == nil)
        #expect(held?.parent?.name == "va")
        #expect(claim(nested, interfaces: [], rows: [parent]) == nil)
        let untagged = SB.PortBinding(logicalPort: "c", parentPort: "vm")
        #expect(claim(untagged, interfaces: here, rows: [parent]) == nil)
    }

    /// The most wanted chassis of the group that is there serves, and only that one.
    @Test(arguments: [
        ([(me, 20), (other, 10)], true), ([(me, 10), (other, 20)], false), ([(other, 1)], false),
        ([(nil, 30), (me, 1)], true), ([], false),
    ])
    func theMostWantedChassisServesAGateway(members: [(RowUUID?, Int)], serves: Bool) {
        var database = LocalDatabase(SB.schema)
        let rows = members.map { database.insert(SB.HAChassis(chassis: $0.0, priority: $0.1)) }
        let group = database.insert(SB.HAChassisGroup(name: "g", haChassis: rows.sorted()))
        let gateways = GatewayElection(database.replica)
        let port = SB.PortBinding(
            logicalPort: "cr", type: "chassisredirect", haChassisGroup: group)
        let claim = identity().claim(
            on: port, interfaces: LocalInterfaces([]), gateways: gateways, parent: { _ in nil })
        #expect((claim != nil) == serves)
        let held = identity().desired(
            SB.PortBinding(logicalPort: "cr", type: "chassisredirect", chassis: me),
            claim: claim, isInstalled: false, mayTakeOver: true)
        #expect(held.chassis == (serves ? me : nil))
    }

    @Test func anEncapIsChosenOnlyAmongSeveral() {
        let first = (RowUUID(high: 2, low: 1), SB.Encap(ip: "192.0.2.1"))
        let second = (
            RowUUID(high: 2, low: 2), SB.Encap(options: ["is_default": "true"], ip: "192.0.2.2")
        )
        let one = identity(encaps: [first])
        let two = identity(encaps: [first, second])
        #expect(one.encap(for: interface("va", "a")) == nil)
        #expect(two.encap(for: interface("va", "a")) == second.0)
        #expect(two.encap(for: interface("va", "a", encap: "192.0.2.1")) == first.0)
    }
}

@Suite struct PlugProviderTests {
    private func problems(_ port: SB.PortBinding, plugged: Bool = false) -> [String] {
        var database = LocalDatabase(SB.schema)
        database.insert(port)
        let inputs = BindingPass.Inputs(
            identity: identity(),
            interfaces: LocalInterfaces(plugged ? [interface("va", "a")] : []), installed: [],
            taken: [:])
        return BindingPass(database.replica, inputs).problems
    }

    private func port(on chassis: RowUUID, options: [String: String]) -> SB.PortBinding {
        SB.PortBinding(logicalPort: "a", options: options, requestedChassis: chassis)
    }

    @Test func aProviderThatIsUnknownIsNamed() throws {
        let wanted = port(on: me, options: ["vif-plug-type": "representor"])
        let problem = try #require(problems(wanted).first)
        #expect(problem.contains("port a:") && problem.contains("\"representor\""))
        #expect(problems(wanted, plugged: true) == [], "somebody has plugged it")
    }

    @Test func portsOfOthersAndPortsWithoutProviderAreNoProblem() {
        #expect(problems(port(on: other, options: ["vif-plug-type": "representor"])) == [])
        #expect(problems(port(on: me, options: [:])) == [])
    }
}

@Suite struct PortBindingWriteTests {
    private func desired(
        _ row: SB.PortBinding, claimed: Bool, installed: Bool = false, mayTakeOver: Bool = true
    ) -> SB.PortBinding {
        let claim = claimed ? claim(row, interfaces: [interface("va", row.logicalPort)]) : nil
        return identity().desired(
            row, claim: claim, isInstalled: installed, mayTakeOver: mayTakeOver)
    }

    @Test func upFollowsTheDatapath() {
        let fresh = SB.PortBinding(logicalPort: "a", up: false)
        let claimed = desired(fresh, claimed: true)
        #expect(claimed.chassis == me)
        #expect(claimed.up == false)
        #expect(desired(claimed, claimed: true, installed: true).up == true)
    }

    @Test func upIsLeftAloneWhereNorthdDoesNotAskForIt() {
        let row = SB.PortBinding(logicalPort: "a")
        #expect(desired(row, claimed: true, installed: true).up == nil)
    }

    @Test func anotherChassisIsReplacedUnlessItJustWon() {
        let row = SB.PortBinding(logicalPort: "a", chassis: other, up: true)
        #expect(desired(row, claimed: true).chassis == me)
        #expect(desired(row, claimed: true).up == false)
        #expect(desired(row, claimed: true, mayTakeOver: false).chassis == other)
    }

    @Test func releaseClearsOnlyTheOwnClaim() {
        let mine = SB.PortBinding(
            logicalPort: "a", virtualParent: "p", chassis: me, additionalChassis: [me, other],
            up: true)
        let released = desired(mine, claimed: false)
        #expect(released.chassis == nil)
        #expect(released.up == false)
        #expect(released.virtualParent == nil)
        #expect(released.additionalChassis == [other])
        let theirs = SB.PortBinding(logicalPort: "a", chassis: other, up: true)
        #expect(desired(theirs, claimed: false) == theirs)
    }

    @Test func aSettledRowIsNotWrittenAgain() {
        let row = SB.PortBinding(logicalPort: "a", chassis: me, up: true)
        #expect(desired(row, claimed: true, installed: true) == row)
    }
}

@Suite struct LocalDatapathsTests {
    @Test func patchPortsAreFollowed() {
        let datapaths = (0..<4).map { RowUUID(high: 3, low: UInt64($0)) }
        // s0 - r1 - s2, and s3 alone.
        let links = [("a", "b", 0), ("b", "a", 1), ("c", "d", 1), ("d", "c", 2)]
        let ports = links.map { name, peer, datapath in
            SB.PortBinding(
                logicalPort: name, type: "patch", options: ["peer": peer],
                datapath: datapaths[datapath])
        }
        let found = LocalDatapaths(
            held: [datapaths[0]],
            portsOf: { datapath in ports.filter { $0.datapath == datapath } },
            named: { name in ports.first { $0.logicalPort == name } })
        #expect(found.rows == [datapaths[0], datapaths[1], datapaths[2]])
    }
}
