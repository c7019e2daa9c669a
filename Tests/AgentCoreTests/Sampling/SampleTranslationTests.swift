import Datapath
import Pipeline
import Testing
import Wire

@testable import AgentCore

/// The action `sample`, from the logical flow to the copy that comes up.
@Suite struct SampleTranslationTests {
    private static let exporterPort: UInt32 = 77

    /// Packets of p1 go to p2 behind `actions`; the set 5 is exported.
    private func network(
        _ actions: String, set: CollectorSet? = CollectorSet(isExported: true)
    ) -> Control {
        let control = Control()
        control.port("p1", 1, 1, .here(vport: 1))
        control.port("p2", 1, 2, .here(vport: 2))
        control.flow(1, .ingress, 0, 0, "ip", actions + " outport = \"p2\"; output;")
        control.flow(1, .egress, 0, 0, "1", "output;")
        control.view.collectorSets[5] = set
        return control
    }

    private func host(_ control: Control) -> Host {
        var host = Host(control.snapshot(), ports: TrackingTests.ports)
        host.translator.samplePort = Self.exporterPort
        return host
    }

    private let frame = Frames.udp(Frames.a, Frames.b)

    private func actions(of host: borrowing Host) -> [DatapathAction] {
        host.kernel.dump().first?.actions ?? []
    }

    private func cookie(_ probability: UInt16, point: UInt32, isDropped: Bool = false)
        -> SampleCookie
    {
        var cookie = SampleCookie(
            collectorSet: 5, domain: 0x0300_0001, point: point, probability: probability)
        cookie.isDropped = isDropped
        return cookie
    }

