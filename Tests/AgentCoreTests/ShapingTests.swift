import OVSDBModel
import OVSDBSession
import Schemas
import Testing

@testable import AgentCore

/// A host with a provider bridge and its network card.
private struct ShapedHost {
    var database = LocalDatabase(OVS.schema)
    var port = RowUUID(high: 0, low: 0)
    var kernel = KernelPorts()

    init() {
        let card = database.insert(OVS.Interface(name: "eth1"))
        let own = database.insert(OVS.Interface(name: "br-ex", type: "internal"))
        port = database.insert(OVS.Port(name: "eth1", interfaces: [card]))
        let local = database.insert(OVS.Port(name: "br-ex", interfaces: [own]))
        let bridge = database.insert(OVS.Bridge(name: "br-ex", ports: [port, local]))
        database.insert(
            OVS.OpenVSwitch(
                bridges: [bridge],
                externalIDs: ["system-id": "hv1", "ovn-bridge-mappings": "physnet:br-ex"]))
        kernel.interfaces["eth1"] = KernelInterface(
            name: "eth1", vport: 2, interfaceIndex: 7, address: .zero, mtu: 1500, isUp: true,
            hasCarrier: true)
    }

    func system() throws -> LocalSystem {
        try #require(LocalSystem(database.replica, commandLineName: nil, hostname: "h"))
    }

    /// Carries out what the rates ask for.
    @discardableResult
    mutating func keep(_ rates: [PortRate]) throws -> RateRows {
        let rows = RateRows(try system(), database.replica, rates)
        var transaction = TransactionBuilder()
        var fresh = database
        rows.write(into: &transaction, placeholder: { fresh.makeUUID() })
        try fresh.commit(transaction)
        database = fresh
        return rows
    }

    func shaping() throws -> LocalShaping {
        LocalShaping(try system(), database.replica, kernel)
    }

    mutating func qos(_ row: OVS.QoS, queues: [Int: OVS.Queue] = [:]) {
        var row = row
        for (number, queue) in queues { row.queues[number] = database.insert(queue) }
        let uuid = database.insert(row)
        database.update(OVS.Port.self, port) { $0.qos = uuid }
    }
}

private let slow = PortRate(
    port: "a", network: "physnet", queue: 1, minimum: 1_000_000, maximum: 8_000_000,
    burst: 800_000)

@Suite struct RateRowTests {
    @Test func whatAPortMaySendIsRead() {
        let binding = SB.PortBinding(
            logicalPort: "a",
            options: [
                "qdisc_queue_id": "1", "qos_physical_network": "physnet",
                "qos_min_rate": "1000000", "qos_max_rate": "8000000", "qos_burst": "800000",
            ])
        #expect(PortRate(binding) == slow)
        for key in ["qdisc_queue_id", "qos_physical_network"] {
            var without = binding
            without.options[key] = nil
            #expect(PortRate(without) == nil, "\(key)")
        }
        var high = binding
        high.options["qdisc_queue_id"] = "61441"
        #expect(PortRate(high) == nil)
    }

    @Test func aRateIsAQueueAtTheNetworkCard() throws {
        var host = ShapedHost()
        try host.keep([slow])
        let found = host.database.replica[OVS.Port.self, host.port]?.qos
        let discipline = try #require(found)
        let qos = try #require(host.database.replica[OVS.QoS.self, discipline])
        #expect(qos.type == "linux-htb")
        #expect(qos.externalIDs == ["ovn_qos": "true"])
        let first = try #require(qos.queues[1])
        let queue = try #require(host.database.replica[OVS.Queue.self, first])
        #expect(
            queue.otherConfig
                == ["min-rate": "1000000", "max-rate": "8000000", "burst": "800000"])
        #expect(queue.externalIDs == ["ovn_port": "a"])

