import AgentCore
import Testing
import Wire

@Suite struct ChassisConfigurationTests {
    private func configuration(_ keys: [String: String], name: String? = nil)
        -> ChassisConfiguration
    {
        ChassisConfiguration(externalIDs: keys, commandLineName: name, hostname: "host.example")
    }

    @Test func keysWithTheChassisSuffixWin() {
        let read = configuration([
            "system-id": "hv1", "ovn-bridge": "br-int", "ovn-bridge-hv1": "br-a",
            "ovn-bridge-hv2": "br-b",
        ])
        #expect(read.name == "hv1")
        #expect(read.integrationBridge == "br-a")
        #expect(configuration(["system-id": "hv1"], name: "hv9").name == "hv9")
    }

    @Test func encapsulationsAreTheProductBestFirst() throws {
        let read = configuration([
            "system-id": "hv1", "ovn-encap-type": "vxlan,geneve",
            "ovn-encap-ip": "192.0.2.1, 2001:db8::1", "ovn-encap-ip-default": "2001:db8::1",
        ])
        #expect(read.problems.isEmpty)
        let shown = read.encapsulations.map { "\($0.type) \($0.address) \($0.isDefault)" }
        #expect(
            shown == [
                "geneve 192.0.2.1 false", "geneve 2001:db8::1 true", "vxlan 192.0.2.1 false",
                "vxlan 2001:db8::1 true",
            ])
    }

    @Test func aBadValueIsNamedAndCostsNothingElse() {
        let read = configuration([
            "system-id": "hv1", "ovn-encap-type": "stt,geneve",
            "ovn-encap-ip": "nonsense,192.0.2.1",
            "ovn-monitor-all": "yes", "ovn-remote-probe-interval": "soon",
            "ovn-bridge-mappings": "physnet1:br-ex,broken",
        ])
        #expect(
            read.problems.map(\.key) == [
                "ovn-remote-probe-interval", "ovn-monitor-all", "ovn-bridge-mappings",
                "ovn-encap-type", "ovn-encap-ip",
            ])
        #expect(read.encapsulations.count == 1)
        #expect(read.monitorsEverything == false)
        #expect(read.southboundProbeInterval == 5000)
        #expect(read.bridgeMappings == ["physnet1": "br-ex"])
    }

    @Test func theProbeIntervalHasAFloorAndAnOff() {
        #expect(
            configuration(["ovn-remote-probe-interval": "10"]).southboundProbeInterval == 1000)
        #expect(configuration(["ovn-remote-probe-interval": "0"]).southboundProbeInterval == 0)
    }

    @Test func rowsAreMadeOfConfigurationAndFeatures() throws {
        let read = configuration([
            "system-id": "hv1", "ovn-encap-type": "geneve", "ovn-encap-ip": "192.0.2.1",
            "ovn-cms-options": "enable-chassis-as-gw",
        ])
        let rows = try #require(
            ChassisRows(
                configuration: read, datapathType: "system", interfaceTypes: ["vxlan", "geneve"],
                features: [.portUpNotification]))
        #expect(rows.otherConfig["port-up-notif"] == "true")
        #expect(rows.otherConfig["ct-commit-nat-v2"] == nil)
        #expect(rows.otherConfig["iface-types"] == "geneve,vxlan")
        #expect(rows.otherConfig["ovn-cms-options"] == "enable-chassis-as-gw")
        #expect(rows.encaps.map(\.options) == [["csum": "true"]])
    }

    @Test func withoutAFreeEncapsulationThereIsNoChassis() {
        let read = configuration([
            "system-id": "hv1", "ovn-encap-type": "geneve", "ovn-encap-ip": "192.0.2.1",
        ])
        #expect(
            ChassisRows(
                configuration: read, datapathType: "system", interfaceTypes: [], features: [],
                taken: [ChassisRows.key("geneve", "192.0.2.1")]) == nil)
        #expect(
            ChassisRows(
                configuration: configuration(["ovn-encap-ip": "192.0.2.1"]),
                datapathType: "system", interfaceTypes: [], features: []) == nil)
    }
}
