import Datapath
import Pipeline
import Schemas
import Testing
import Wire

@testable import AgentCore

/// Meters of the configuration on what flows hand to the agent (`Logical_Flow.controller_meter`).
@Suite struct ControlMeterTests {
    private static func translate(
        _ match: String, _ actions: String, _ frame: [UInt8], meter: String? = "m"
    ) -> Translation {
        let network = ServiceNetwork()
        network.control.flow(
            1, .ingress, 0, 100, match, actions, controllerMeter: meter)
        network.flow("1", "next;", priority: 0)
        network.flow("1", "outport = \"p2\"; output;", table: 1)
        var translator = Translator()
        return translator.translate(
            SwitchTranslationTests.input(frame, on: 1), in: network.control.snapshot())
    }

    @Test func answersAreMetered() {
        let answer = Self.translate(
            "ip", "reject { outport = inport; flags.loopback = 1; output; };",
            Frames.udp(Frames.a, Frames.b))
        #expect(answer.emissions?.map(\.meter) == ["m"])
        let free = Self.translate(
            "ip", "reject { outport = inport; flags.loopback = 1; output; };",
            Frames.udp(Frames.a, Frames.b), meter: nil)
        #expect(free.emissions?.map(\.meter) == [nil])
    }

    /// What is taught is metered, the packet that teaches it is not.
    @Test func lessonsAreMetered() throws {
        let frame = Frames.arpRequest(Frames.a, "10.0.0.1", "10.0.0.9")
        let lesson = Self.translate("arp", "put_arp(inport, arp.spa, arp.sha); next;", frame)
        #expect(lesson.effects.count == 1)
        #expect(lesson.meters == [try #require(lesson.effects.first): "m"])
        #expect(lesson.emissions == nil)
        #expect(!lesson.actions.isEmpty)
    }

    @Test func eventsAreMetered() throws {
        let event = Self.translate(
            "ip4", "handle_svc_check(inport);", Frames.udp(Frames.a, Frames.b))
        #expect(event.meters == [try #require(event.effects.first): "m"])
    }

    @Test func packetsPass() {
        var meters = ControlMeters()
        let rate = MeterRate(.packetsPerSecond, rate: 10, burst: 3)
        func admitted(_ name: String, _ now: Milliseconds) -> Int {
            (0..<10).filter { _ in meters.admits(name, rate, bytes: 1500, now: now) }.count
        }
        #expect(admitted("a", 0) == 3)
        #expect(admitted("b", 0) == 3, "each meter is its own")
        #expect(admitted("a", 99) == 0)
        #expect(admitted("a", 200) == 2)
        #expect(admitted("a", 1_000_000) == 3, "no more than the burst")
    }

    @Test func bitsPass() {
        var meters = ControlMeters()
        let rate = MeterRate(.kilobitsPerSecond, rate: 8, burst: 16)
        func admitted(_ bytes: Int, _ now: Milliseconds) -> Int {
            (0..<10).filter { _ in meters.admits("a", rate, bytes: bytes, now: now) }.count
        }
        #expect(admitted(1000, 0) == 2)
        #expect(admitted(1000, 999) == 0)
        #expect(admitted(1000, 1000) == 1)
    }

    @Test func nothingPassesARateOfZero() {
        var meters = ControlMeters()
        let rate = MeterRate(.packetsPerSecond, rate: 0, burst: 0)
        let passed = [0, 1_000_000].map { meters.admits("a", rate, bytes: 1, now: $0) }
        #expect(passed == [false, false])
    }

    @Test func theConfigurationMayChange() {
        var meters = ControlMeters(limit: 2)
        func isAdmitted(_ name: String, _ rate: UInt32?) -> Bool {
            meters.admits(
                name, rate.map { MeterRate(.packetsPerSecond, rate: $0, burst: $0) }, bytes: 1,
                now: 0)
        }
        let seen = [
            isAdmitted("a", 1), isAdmitted("a", 1), isAdmitted("a", nil), isAdmitted("a", 2),
            isAdmitted("b", 1), isAdmitted("c", 1), isAdmitted("b", 1),
        ]
        #expect(seen == [true, false, true, true, true, true, true])
    }

    @Test func theFeedReadsTheColumn() {
        let feed = PipelineFeed()
        var rows = SouthboundRows()
        let datapath = rows.datapath("s1", 1)
        rows.add(
            SB.LogicalFlow(
                logicalDatapath: datapath, pipeline: "ingress", tableID: 0, priority: 1,
                match: "ip", actions: "handle_svc_check(inport);", controllerMeter: "m"))
        feed.apply(rows.takeChanges())
        let snapshot = feed.current(rows.replica, chassis: nil, name: nil)
        var view = PhysicalView()
        let port = PortReference(datapath: 1, port: 1)
        view.ports[port] = PhysicalPort(reference: port, name: "a", place: .here(vport: 1))
        view.inputs[1] = port
        var translator = Translator()
        let translation = translator.translate(
            SwitchTranslationTests.input(Frames.udp(Frames.a, Frames.b), on: 1),
            in: TranslationSnapshot(revision: 1, pipeline: snapshot, view: view))
        #expect(translation.meters.values.sorted() == ["m"])
    }
}
