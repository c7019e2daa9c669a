import Datapath
import Pipeline
import Testing
import Wire

@testable import AgentCore

/// Flows of northds up to 24.09 keep what load balancers look up in other registers than later ones.
@Suite struct RegisterLayoutTests {
    private static let debian = "23.03.1-20.27.0-70.6"
    private static let current = "26.03.0-21.7.0-83.1"

    @Test func theLayoutFollowsTheNorthd() {
        func isOld(_ options: [String: String]) -> Bool { RegisterLayout(options: options).isOld }
        let version = "northd_internal_version"
        #expect(isOld([version: Self.debian]))
        #expect(isOld([version: "24.09.2-20.37.0-77.0"]))
        #expect(isOld([version: "24.09.2", "register_consolidation": "false"]))
        #expect(!isOld([version: "24.09.2", "register_consolidation": "true"]))
        #expect(!isOld([version: "25.03.0-20.41.0-78.0", "register_consolidation": "true"]))
        #expect(!isOld([version: Self.current]))
        #expect(!isOld([version: "mine"]))
        #expect(!RegisterLayout(options: [:]).isOld)

        func marksLabels(_ options: [String: String]) -> Bool {
            RegisterLayout(options: options).marksLabels
        }
        #expect(marksLabels(["lb_hairpin_use_ct_mark": "false"]))
        #expect(!marksLabels(["lb_hairpin_use_ct_mark": "true"]))
        #expect(!marksLabels([version: Self.debian]))
    }

    private static func layout(
        isOld: Bool = false, usesMarks: Bool? = nil
    ) -> RegisterLayout {
        var options = ["northd_internal_version": isOld ? debian : current]
        if let usesMarks { options["lb_hairpin_use_ct_mark"] = "\(usesMarks)" }
        return RegisterLayout(options: options)
    }

    /// A client that is its own backend is recognised by the register with the virtual address, and gets
    /// its packet back; else the packet goes to where all others do.
    private func isHairpin(
        _ layout: RegisterLayout, register: String, balance: String = "ct_lb_mark"
    ) -> Bool {
        let control = HairpinTests.network(
            HairpinTests.services(), register: register, balance: balance)
        control.view.registers = layout
        var host = Host(control.snapshot(), ports: TrackingTests.ports)
        let outcome = host.receive(
            TrackingTests.tcp((Frames.a, "10.0.0.1", 1000), (Frames.b, "30.0.0.1", 80)), on: 1)
        #expect(control.builder.problems.isEmpty)
        #expect(outcome.faults.isEmpty)
        guard outcome.sent.map(\.port) == [1] else {
            #expect(outcome.sent.map(\.port) == [2])
            return false
        }
        let expected = TrackingTests.tcp(
            (Frames.b, "30.0.0.1", 1000), (Frames.a, "10.0.0.1", 8080))
        #expect(outcome.sent.map(\.frame) == [expected])
        return true
    }

    @Test func aHairpinIsFoundByTheVirtualAddress() {
        #expect(isHairpin(Self.layout(isOld: true), register: "reg1"))
        #expect(!isHairpin(Self.layout(isOld: true), register: "reg4"))
        #expect(isHairpin(Self.layout(), register: "reg4"))
        #expect(!isHairpin(Self.layout(), register: "reg1"))
    }

    @Test func aHairpinIsFoundByMarkOrLabel() {
        for (usesMarks, balance) in [(true, "ct_lb_mark"), (false, "ct_lb")] {
            let other = usesMarks ? "ct_lb" : "ct_lb_mark"
            let layout = Self.layout(isOld: true, usesMarks: usesMarks)
            #expect(isHairpin(layout, register: "reg1", balance: balance))
            #expect(!isHairpin(layout, register: "reg1", balance: other))
        }
        #expect(isHairpin(Self.layout(isOld: true), register: "reg1"), "marks if nothing is said")
    }

    // MARK: - Affinity

    /// A client's backend, and where the flows look for it.
    struct Place: CustomStringConvertible {
        let isOld: Bool
        let isRouter: Bool
        let isIPv6: Bool
        let address: String
        let port: String

        var description: String { "old \(isOld) router \(isRouter) ip6 \(isIPv6)" }
    }

    private static let places = [
        Place(isOld: true, isRouter: false, isIPv6: false, address: "reg4", port: "reg8[0..15]"),
        Place(isOld: true, isRouter: true, isIPv6: false, address: "reg4", port: "reg8[0..15]"),
        Place(isOld: true, isRouter: false, isIPv6: true, address: "xxreg0", port: "reg8[0..15]"),
        Place(isOld: true, isRouter: true, isIPv6: true, address: "xxreg1", port: "reg8[0..15]"),
        Place(isOld: false, isRouter: false, isIPv6: false, address: "reg4", port: "reg2[0..15]"),
        Place(isOld: false, isRouter: false, isIPv6: true, address: "xxreg1", port: "reg2[0..15]"),
        Place(isOld: false, isRouter: true, isIPv6: true, address: "xxreg1", port: "reg2[0..15]"),
    ]

    private static func network(_ place: Place, _ backend: String) -> Control {
        let control = Control()
        control.view.registers = layout(isOld: place.isOld)
        if place.isRouter { control.view.routers.insert(1) }
        for number in 1...3 as ClosedRange<UInt32> {
            control.port("p\(number)", 1, number, .here(vport: number))
        }
        control.flow(1, .ingress, 0, 0, "1", "reg9[6] = chk_lb_aff(); next;")
        control.flow(
            1, .ingress, 1, 10,
            "reg9[6] == 1 && \(place.address) == \(backend) && \(place.port) == 8080",
            "outport = \"p2\"; output;")
        control.flow(1, .ingress, 1, 0, "1", "outport = \"p3\"; output;")
        control.flow(1, .egress, 0, 0, "1", "output;")
        return control
    }

    @Test(arguments: places)
    func aBackendIsWhereTheFlowsExpectIt(_ place: Place) throws {
        let texts =
            place.isIPv6
            ? ("fd00::1", "fd30::1", "fd00::2") : ("10.0.0.1", "30.0.0.1", "10.0.0.2")
        let client = try #require(IPAddress(parsing: texts.0))
        let address = try #require(IPAddress(parsing: texts.1))
        let backend = try #require(IPAddress(parsing: texts.2))
        let frame = PacketBuilder.tcp(
            Frames.ethernet(Frames.a, Frames.b),
            place.isIPv6 ? Frames.ipv6(texts.0, texts.1) : Frames.ipv4(texts.0, texts.1), ttl: 64,
            TCPSegment(source: 1000, destination: 80, flags: TCPFlag.syn), [])
        var host = Host(Self.network(place, texts.2).snapshot(), ports: TrackingTests.ports)
        #expect(host.receive(frame, on: 1).sent.map(\.port) == [3], "not bound yet")
        let key = AffinityKey(
            datapath: 1, client: client,
            service: VirtualServiceKey(address, proto: IPProtocol.tcp, port: 80))
        var outcome = Outcome()
        let effect = SideEffect.affinity(
            key, AffinityBinding(backend: .init(backend, port: 8080), timeout: 60_000))
        host.learn([effect], &outcome)
        #expect(outcome.faults.isEmpty)
        #expect(host.receive(frame, on: 1).sent.map(\.port) == [2])
    }
}
