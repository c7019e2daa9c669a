import AgentCore
import OVSDBModel
import Schemas
import Testing
import Wire

private func row(_ number: UInt64) -> RowUUID { RowUUID(high: 7, low: number) }

@Suite struct PhysicalBuilderTests {
    private let switchRow = row(100)
    private let routerRow = row(101)

    /// A switch (key 1) with a port here, one on another chassis, one nowhere and one to a router
    /// (key 2); a flood group of all.
    private func inputs() -> PhysicalInputs {
        var inputs = PhysicalInputs()
        inputs.datapaths[switchRow] = SB.DatapathBinding(tunnelKey: 1, type: "logical-switch")
        inputs.datapaths[routerRow] = SB.DatapathBinding(
            tunnelKey: 2, externalIDs: ["logical-router": "x"])
        inputs.ownChassis = row(1)
        inputs.chassis[row(2)] = SB.Chassis(name: "hv2", encaps: [row(20), row(21)])
        inputs.encaps[row(20)] = SB.Encap(
            type: "geneve", options: ["csum": "false"], ip: "192.0.2.2")
        inputs.encaps[row(21)] = SB.Encap(type: "vxlan", ip: "192.0.2.2")
        inputs.devices[.geneve] = TunnelDevice(
            vport: 90, localAddresses: [.v4(IPv4Address(0xc000_0201))])
        inputs.ports = [
            (
                row(10),
                SB.PortBinding(
                    logicalPort: "here", datapath: switchRow, tunnelKey: 1,
                    portSecurity: ["02:00:00:00:00:01 10.0.0.1", "nonsense"])
            ),
            (
                row(11),
                SB.PortBinding(
                    logicalPort: "there", datapath: switchRow, tunnelKey: 2, chassis: row(2))
            ),
            (row(12), SB.PortBinding(logicalPort: "off", datapath: switchRow, tunnelKey: 3)),
            (
                row(13),
                SB.PortBinding(
                    logicalPort: "s-r", type: "patch", options: ["peer": "r-s"],
                    datapath: switchRow, tunnelKey: 4)
            ),
            (
                row(14),
                SB.PortBinding(
                    logicalPort: "r-s", type: "patch", options: ["peer": "s-r"],
                    datapath: routerRow, tunnelKey: 1)
            ),
        ]
        let interface = LocalInterface(
            row: row(30), name: "vif", logicalPort: "here", version: nil,
            encapsulationAddress: nil, vport: 5, isInstalled: false)
        inputs.claims[row(10)] = PortClaim(role: .main, interface: interface, encap: nil)
        inputs.groups = [
            SB.MulticastGroup(
                datapath: switchRow, name: "_MC_flood", tunnelKey: 32768,
                ports: [row(10), row(11), row(12), row(13)])
        ]
        return inputs
    }

    /// On the chassis that serves a gateway its packets go on by the distributed port, elsewhere
    /// through a tunnel.
    /// Who is in use has to be known before a router has as many neighbours as it may have.
    @Test func theNeighboursOfACrowdedRouterCountAsAgeing() {
        var inputs = inputs()
        inputs.datapaths[routerRow]?.externalIDs["mac_binding_limit"] = "4"
        func ageing(_ count: Int) -> Bool {
            inputs.neighbours = (0..<count).map {
                SB.MACBinding(
                    logicalPort: "r-s", ip: "10.0.0.\($0)", mac: "02:00:00:00:00:09",
                    datapath: routerRow)
            }
            var builder = PhysicalBuilder(inputs)
            return builder.build().ageingRouters.contains(2)
        }
        #expect([0, 1, 2, 4].map(ageing) == [false, false, true, true])
        inputs.datapaths[routerRow]?.externalIDs["mac_binding_limit"] = nil
        #expect(!ageing(4))
    }

    @Test func theShortestAgeIsThatOfSwitchesToo() {
        var inputs = inputs()
        func shortest() -> Int? {
            var builder = PhysicalBuilder(inputs)
            return builder.build().shortestAge
        }
        #expect(shortest() == nil)
        inputs.datapaths[routerRow]?.externalIDs["mac_binding_age_threshold"] = "60"
        #expect(shortest() == 60)
        inputs.datapaths[switchRow]?.externalIDs["fdb_age_threshold"] = "8"
        #expect(shortest() == 8)
        inputs.datapaths[switchRow]?.externalIDs["fdb_age_threshold"] = "0"
        #expect(shortest() == 60)
    }

