import OVSDBModel
import OVSDBSession
import Schemas
import Testing
import Wire

@testable import AgentCore

/// Who gets samples, from rows.
@Suite struct SamplingPassTests {
    private struct Machine {
        var database = LocalDatabase(OVS.schema)
        let bridge: RowUUID

        init() {
            bridge = database.insert(OVS.Bridge(name: "br-int"))
            let other = database.insert(OVS.Bridge(name: "br-ex"))
            database.insert(
                OVS.OpenVSwitch(bridges: [bridge, other], externalIDs: ["system-id": "hv1"]))
        }

        mutating func set(
            _ id: Int, bridge: RowUUID? = nil, group: Int? = nil, _ ipfix: OVS.IPFIX? = nil
        ) {
            let row = ipfix.map { database.insert($0) }
            database.insert(
                OVS.FlowSampleCollectorSet(
                    id: id, bridge: bridge ?? self.bridge, ipfix: row, localGroupID: group))
        }

        func pass(withoutLocalSamples release: String? = nil) throws -> SamplingPass {
            let system = try #require(
                LocalSystem(database.replica, commandLineName: nil, hostname: "h"))
            return SamplingPass(
                system, database.replica, kernelWithoutLocalSamples: release)
        }
    }

    @Test func aRowIsAnExporter() throws {
        var machine = Machine()
        machine.set(
            4_294_967_295,
            OVS.IPFIX(
                targets: ["192.0.2.9:4242", "[2001:db8::9]:1"], sampling: 400, obsDomainID: 3,
                obsPointID: 4, cacheActiveTimeout: 60, cacheMaxFlows: 100, statsInterval: 5,
                templateInterval: 7,
                otherConfig: ["virtual_obs_id": "v", "enable-tunnel-sampling": "false"]))
        let pass = try machine.pass()
        #expect(pass.problems.isEmpty)
        #expect(pass.sets == [.max: CollectorSet(isExported: true)])
        let wanted = ExporterConfiguration(
            targets: [
                CollectorTarget(address: .v4(IPv4Address(0xc000_0209)), port: 4242),
                try #require(CollectorTarget(parsing: "[2001:db8::9]:1")),
            ], activeTimeoutSeconds: 60, largestCache: 100, templateSeconds: 7,
            statisticsSeconds: 5, showsTunnels: false, virtualObservation: [0x76])
        #expect(pass.exporters == [.max: wanted])
    }

    /// A server with another schema may have any number.
    @Test(arguments: [Int.max, .min, -1, 1 << 40])
    func numbersKeepToTheSchema(_ number: Int) throws {
        var machine = Machine()
        machine.set(
            1,
            OVS.IPFIX(
                targets: ["192.0.2.9"], cacheActiveTimeout: number, cacheMaxFlows: number,
                statsInterval: number, templateInterval: number))
        machine.set(number, group: number)
        let exporter = try #require(try machine.pass().exporters[1])
        #expect(exporter.activeTimeoutSeconds == (number > 0 ? 4200 : 0))
        #expect(exporter.largestCache == (number > 0 ? 1 << 20 : 0))
        #expect(exporter.templateSeconds == (number > 0 ? 3600 : 1))
        #expect(exporter.statisticsSeconds == (number > 0 ? 3600 : 1))
    }

    @Test func whatARowDoesNotSayIsStandard() throws {
        var machine = Machine()
        machine.set(1, OVS.IPFIX(targets: ["192.0.2.9"]))
        let exporter = try #require(try machine.pass().exporters[1])
        #expect(
            exporter
                == ExporterConfiguration(
                    targets: [CollectorTarget(address: .v4(IPv4Address(0xc000_0209)), port: 4739)],
                    activeTimeoutSeconds: 0, largestCache: 0, templateSeconds: 600,
                    statisticsSeconds: 600, showsTunnels: true, virtualObservation: nil))
    }

    /// A misspelt target is told by its set and its text; the others are sent to.
    @Test func aMisspeltTargetHindersNoOther() throws {
        var machine = Machine()
        machine.set(1, OVS.IPFIX(targets: ["192.0.2.9:4242", "collector:4739"]))
        machine.set(2, OVS.IPFIX(targets: ["192.0.2:1"]))
        let pass = try machine.pass()
        #expect(pass.exporters[1]?.targets.map(\.description) == ["192.0.2.9:4242"])
        #expect(pass.sets[2] == nil)
        #expect(
            pass.problems == [
                "Flow_Sample_Collector_Set 1: IPFIX target \"collector:4739\" is no address with a "
                    + "port (as 192.0.2.1:4739 or [2001:db8::1]:4739)",
                "Flow_Sample_Collector_Set 2: IPFIX target \"192.0.2:1\" is no address with a "
                    + "port (as 192.0.2.1:4739 or [2001:db8::1]:4739)",
            ])
    }

    @Test func localListenersNeedAKernelThatHasThem() throws {
        var machine = Machine()
        machine.set(1, group: 10)
        machine.set(2, group: 11, OVS.IPFIX(targets: ["192.0.2.9:4242"]))
        #expect(
            try machine.pass().sets == [
                1: CollectorSet(isExported: false, group: 10),
                2: CollectorSet(isExported: true, group: 11),
            ])
        let old = try machine.pass(withoutLocalSamples: "6.1.0-13-amd64")
        #expect(old.sets == [2: CollectorSet(isExported: true)])
        #expect(
            old.problems.first
                == "Flow_Sample_Collector_Set 1: local_group_id 10 gets no samples: kernel "
                + "6.1.0-13-amd64 has no action psample (Linux 6.11 has)")
    }

    /// Flows are those of the integration bridge.
    @Test func setsOfOtherBridgesAreTheirs() throws {
        var machine = Machine()
        machine.set(1, bridge: RowUUID(high: 9, low: 9), OVS.IPFIX(targets: ["192.0.2.9:1"]))
        machine.set(2)
        let pass = try machine.pass()
        #expect(pass.sets.isEmpty)
        #expect(pass.problems.isEmpty)
    }

    @Test func whatSamplesWholeBridgesIsRefusedByName() throws {
        var machine = Machine()
        let row = machine.database.insert(OVS.IPFIX(targets: ["192.0.2.9:1"]))
        machine.database.update(OVS.Bridge.self, machine.bridge) { $0.ipfix = row }
        #expect(
            try machine.pass().problems == [
                "Bridge br-int: ipfix is not supported, flows are sampled by "
                    + "Flow_Sample_Collector_Set"
            ])
    }

    @Test func aVirtualObservationThatIsTooLongIsTold() throws {
        var machine = Machine()
        let long = String(repeating: "x", count: 255)
        machine.set(
            1, OVS.IPFIX(targets: ["192.0.2.9:1"], otherConfig: ["virtual_obs_id": long]))
        let pass = try machine.pass()
        #expect(pass.exporters[1]?.virtualObservation == nil)
        #expect(
            pass.problems == [
                "Flow_Sample_Collector_Set 1: IPFIX virtual_obs_id has 255 bytes, of at most 254"
            ])
    }

    @Test(arguments: ["", ":1", "192.0.2.1:0", "192.0.2.1:65536", "[192.0.2.1]:1", "::1:", "[::1"])
    func noAddressIsNoTarget(_ text: String) {
        #expect(CollectorTarget(parsing: text) == nil)
    }

    @Test func addressesOfBothFamiliesAreTargets() {
        #expect(CollectorTarget(parsing: "[::1]:5")?.description == "[::1]:5")
        #expect(CollectorTarget(parsing: "::1")?.description == "[::1]:4739")
        #expect(CollectorTarget(parsing: "[::1]")?.port == 4739)
    }
}
