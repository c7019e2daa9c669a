import AgentCore
import Schemas
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

    /// Each is named with the text that was refused and the key it stands under; what can be used
    /// of the same value is used.
    @Test(
        arguments: [
            ("hostname", "h", nil), ("ovn-cms-options", "anything goes", nil),
            ("ovn-remote-probe-interval", "-1", "\"-1\": not a number of milliseconds"),
            (
                "ovn-remote-probe-interval", "9223372036854775807",
                "\"9223372036854775807\": not a number of milliseconds"
            ),
            ("ovn-monitor-all", "TRUE", "\"TRUE\": neither \"true\" nor \"false\""),
            ("ovn-is-interconn", "1", "\"1\": neither \"true\" nor \"false\""),
            ("ovn-cleanup-on-exit", "", "\"\": neither \"true\" nor \"false\""),
            ("ovn-encap-csum", "no", "\"no\": neither \"true\" nor \"false\""),
            ("ovn-encap-type", "geneve,gre", "\"gre\": unknown encapsulation"),
            ("ovn-encap-ip", "192.0.2.1,192.0.2.256", "\"192.0.2.256\": not an IP address"),
            ("ovn-encap-ip-default", "192.0.2.9", "\"192.0.2.9\": not one of ovn-encap-ip"),
            ("ct-zone-range", "0-10", "\"0-10\": no range of zones"),
            ("ct-zone-range", "7-70000", "\"7-70000\": no range of zones"),
            ("ct-zone-range", "9-7", "\"9-7\": no range of zones"),
            ("garp-max-timeout-sec", "-3", "\"-3\": not a number of seconds"),
            ("ovn-bridge-mappings", "n:br,:x", "\":x\": not of the form NETWORK:BRIDGE"),
            ("ovn-encap-tos", "inherit", nil), ("ovn-encap-tos", "0x28", nil),
            ("ovn-encap-tos", "256", "\"256\": neither \"inherit\" nor a number of 8 bits"),
            ("ovn-encap-df_default", "no", "\"no\": neither \"true\" nor \"false\""),
            ("ovn-encap-df_default", "true", nil), ("ovn-bridge-datapath-type", "system", nil),
            ("ovn-bridge-datapath-type", "netdev", "\"netdev\": not supported"),
            ("ovn-match-northd-version", "1", "\"1\": neither \"true\" nor \"false\""),
            ("ovn-trim-timeout-ms", "x", "\"x\": not a number of milliseconds"),
            ("arp-nd-max-timeout-sec", "-1", "\"-1\": not a number of seconds"),
            ("ovn-chassis-mac-mappings", "n:0a:00:00:00:00:01,m:0a:00:00:00:00:02", nil),
            (
                "ovn-chassis-mac-mappings", "n:0a:00:00:00:00:01,m:0a:00",
                "\"m:0a:00\": not of the form NETWORK:MAC"
            ),
            ("ovn-evpn-vxlan-ports", "4789", "\"4789\": not supported"),
            ("arp-nd-max-timeout-sec", "0", nil),
            (
                "ovn-bridge-remote", "tcp:127.0.0.1:6653",
                "\"tcp:127.0.0.1:6653\": without effect: there is no OpenFlow connection"
            ),
            (
                "ovn-memlimit-lflow-cache-kb", "1048576",
                "\"1048576\": without effect: the compiled flows are kept once, and all of them are needed"
            ),
            ("ovn-enable-lflow-cache", "true", nil), ("ovn-enable-flow-based-tunnels", "true", nil),
            (
                "ovn-enable-flow-based-tunnels", "false",
                "\"false\": without effect: all chassis share a tunnel device"
            ),
        ] as [(String, String, String?)])
    func aBadValueIsNamedWithItsKey(_ key: String, _ value: String, _ complaint: String?) {
        var keys = ["system-id": "hv1"]
        keys[key] = value
        let place = "Open_vSwitch.external_ids:\(key)"
        let read = configuration(keys)
        #expect(read.problems.map(\.description) == (complaint.map { ["\(place) \($0)"] } ?? []))
        // The suffixed key is the one that counts, so it is the one that is named.
        keys["\(key)-hv1"] = value
        keys[key] = nil
        #expect(
            configuration(keys).problems.map(\.description)
                == (complaint.map { ["\(place)-hv1 \($0)"] } ?? []))
    }

    /// Congestion is marked by networks, not by configurations.
    @Test func outerPacketsHaveTheServiceThatIsAskedFor() {
        #expect(configuration([:]).encapsulationService == .fixed(0))
        #expect(configuration([:]).encapsulationIsWhole)
        for (text, service) in [
            ("inherit", TunnelService.inherited), ("40", .fixed(40)), ("0x2b", .fixed(0x28)),
        ] {
            #expect(configuration(["ovn-encap-tos": text]).encapsulationService == service)
        }
        #expect(!configuration(["ovn-encap-df_default": "false"]).encapsulationIsWhole)
    }

    @Test func theLongestAnnouncementIsInMilliseconds() {
        #expect(configuration(["garp-max-timeout-sec": "2"]).longestAnnouncement == 2000)
        #expect(configuration(["garp-max-timeout-sec": "0"]).longestAnnouncement == nil)
    }

    @Test func nextHopsAreAskedForEverUnlessItIsSaidOtherwise() {
        #expect(configuration([:]).longestProbe == 16_000)
        #expect(configuration(["arp-nd-max-timeout-sec": "3"]).longestProbe == 3000)
        #expect(configuration(["arp-nd-max-timeout-sec": "0"]).longestProbe == nil)
    }

    @Test func memoryIsLookedAtWhenTheAdministratorSays() {
        #expect(configuration([:]).trimDelay == nil)
        #expect(configuration(["ovn-trim-timeout-ms": "250"]).trimDelay == 250)
    }

    /// Without the key any northd is followed; with it, one of this release.
    @Test func theReleaseOfNorthdMayBeWanted() {
        let same = SB.SBGlobal(options: ["northd_internal_version": Release.internalVersion])
        let other = SB.SBGlobal(options: ["northd_internal_version": "23.03.1-20.27.0-70.6"])
        let any = configuration([:])
        #expect([same, other, SB.SBGlobal()].allSatisfy { any.foreignVersion(of: $0) == nil })
        let own = configuration(["ovn-match-northd-version": "true"])
        #expect(own.foreignVersion(of: same) == nil)
        #expect(own.foreignVersion(of: other) == "23.03.1-20.27.0-70.6")
        #expect(own.foreignVersion(of: SB.SBGlobal()) == "")
        #expect(own.foreignVersion(of: nil) == "")
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