        let before = host.database.replica.rows(OVS.Queue.self).map(\.uuid)
        try host.keep([slow])
        #expect(host.database.replica.rows(OVS.Queue.self).map(\.uuid) == before)
    }

    @Test func aRateThatGoesLeavesNothing() throws {
        var host = ShapedHost()
        let other = PortRate(port: "b", network: "physnet", queue: 2, maximum: 1_000_000)
        try host.keep([slow, other])
        #expect(host.database.replica.rows(OVS.Queue.self).count == 2)
        try host.keep([other])
        let qos = try #require(host.database.replica.rows(OVS.QoS.self).first)
        #expect(Array(qos.row.queues.keys) == [2])
        #expect(host.database.replica.rows(OVS.Queue.self).count == 1)
        try host.keep([])
        #expect(host.database.replica.rows(OVS.QoS.self).isEmpty)
        #expect(host.database.replica.rows(OVS.Queue.self).isEmpty)
        #expect(host.database.replica[OVS.Port.self, host.port]?.qos == nil)
    }

    @Test func othersKeepTheirRows() throws {
        var host = ShapedHost()
        host.qos(OVS.QoS(type: "linux-htb"), queues: [0: OVS.Queue()])
        let before = host.database.replica.rows(OVS.QoS.self).map(\.uuid)
        let rows = try host.keep([slow])
        #expect(host.database.replica.rows(OVS.QoS.self).map(\.uuid) == before)
        #expect(host.database.replica.rows(OVS.Queue.self).count == 1)
        #expect(
            rows.problems
                == ["port a: its rate is not kept: Port eth1 has a QoS of somebody else"])
    }

    @Test func whereThereIsNoCardItIsSaid() throws {
        var host = ShapedHost()
        let elsewhere = PortRate(port: "a", network: "elsewhere", queue: 1, maximum: 1)
        let rows = try host.keep([elsewhere])
        #expect(
            rows.problems == [
                "port a: its rate is not kept: ovn-bridge-mappings has no bridge for network "
                    + "elsewhere"
            ])
        #expect(host.database.replica.rows(OVS.QoS.self).isEmpty)
    }
}