    @Test func everyPacketIsCopiedAndGoesOn() {
        var host = host(
            network(
                "reg3 = 1001; "
                    + "sample(probability=65535,collector_set=5,obs_domain=3,obs_point=reg3);"))
        for number in 1...2 {
            let outcome = host.receive(frame, on: 1)
            #expect(outcome.sent.map(\.port) == [2])
            #expect(outcome.faults.isEmpty)
            #expect(host.sampled.count == number)
        }
        let wanted = cookie(65535, point: 1001)
        #expect(host.sampled.map(\.cookie) == [wanted, wanted])
        #expect(host.sampled.allSatisfy { $0.vport == 1 })
        #expect(host.upcalls == 1, "the second is the kernel's alone")
        #expect(
            actions(of: host) == [
                .userspace(UserspaceAction(port: Self.exporterPort, cookie: wanted.encoded)),
                .output(2),
            ])
    }

    /// The kernel draws lots by a 32-bit number of the same share.
    @Test func theKernelKeepsTheProbability() {
        var host = host(
            network("sample(probability=6554,collector_set=5,obs_domain=3,obs_point=9);"))
        #expect(host.receive(frame, on: 1).sent.map(\.port) == [2])
        let copy = UserspaceAction(
            port: Self.exporterPort, cookie: cookie(6554, point: 9).encoded)
        #expect(
            actions(of: host) == [
                .sample(probability: 0x199a_199a, [.userspace(copy)]), .output(2),
            ])
        #expect(cookie(6554, point: 9).packets == 9)
    }

    @Test func theObservationPointMayBeTheFlow() {
        let control = network("next;")
        control.builder.add(
            FlowRecord(
                id: RowIdentifier(high: 0xdead_beef_0000_0001, low: 2),
                stage: Stage(.ingress, 1), priority: 0, scope: .datapath(DatapathKey(1)),
                match: "1",
                actions:
                    "sample(probability=65535,collector_set=5,obs_domain=3,obs_point=$cookie);"))
        control.flow(1, .ingress, 0, 9, "ip", "next;")
        var host = host(control)
        let outcome = host.receive(frame, on: 1)
        #expect(outcome.sent.isEmpty)
        #expect(
            host.sampled.map(\.cookie) == [cookie(65535, point: 0xdead_beef, isDropped: true)])
    }

    /// A point that comes with the packet's connection is part of what the flow compares.
    @Test func theObservationPointMayBeOfTheConnection() throws {
        let control = network("next;")
        control.flow(1, .ingress, 0, 9, "ip", "ct_next;")
        control.flow(
            1, .ingress, 1, 0, "1",
            "sample(probability=65535,collector_set=5,obs_domain=3,"
                + "obs_point=ct_label.obs_point_id); outport = \"p2\"; output;")
        let snapshot = control.snapshot()
        var translator = Translator()
        translator.samplePort = Self.exporterPort
        var input = SwitchTranslationTests.input(frame, on: 1)
        let number = translator.translate(input, in: snapshot).actions.lazy.compactMap { action in
            if case .recirculate(let number) = action { number } else { nil }
        }.first
        input.key[.recirculationID] = UInt64(try #require(number))
        input.key[.ctState] = ConnectionState.tracked
        input.key[wide: .ctLabel] = UInt128(0x55aa) << 96
        let translation = translator.translate(input, in: snapshot)
        #expect(translation.mask[wide: .ctLabel] >> 96 == 0xffff_ffff)
        let copies = translation.actions.compactMap { action -> SampleCookie? in
            if case .userspace(let copy) = action { SampleCookie(copy.cookie) } else { nil }
        }
        #expect(copies == [cookie(65535, point: 0x55aa)])
    }

    /// A packet that goes nowhere else is sampled as dropped, and counts as dropped here.
    @Test func aDroppedPacketIsSampled() {
        let control = network("next;")
        let flow = control.flow(
            1, .ingress, 1, 0, "1",
            "sample(probability=65535,collector_set=5,obs_domain=3,obs_point=4); /* drop */")
        control.flow(1, .ingress, 0, 9, "ip", "next;")
        var translator = Translator()
        translator.samplePort = Self.exporterPort
        let translation = translator.translate(
            SwitchTranslationTests.input(frame, on: 1), in: control.snapshot())
        #expect(translation.drops.map(\.reason) == [.flow])
        #expect(translation.drops.map(\.flow) == [flow])
        #expect(
            translation.actions == [
                .userspace(
                    UserspaceAction(
                        port: Self.exporterPort,
                        cookie: cookie(65535, point: 4, isDropped: true).encoded))
            ])
    }

    /// What no logical flow drops is sampled by the number of the table in which stock drops it.
    @Test func dropsOfTheChassisAreSampled() throws {
        let control = Control()
        control.port("p1", 1, 1, .here(vport: 1))
        control.port("p2", 1, 2, .nowhere)
        control.flow(1, .ingress, 0, 0, "udp", "outport = \"p2\"; output;")
        control.flow(1, .ingress, 0, 0, "tcp", "outport = \"p1\"; output;")
        control.flow(1, .ingress, 0, 0, "arp", "output;")
        control.view.collectorSets[5] = CollectorSet(isExported: true)
        var host = host(control)
        _ = host.receive(frame, on: 1)
        #expect(host.sampled.isEmpty)
        control.view.dropSampling = DropSampling(
            options: ["debug_drop_collector_set": "5", "debug_drop_domain_id": "9"])
        #expect(try host.swap(to: control.snapshot()) == 1)
        let tcp = TrackingTests.tcp((Frames.a, "10.0.0.1", 1), (Frames.b, "10.0.0.2", 2))
        let arp = Frames.arpRequest(Frames.a, "10.0.0.1", "10.0.0.2")
        for (frame, port) in [(frame, 1), (tcp, 1), (arp, 1), (frame, 3)] as [([UInt8], UInt32)] {
            #expect(host.receive(frame, on: port).sent.isEmpty)
        }
        #expect(host.sampled.map(\.cookie.point) == [56, 57, 56, 0])
        #expect(host.sampled.allSatisfy { $0.cookie.isDropped && $0.cookie.domain == 9 << 24 })
        control.view.collectorSets[5] = nil
        #expect(try host.swap(to: control.snapshot()) == 4)
        let left = host.kernel.dump().flatMap(\.actions)
        #expect(left.isEmpty)
    }

    @Test func dropsAreSampledIfOptionsSayTo() {
        #expect(DropSampling(options: [:]) == nil)
        #expect(DropSampling(options: ["debug_drop_collector_set": "0"]) == nil)
        #expect(DropSampling(options: ["debug_drop_collector_set": "all"]) == nil)
        #expect(
            DropSampling(options: ["debug_drop_collector_set": "7"])
                == DropSampling(collectorSet: 7, domain: 0))
    }

    @Test func listenersOfTheKernelHearToo() {
        let both = CollectorSet(isExported: true, group: 10)
        var host = host(
            network(
                "sample(probability=65535,collector_set=5,obs_domain=3,obs_point=2);", set: both))
        _ = host.receive(frame, on: 1)
        #expect(host.heard.map(\.group) == [10])
        #expect(host.heard.map(\.cookie) == [[3, 0, 0, 1, 0, 0, 0, 2]])
        #expect(host.sampled.count == 1)
        let text = FlowText().actions(actions(of: host))
        #expect(text.hasPrefix("psample(group=10,cookie=0x0300000100000002),userspace(pid=77,"))
    }

    @Test func listenersAloneAreServedWithoutTheAgent() {
        var host = host(
            network(
                "sample(probability=65535,collector_set=5,obs_domain=3,obs_point=2);",
                set: CollectorSet(isExported: false, group: 10)))
        _ = host.receive(frame, on: 1)
        #expect(host.heard.count == 1)
        #expect(host.sampled.isEmpty)
        #expect(actions(of: host).count == 2)
    }

    /// Flows follow when a collector comes or goes.
    @Test func aSetThatComesAndGoesIsFollowed() throws {
        let control = network(
            "sample(probability=65535,collector_set=5,obs_domain=3,obs_point=2);", set: nil)
        var host = host(control)
        _ = host.receive(frame, on: 1)
        #expect(actions(of: host) == [.output(2)])
        control.view.collectorSets[5] = CollectorSet(isExported: true)
        #expect(try host.swap(to: control.snapshot()) == 1)
        _ = host.receive(frame, on: 1)
        #expect(host.sampled.count == 1)
        control.view.collectorSets[5] = nil
        try host.swap(to: control.snapshot())
        #expect(actions(of: host) == [.output(2)])
        control.view.collectorSets[6] = CollectorSet(isExported: true)
        #expect(try host.swap(to: control.snapshot()) == 0, "another set is no matter of the flow")
    }

    /// What only the agent can do to a packet hinders no sample of it.
    @Test func aPacketThatTheAgentChangesIsSampled() {
        let control = network("next;")
        control.flow(
            1, .ingress, 0, 50, "arp",
            "arp.op = 2; sample(probability=65535,collector_set=5,obs_domain=3,obs_point=6); "
                + "outport = \"p2\"; output;")
        var host = host(control)
        for number in 1...2 {
            let outcome = host.receive(
                Frames.arpRequest(Frames.a, "10.0.0.1", "10.0.0.2"), on: 1)
            #expect(outcome.sent.map(\.port) == [2])
            #expect(host.sampled.count == number)
        }
        #expect(host.sampled.map(\.cookie) == Array(repeating: cookie(65535, point: 6), count: 2))
    }

    /// The copy is of the packet as it is where it is sampled.
    @Test func theCopyHasTheHeadersOfItsPlace() {
        var host = host(
            network(
                "ip4.src = 10.9.9.9; "
                    + "sample(probability=65535,collector_set=5,obs_domain=3,obs_point=2); "
                    + "ip4.dst = 10.8.8.8;"))
        #expect(host.receive(frame, on: 1).faults.isEmpty)
        #expect(host.sampled.map { $0.key[.ipv4Source] } == [0x0a09_0909])
        #expect(host.sampled.map { $0.key[.ipv4Destination] } == [0x0a00_0002])
    }

    @Test func cookiesComeBack() {
        let whole = cookie(1, point: .max, isDropped: true)
        #expect(SampleCookie(whole.encoded) == whole)
        #expect(SampleCookie(Array(whole.encoded.dropLast())) == nil)
        #expect(SampleCookie(UpcallCookie.slowPath) == nil)
        #expect(LogCookie(whole.encoded) == nil)
    }
}