    @Test func aRouterMayLearnAnswersOnly() {
        var inputs = inputs()
        inputs.datapaths[switchRow]?.externalIDs["mac_binding_only_if_asked"] = "true"
        var builder = PhysicalBuilder(inputs)
        let before = builder.build()
        #expect(before.askingRouters.isEmpty, "a switch learns no neighbours")
        inputs.datapaths[routerRow]?.externalIDs["mac_binding_only_if_asked"] = "true"
        builder = PhysicalBuilder(inputs)
        let view = builder.build()
        #expect(view.askingRouters == [2])
        #expect(view.changes(from: before) == [.askingRouters])
    }

    @Test func aGatewayIsServedByOneChassis() {
        var inputs = inputs()
        let gateway = SB.PortBinding(
            logicalPort: "cr-r-s", type: "chassisredirect", options: ["distributed-port": "r-s"],
            datapath: routerRow, tunnelKey: 2, chassis: row(2))
        inputs.ports.append((row(15), gateway))
        let reference = PortReference(datapath: 2, port: 2)
        var builder = PhysicalBuilder(inputs)
        guard case .remote(let ways) = builder.build().ports[reference]?.place else {
            Issue.record("not remote")
            return
        }
        #expect(ways.count == 1)
        inputs.claims[row(15)] = PortClaim(role: .main, interface: nil, encap: nil)
        builder = PhysicalBuilder(inputs)
        #expect(
            builder.build().ports[reference]?.place
                == .redirect(PortReference(datapath: 2, port: 1)))
    }

    /// One way to each, but all addresses are its.
    @Test func chassisOfOtherZonesAreKnown() throws {
        var inputs = inputs()
        let isRemote = ["is-remote": "true"]
        inputs.chassis[row(3)] = SB.Chassis(
            name: "far", encaps: [row(23), row(24)], otherConfig: isRemote)
        inputs.chassis[row(4)] = SB.Chassis(
            name: "vxlan", encaps: [row(25)], otherConfig: isRemote)
        inputs.encaps[row(23)] = SB.Encap(type: "geneve", ip: "192.0.2.9")
        inputs.encaps[row(24)] = SB.Encap(type: "geneve", ip: "192.0.2.8")
        inputs.encaps[row(25)] = SB.Encap(type: "vxlan", ip: "192.0.2.7")
        inputs.devices[.vxlan] = TunnelDevice(
            vport: 91, localAddresses: [.v4(IPv4Address(0xc000_0201))])
        var builder = PhysicalBuilder(inputs)
        let zones = builder.build().otherZones
        #expect(zones.ways.map { "\($0.remote)" } == ["192.0.2.8"])
        #expect(Set(zones.sources.map { "\($0)" }) == ["192.0.2.8", "192.0.2.9"])
        inputs.chassis[row(3)]?.otherConfig = [:]
        builder = PhysicalBuilder(inputs)
        #expect(builder.build().otherZones == OtherZones())
    }

    /// A port of a switch that ovn-controller-vtep stands for.
    @Test func aVTEPIsKnownByItsAddress() throws {
        var inputs = inputs()
        inputs.chassis[row(3)] = SB.Chassis(
            name: "vtep", encaps: [row(23)], otherConfig: ["is-vtep": "true"])
        inputs.encaps[row(23)] = SB.Encap(
            type: "vxlan", options: ["csum": "false"], ip: "192.0.2.9")
        inputs.ports.append(
            (
                row(18),
                SB.PortBinding(
                    logicalPort: "v", type: "vtep", datapath: switchRow, tunnelKey: 7,
                    chassis: row(3))
            ))
        let port = PortReference(datapath: 1, port: 7)
        var builder = PhysicalBuilder(inputs)
        #expect(builder.build().ports[port]?.place == .nowhere, "no VXLAN here")
        inputs.devices[.vxlan] = TunnelDevice(
            vport: 91, localAddresses: [.v4(IPv4Address(0xc000_0201))])
        builder = PhysicalBuilder(inputs)
        let view = builder.build()
        let address = try #require(IPAddress(parsing: "192.0.2.9"))
        #expect(view.vteps[address] == [1: port])
        #expect(view.vteps.count == 1)
        guard case .remote(let ways) = view.ports[port]?.place else {
            Issue.record("not remote")
            return
        }
        #expect(ways.map(\.isVTEP) == [true])
        #expect(ways.map(\.encapsulation) == [.vxlan])
    }

    /// Stations of external ports, on the chassis that serves them.
    @Test func externalStationsAreServedByOneChassis() {
        var inputs = inputs()
        inputs.bridgeMappings = ["physnet": "br-ex"]
        inputs.bridges = [ProviderBridge(name: "br-ex", ports: [])]
        inputs.ports += [
            (
                row(16),
                SB.PortBinding(
                    logicalPort: "net", type: "localnet", options: ["network_name": "physnet"],
                    datapath: switchRow, tunnelKey: 5)
            ),
            (
                row(17),
                SB.PortBinding(
                    logicalPort: "far", type: "external", datapath: switchRow, tunnelKey: 6,
                    mac: ["02:00:00:00:00:64 10.0.0.100"])
            ),
        ]
        let network = PortReference(datapath: 1, port: 5)
        var builder = PhysicalBuilder(inputs)
        #expect(builder.build().ports[network]?.served == [])
        inputs.claims[row(17)] = PortClaim(role: .main, interface: nil, encap: nil)
        builder = PhysicalBuilder(inputs)
        let view = builder.build()
        #expect(view.ports[network]?.served == [MACAddress(0x0200_0000_0064)])
        #expect(view.ports[PortReference(datapath: 1, port: 1)]?.served == [])
    }

    /// The tag of a port to a physical network: its number, and what it stands in front of.
    @Test(
        arguments: [
            (nil, [:], VLANMembership.trunk([0])), (100, [:], .access(100)),
            (nil, ["vlan-passthru": "true"], .trunk()),
            (100, ["vlan-passthru": "true"], .stacked(100, type: 0x8100)),
            (100, ["vlan-passthru": "true", "ethtype": "802.1ad"], .stacked(100, type: 0x88a8)),
            (100, ["ethtype": "802.11AD"], .stacked(100, type: 0x88a8)),
            (100, ["ethtype": "802.1q"], .access(100)), (100, ["ethtype": "x"], .access(100)),
        ] as [(Int?, [String: String], VLANMembership)])
    func portsToNetworksHaveTags(
        tag: Int?, options: [String: String], membership: VLANMembership
    ) {
        var inputs = inputs()
        inputs.bridgeMappings = ["physnet": "br-ex"]
        inputs.bridges = [ProviderBridge(name: "br-ex", ports: [])]
        var port = SB.PortBinding(
            logicalPort: "net", type: "localnet", options: options, datapath: switchRow,
            tunnelKey: 5)
        port.options["network_name"] = "physnet"
        port.tag = tag
        inputs.ports.append((row(16), port))
        var builder = PhysicalBuilder(inputs)
        let bridge = builder.build().bridges["br-ex"]
        #expect(bridge?.ports.map(\.membership) == [membership])
        let own = builder.problems.filter { $0.contains("Port_Binding net") }
        #expect(
            own == (options["ethtype"] == "x" ? ["Port_Binding net: unknown ethtype \"x\""] : []))
    }

    // MARK: - Encapsulations

    private func ways(_ inputs: PhysicalInputs) -> [String] {
        var builder = PhysicalBuilder(inputs)
        let place = builder.build().ports[PortReference(datapath: 1, port: 2)]?.place
        guard case .remote(let ways) = place else { return [] }
        return ways.map { "\($0.encapsulation) \($0.remote) from \($0.local?.description ?? "-")" }
    }

    /// This host speaks both; of what a chassis has the best kind that both have is taken.
    @Test func eachChassisIsReachedByTheBestKindOfBoth() {
        var inputs = inputs()
        inputs.devices[.vxlan] = TunnelDevice(
            vport: 91, localAddresses: [.v4(IPv4Address(0xc000_0201))])
        #expect(ways(inputs) == ["geneve 192.0.2.2 from 192.0.2.1"])
        inputs.chassis[row(2)]?.encaps = [row(21)]
        #expect(ways(inputs) == ["vxlan 192.0.2.2 from 192.0.2.1"])
        inputs.devices[.vxlan] = nil
        #expect(ways(inputs) == [])
    }

    /// Packets leave from an address of the family of the one that they go to.
    @Test func addressesOfBothFamiliesAreTold() {
        var inputs = inputs()
        let address = IPAddress(parsing: "2001:db8::1") ?? .v4(.zero)
        inputs.devices[.geneve] = TunnelDevice(
            vport: 90, localAddresses: [.v4(IPv4Address(0xc000_0201)), address])
        inputs.encaps[row(22)] = SB.Encap(
            type: "geneve", options: ["is_default": "true"], ip: "2001:db8::2")
        inputs.chassis[row(2)]?.encaps = [row(20), row(22)]
        #expect(ways(inputs) == ["geneve 2001:db8::2 from 2001:db8::1"])
        // The port's own choice.
        inputs.ports[1].1.encap = row(20)
        #expect(ways(inputs) == ["geneve 192.0.2.2 from 192.0.2.1"])
        inputs.ports[1].1.encap = nil
        inputs.encaps[row(22)]?.options = [:]
        inputs.devices[.geneve] = TunnelDevice(vport: 90, localAddresses: [address])
        #expect(ways(inputs) == ["geneve 2001:db8::2 from 2001:db8::1"])
    }

    @Test func outerHeadersAreAsThisHostSays() {
        var inputs = inputs()
        inputs.devices[.geneve] = TunnelDevice(
            vport: 90, localAddresses: [.v4(IPv4Address(0xc000_0201))], doesNotFragment: false,
            service: .fixed(0x28))
        var builder = PhysicalBuilder(inputs)
        let place = builder.build().ports[PortReference(datapath: 1, port: 2)]?.place
        guard case .remote(let ways) = place else {
            Issue.record("not remote")
            return
        }
        #expect(ways.map(\.doesNotFragment) == [false])
        #expect(ways.map(\.service) == [.fixed(0x28)])
        #expect(ways.map(\.hasChecksum) == [false], "as the other one wants it")
    }

    // MARK: - Physical networks

    /// The switch with a localnet port on VLAN 7 of a network that this host has a bridge for.
    private func provider() -> PhysicalInputs {
        var inputs = inputs()
        inputs.bridgeMappings = ["physnet": "br-ex"]
        inputs.bridges = [
            ProviderBridge(
                name: "br-ex",
                ports: [BridgePort(name: .own("nic"), membership: .trunk(), way: .devices([40]))])
        ]
        inputs.ports.append(
            (
                row(16),
                SB.PortBinding(
                    logicalPort: "net", type: "localnet", options: ["network_name": "physnet"],
                    datapath: switchRow, tunnelKey: 6, tag: 7)
            ))
        inputs.groups[0].ports.append(row(16))
        return inputs
    }

    private let network = PortReference(datapath: 1, port: 6)

    /// The port of the physical network is one of its bridge; other chassis are reached by it
    /// instead of tunnels.
    @Test func aPhysicalNetworkTakesThePlaceOfTunnels() {
        var builder = PhysicalBuilder(provider())
        let view = builder.build()
        #expect(view.ports[network]?.place == .bridge("br-ex"))
        #expect(view.bridgeInputs[40] == BridgeInput(bridge: "br-ex", port: .own("nic")))
        #expect(
            view.bridges["br-ex"]?.port(.logical(network))?.membership == .access(7))
        #expect(view.ports[PortReference(datapath: 1, port: 2)]?.place == .redirect(network))
        let group = view.groups[PortReference(datapath: 1, port: 32768)]
        #expect(group?.local == [1, 6])
        #expect(group?.remote == [])
    }

    /// Packets of a port that moves go through tunnels, lest switches outside see it at two places.
    @Test func aPortThatMovesIsKeptFromThePhysicalNetwork() {
        var inputs = provider()
        let there = PortReference(datapath: 1, port: 2)
        var builder = PhysicalBuilder(inputs)
        #expect(builder.build().ports[there]?.insteadOfNetwork == [])
        inputs.ports[0].1.additionalChassis = [row(2)]
        builder = PhysicalBuilder(inputs)
        let view = builder.build()
        #expect(view.ports[there]?.place == .redirect(network))
        #expect(
            view.ports[there]?.insteadOfNetwork.map(\.remote.description) == ["192.0.2.2"])
        #expect(view.ports[PortReference(datapath: 1, port: 1)]?.isShared == true)
        #expect(view.ports[network]?.insteadOfNetwork == [])
    }

    /// What is for many goes by the network all the same: a copy by a tunnel would be a second one,
    /// and the network would carry it back.
    @Test func tunnelsStayWhereTheyAreAskedFor() {
        var inputs = provider()
        inputs.alwaysTunnels = true
        var builder = PhysicalBuilder(inputs)
        let view = builder.build()
        guard case .remote? = view.ports[PortReference(datapath: 1, port: 2)]?.place else {
            Issue.record("not through a tunnel")
            return
        }
        let group = view.groups[PortReference(datapath: 1, port: 32768)]
        #expect(group?.local == [1, 6])
        #expect(group?.remote == [])
    }

    /// Without the mapping, or without the bridge, the network is not here.
    @Test(arguments: [true, false])
    func aNetworkThatIsNotHereChangesNothing(hasBridge: Bool) {
        var inputs = provider()
        if hasBridge { inputs.bridgeMappings = ["other": "br-ex"] } else { inputs.bridges = [] }
        var builder = PhysicalBuilder(inputs)
        let view = builder.build()
        #expect(view.ports[network]?.place == .nowhere)
        #expect(view.groups[PortReference(datapath: 1, port: 32768)]?.remote.count == 1)
    }

    @Test func anL2GatewayIsOnItsChassis() {
        var inputs = provider()
        inputs.ports.removeLast()
        let gateway = SB.PortBinding(
            logicalPort: "gw", type: "l2gateway", options: ["network_name": "physnet"],
            datapath: switchRow, tunnelKey: 6, chassis: row(2))
        inputs.ports.append((row(16), gateway))
        var builder = PhysicalBuilder(inputs)
        guard case .remote? = builder.build().ports[network]?.place else {
            Issue.record("not remote")
            return
        }
        inputs.claims[row(16)] = PortClaim(role: .main, interface: nil, encap: nil)
        builder = PhysicalBuilder(inputs)
        let view = builder.build()
        #expect(view.ports[network]?.place == .bridge("br-ex"))
        #expect(view.bridges["br-ex"]?.port(.logical(network))?.membership == .trunk([0]))
    }

    @Test func aNestedPortIsBehindItsParent() {
        var inputs = inputs()
        let parent = inputs.claims[row(10)]?.interface
        inputs.ports.append(
            (
                row(15),
                SB.PortBinding(
                    logicalPort: "c", datapath: routerRow, tunnelKey: 2, parentPort: "here",
                    tag: 42, portSecurity: ["02:00:00:00:00:09"])
            ))
        inputs.claims[row(15)] = PortClaim(
            role: .main, interface: nil, encap: nil, parent: parent)
        var builder = PhysicalBuilder(inputs)
        let view = builder.build()
        let reference = PortReference(datapath: 2, port: 2)
        #expect(view.ports[reference]?.place == .nested(vport: 5, tag: 42))
        #expect(view.ports[reference]?.portSecurity.count == 1)
        #expect(view.nestedInputs[5] == [42: reference])
        #expect(view.inputs[5] == PortReference(datapath: 1, port: 1))
    }

    /// A flood reaches a router through the chassis that serves its gateway, also from others.
    @Test func aFloodReachesTheGatewayWhereItIsServed() {
        var inputs = inputs()
        inputs.ports.append(
            (
                row(15),
                SB.PortBinding(
                    logicalPort: "cr-s-r", type: "chassisredirect",
                    options: ["distributed-port": "s-r"], datapath: switchRow, tunnelKey: 6)
            ))
        inputs.claims[row(15)] = PortClaim(role: .main, interface: nil, encap: nil)
        inputs.groups[0].ports = [row(10), row(15)]
        var builder = PhysicalBuilder(inputs)
        let group = builder.build().groups[PortReference(datapath: 1, port: 32768)]
        #expect(group?.local == [1, 4])
    }

    @Test func portsAreWhereTheyAreClaimed() throws {
        var builder = PhysicalBuilder(inputs())
        let view = builder.build()
        #expect(view.inputs[5] == PortReference(datapath: 1, port: 1))
        let places = (1...4).map { view.ports[PortReference(datapath: 1, port: $0)]?.place }
        guard case .remote(let ways) = places[1] else {
            Issue.record("not remote: \(String(describing: places[1]))")
            return
        }
        #expect(places[0] == .here(vport: 5))
        #expect(places[2] == .nowhere)
        #expect(places[3] == .peer(PortReference(datapath: 2, port: 1)))
        #expect(ways.map(\.remote.description) == ["192.0.2.2"])
        #expect(ways.first?.encapsulation == .geneve)
        #expect(ways.first?.hasChecksum == false)
        #expect(view.routers == [2])
    }

    @Test func aGroupHasEachChassisOnce() {
        var more = inputs()
        more.ports.append(
            (
                row(15),
                SB.PortBinding(
                    logicalPort: "there2", datapath: switchRow, tunnelKey: 5, chassis: row(2))
            ))
        more.groups[0].ports.append(row(15))
        var builder = PhysicalBuilder(more)
        let group = builder.build().groups[PortReference(datapath: 1, port: 32768)]
        #expect(group?.local == [1])
        #expect(group?.peers == [4])
        #expect(group?.remote.count == 1)
    }

    /// A port that moves is on two chassis meanwhile; wherever it is sent from, both get it.
    @Test(arguments: [ClaimRole.main, .additional])
    func aPortOnTwoChassisIsReachedOnBoth(role: ClaimRole) {
        var inputs = inputs()
        inputs.ports[0].1.chassis = role == .main ? row(1) : row(2)
        inputs.ports[0].1.additionalChassis = role == .main ? [row(2)] : [row(1)]
        inputs.groups[0].ports = [row(10), row(12)]
        var builder = PhysicalBuilder(inputs)
        let view = builder.build()
        let port = view.ports[PortReference(datapath: 1, port: 1)]
        #expect(port?.place == .here(vport: 5))
        #expect(port?.alsoAt.map(\.remote.description) == ["192.0.2.2"])
        let group = view.groups[PortReference(datapath: 1, port: 32768)]
        #expect(group?.local == [1])
        #expect(group?.remote.map(\.remote.description) == ["192.0.2.2"])
    }

    @Test func aBadRowIsReportedAlone() {
        var builder = PhysicalBuilder(inputs())
        let view = builder.build()
        let port = view.ports[PortReference(datapath: 1, port: 1)]
        #expect(port?.portSecurity.count == 1)
        #expect(builder.problems.count == 1)
        #expect(builder.problems.first?.contains("here") == true)
    }

    @Test func aStaticBindingOverridesOnlyWhenItSaysSo() {
        var more = inputs()
        more.neighbours = [
            SB.MACBinding(
                logicalPort: "r-s", ip: "10.0.0.1", mac: "02:00:00:00:00:01", datapath: routerRow)
        ]
        more.staticNeighbours = [
            SB.StaticMACBinding(
                logicalPort: "r-s", ip: "10.0.0.1", mac: "02:00:00:00:00:02",
                overrideDynamicMAC: false, datapath: routerRow)
        ]
        let key = NeighbourKey(
            port: PortReference(datapath: 2, port: 1), address: .v4(IPv4Address(0x0a00_0001)))
        var weak = PhysicalBuilder(more)
        #expect(weak.build().neighbours[key]?.bits == 0x02_0000_0000_01)
        more.staticNeighbours[0].overrideDynamicMAC = true
        var strong = PhysicalBuilder(more)
        #expect(strong.build().neighbours[key]?.bits == 0x02_0000_0000_02)
    }

    @Test func zonesThatDoNotMeetHaveNoTunnel() {
        var more = inputs()
        more.transportZones = ["a"]
        #expect(TunnelChoice(more).endpoints.isEmpty)
        more.chassis[row(2)]?.transportZones = ["a", "b"]
        #expect(TunnelChoice(more).endpoints.count == 1)
    }
}