@Suite struct ShapingTests {
    @Test func queuesBecomeClasses() throws {
        var host = ShapedHost()
        try host.keep([slow])
        let shaping = try #require(host.shaping().devices["eth1"])
        #expect(shaping.classes.keys.sorted() == [1, 2, 0xfffe])
        let top = try #require(shaping.classes[0xfffe])
        #expect(top.rate == HTBShaping.highestRate)
        // 100 000 bytes at a megabyte per second are a tenth of a second, in ticks of 64 ns.
        #expect(
            shaping.classes[2]
                == HTBClass(
                    rate: 125_000, ceiling: 1_000_000, rateBuffer: 12_500_000,
                    ceilingBuffer: 1_562_500, priority: 0))
        let standard = try #require(shaping.classes[1])
        #expect(standard.rate == HTBShaping.lowestRate)
        #expect(standard.ceiling == HTBShaping.highestRate)
    }

    @Test func queuesAreShownWithWhatLeft() throws {
        var host = ShapedHost()
        try host.keep([slow])
        let shaping = try #require(host.shaping().devices["eth1"])
        let text = shaping.text([2: QueueTraffic(packets: 3, bytes: 300, errors: 1)])
        #expect(
            text.hasSuffix(
                "Queue 1:\n  min-rate: 1000000\n  max-rate: 8000000\n  priority: 0\n"
                    + "  tx_packets: 3\n  tx_bytes: 300\n  tx_errors: 1\n"))
        #expect(text.contains("Default:\n") && !text.contains("tx_packets: 0"))
    }

    @Test func anAdministratorsQueuesAreKeptToo() throws {
        var host = ShapedHost()
        host.qos(
            OVS.QoS(type: "linux-htb", otherConfig: ["max-rate": "80000000"]),
            queues: [
                0: OVS.Queue(otherConfig: ["max-rate": "8000000", "priority": "3"])
            ])
        let shaping = try #require(host.shaping().devices["eth1"])
        #expect(shaping.classes.keys.sorted() == [1, 0xfffe])
        #expect(shaping.classes[0xfffe]?.rate == 10_000_000)
        #expect(shaping.classes[1]?.ceiling == 1_000_000)
        #expect(shaping.classes[1]?.priority == 3)
    }

    @Test func aDeviceMayBeLeftToOthers() throws {
        var host = ShapedHost()
        host.qos(OVS.QoS(type: "linux-noop"))
        #expect(try host.shaping().leftAlone == ["eth1"])
        #expect(try host.shaping().problems.isEmpty)
        host.qos(OVS.QoS(type: "linux-hfsc"))
        #expect(try host.shaping().leftAlone == ["eth1"])
        #expect(
            try host.shaping().problems
                == ["Port eth1: QoS type \"linux-hfsc\" is not supported"])
    }

    @Test func stepsLeadFromWhatIsThereToWhatIsWanted() throws {
        let wanted = HTBShaping(maximum: 0, queues: [1: .init(maximum: 8_000_000)], mtu: 1500)
        let fresh = try #require(RootDiscipline.standard.steps(to: wanted))
        #expect(fresh.first == .addDiscipline)
        let numbers = fresh.dropFirst().map { step in
            if case .setClass(let number, _, _) = step { number } else { UInt16(0) }
        }
        #expect(numbers == [0xfffe, 2, 1])

        let done = RootDiscipline.shaping(classes: wanted.classes)
        #expect(done.steps(to: wanted) == [])
        let fewer = HTBShaping(maximum: 0, queues: [:], mtu: 1500)
        #expect(done.steps(to: fewer) == [.removeClass(2)])
        #expect(done.steps(to: nil) == [.removeDiscipline])

        var altered = wanted.classes
        altered[2]?.ceiling = 1
        let again = RootDiscipline.shaping(classes: altered).steps(to: wanted)
        #expect(again == wanted.classes[2].map { [.setClass(2, $0, mtu: 1500)] })
    }

    /// What is not as it was left has been altered; what is wanted otherwise, or was never had, has not.
    @Test func alteredQueuesAreToldFromNewOnes() throws {
        let wanted = HTBShaping(maximum: 0, queues: [1: .init(maximum: 8_000_000)], mtu: 1500)
        let before = HTBShaping(maximum: 0, queues: [:], mtu: 1500)
        let there = RootDiscipline.shaping(classes: wanted.classes)
        #expect(there.plan(for: wanted, after: wanted) == .steps([], isRepair: false))
        var classes = wanted.classes
        classes[2]?.ceiling = 1
        let altered = RootDiscipline.shaping(classes: classes)
        for (found, last, isRepair) in [
            (altered, wanted, true), (altered, before, false), (altered, nil, false),
            (.standard, wanted, true), (.standard, nil, false),
        ] as [(RootDiscipline, HTBShaping?, Bool)] {
            let steps = try #require(found.steps(to: wanted))
            #expect(found.plan(for: wanted, after: last) == .steps(steps, isRepair: isRepair))
        }
    }

    /// Also not where this agent's was before; when it has gone, the device is shaped again.
    @Test func aDisciplineThatHasReplacedOursStays() throws {
        let wanted = HTBShaping(maximum: 0, queues: [:], mtu: 1500)
        let foreign = RootDiscipline.foreign("fq 8001:")
        #expect(foreign.plan(for: wanted, after: wanted) == .refused("fq 8001:"))
        #expect(foreign.plan(for: wanted, after: nil) == .refused("fq 8001:"))
        #expect(foreign.plan(for: nil, after: wanted) == .steps([], isRepair: false))
        let steps = try #require(RootDiscipline.standard.steps(to: wanted))
        #expect(
            RootDiscipline.standard.plan(for: wanted, after: nil)
                == .steps(steps, isRepair: false))
    }

    @Test func whatOthersMadeIsNotTouched() {
        let wanted = HTBShaping(maximum: 0, queues: [:], mtu: 1500)
        #expect(RootDiscipline.foreign("fq 8001:").steps(to: wanted) == nil)
        #expect(RootDiscipline.foreign("fq 8001:").steps(to: nil) == [])
        #expect(RootDiscipline.standard.steps(to: nil) == [])
    }

    @Test func timesThatAreTooLongAreTheLongest() {
        let wanted = HTBShaping(
            maximum: 0, queues: [1: .init(maximum: .max, burst: .max)], mtu: 1500)
        #expect(wanted.classes[2]?.rateBuffer == .max)
        #expect(wanted.classes[2]?.ceiling == UInt64.max / 8)
    }
}
