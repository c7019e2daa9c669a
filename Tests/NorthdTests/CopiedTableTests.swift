import OVSDBModel
import OVSDBSession
import Schemas
import Testing

@testable import Northd

@Suite struct CopiedTableTests {
    @Test func namesAreAnsweredOnTheirSwitches() {
        let network = TestNetwork()
        let records = ["vm1.ovn.org": "10.0.0.4 FD00::4"]
        let dns = network.insert(NB.DNS(records: records, options: ["ovn-owned": "true"]))
        let s1 = network.addSwitch("s1") { $0.dnsRecords = [dns] }
        network.addSwitch("s2")
        network.settle()
        let datapath = network.rows(SB.DatapathBinding.self).first { $0.row.nbUUID == s1 }
        #expect(
            network.rows(SB.DNS.self) == [
                Identified(
                    uuid: dns,
                    row: SB.DNS(
                        records: ["vm1.ovn.org": "10.0.0.4 fd00::4"],
                        datapaths: [datapath?.uuid ?? .zero], options: ["ovn-owned": "true"]))
            ])
        #expect(
            network.flows("ls_in_dns_lookup", on: "s1").first
                == "[100] udp.dst == 53 -> reg0[4] = dns_lookup(); next;")
        #expect(
            network.flows("ls_in_dns_response", on: "s1").first
                == "[100] udp.dst == 53 && reg0[4] && ip4 -> eth.dst <-> eth.src; ip4.src <-> ip4.dst; udp.dst = udp.src; udp.src = 53; outport = inport; flags.loopback = 1; output;"
        )
        #expect(network.flows("ls_in_dns_lookup", on: "s2").count == 1)
        network.change(NB.LogicalSwitch.self, s1) { $0.dnsRecords = [] }
        network.settle()
        #expect(network.rows(SB.DNS.self).isEmpty)
        #expect(network.flows("ls_in_dns_lookup", on: "s1").count == 1)
    }

    @Test func aSwitchThatGoesTakesItsNamesAlong() {
        let network = TestNetwork()
        let dns = network.insert(NB.DNS(records: ["a": "10.0.0.4"]))
        let s1 = network.addSwitch("s1") { $0.dnsRecords = [dns] }
        network.addSwitch("s2") { $0.dnsRecords = [dns] }
        network.settle()
        #expect(network.rows(SB.DNS.self).first?.row.datapaths.count == 2)
        network.edit { $0.delete(NB.LogicalSwitch.self, s1) }
        network.settle()
        #expect(network.rows(SB.DNS.self).first?.row.datapaths.count == 1)
    }

    @Test func templateVariables() {
        let network = TestNetwork()
        let row = NB.ChassisTemplateVar(chassis: "hv1", variables: ["vip": "10.0.0.1"])
        let uuid = network.insert(row)
        network.settle()
        #expect(
            network.rows(SB.ChassisTemplateVar.self) == [
                Identified(
                    uuid: uuid,
                    row: SB.ChassisTemplateVar(chassis: "hv1", variables: ["vip": "10.0.0.1"]))
            ])
    }

    @Test func staticNeighboursFollowTheirPort() {
        let network = TestNetwork()
        let uuid = network.insert(
            NB.StaticMACBinding(
                logicalPort: "r1-s1", ip: "10.0.0.9", mac: "02:00:00:00:00:09",
                overrideDynamicMAC: true))
        network.settle()
        #expect(network.rows(SB.StaticMACBinding.self).isEmpty)
        #expect(
            network.problems == [
                "Static_MAC_Binding logical_port: no router port is called \"r1-s1\""
            ])
        let r1 = network.addRouter("r1")
        network.addRouterPort(
            "r1-s1", to: r1, mac: "02:00:00:00:01:01", networks: ["10.0.0.254/24"])
        network.settle()
        let datapath = network.rows(SB.DatapathBinding.self).first { $0.row.nbUUID == r1 }
        #expect(
            network.rows(SB.StaticMACBinding.self) == [
                Identified(
                    uuid: uuid,
                    row: SB.StaticMACBinding(
                        logicalPort: "r1-s1", ip: "10.0.0.9", mac: "02:00:00:00:00:09",
                        overrideDynamicMAC: true, datapath: datapath?.uuid ?? .zero))
            ])
        network.edit { $0.delete(NB.LogicalRouter.self, r1) }
        network.settle()
        #expect(network.rows(SB.StaticMACBinding.self).isEmpty)
    }

    @Test func chassisMayWriteWhatTheRoleSays() throws {
        let network = TestNetwork()
        let role = try #require(network.rows(SB.RBACRole.self).first?.row)
        #expect(role.name == "ovn-controller" && role.permissions.count == 11)
        let permission = network.southbound.replica[
            SB.RBACPermission.self, role.permissions["Port_Binding"] ?? .zero]
        #expect(permission?.insertDelete == false && permission?.authorization == [""])
        #expect(permission?.update.contains("virtual_parent") == true)
        network.editSouthbound {
            $0.delete(SB.RBACRole.self, network.rows(SB.RBACRole.self)[0].uuid)
        }
        network.settle()
        #expect(network.rows(SB.RBACRole.self).map(\.row) == [role])
    }

    @Test func sessionsAreOpenWhileARouteNeedsThem() {
        let network = TestNetwork()
        let r1 = network.addRouter("r1")
        network.addRouterPort(
            "r1-s1", to: r1, mac: "02:00:00:00:01:01", networks: ["10.0.0.254/24"])
        let bfd = network.insert(NB.BFD(logicalPort: "r1-s1", dstIP: "10.0.0.9", minTx: 250))
        network.settle()
        func status() -> String? { network.northbound.replica[NB.BFD.self, bfd]?.status }
        func session() -> SB.BFD? { network.rows(SB.BFD.self).first?.row }
        #expect(session()?.status == "admin_down" && status() == "admin_down")
        #expect(session()?.minTx == 250 && session()?.minRx == 1000 && session()?.detectMult == 5)
        #expect((session()?.srcPort ?? 0) >= 49152 && session()?.disc != 0)
        let route = network.addRoute("10.1.0.0/16", via: "10.0.0.9", on: r1) { $0.bfd = bfd }
        network.settle()
        #expect(session()?.status == "down" && status() == "down")
        let before = session()
        network.editSouthbound {
            $0.update(network.rows(SB.BFD.self)[0].uuid, [.status], of: SB.BFD(status: "up"))
        }
        network.settle()
        #expect(session()?.status == "up" && status() == "up", "a chassis says how it is")
        network.restartNorthd()
        network.settle()
        #expect(session()?.srcPort == before?.srcPort && session()?.disc == before?.disc)
        network.edit {
            $0.mutate(NB.LogicalRouter.self, r1, .staticRoutes, .delete(.ofSet([route])))
        }
        network.settle()
        #expect(session()?.status == "admin_down" && status() == "admin_down")
        network.edit { $0.delete(NB.BFD.self, bfd) }
        network.settle()
        #expect(session() == nil)
    }

    @Test func delegatedPrefixesAreToldToTheConfiguration() {
        let network = TestNetwork()
        let r1 = network.addRouter("r1")
        let port = network.addRouterPort(
            "r1-s1", to: r1, mac: "02:00:00:00:01:01", networks: ["10.0.0.254/24"]
        ) { $0.options["prefix"] = "true" }
        network.settle()
        network.changeBinding("r1-s1") { $0.options["ipv6_ra_pd_list"] = "14:fd00:1::/64" }
        network.settle()
        func prefixes() -> [String]? {
            network.northbound.replica[NB.LogicalRouterPort.self, port]?.ipv6Prefix
        }
        #expect(prefixes() == ["fd00:1::/64"])
        #expect(network.binding("r1-s1")?.options["ipv6_ra_pd_list"] == "14:fd00:1::/64")
        network.change(NB.LogicalRouterPort.self, port) { $0.options = [:] }
        network.settle()
        #expect(prefixes() == [])
    }
}
