import BPF
import Glibc
import Linux
import Pipeline
import Schemas
import Testing
import Wire

@testable import Agent
@testable import AgentCore

/// The filters on a device of a namespace, as the plan changes. Where the machine has no eBPF for this
/// process, nothing is to be tested.
@Suite struct SecurityFilterTests {
    private struct Failure: Error { let text: String }

    /// A namespace's device va, and what is at its ingress.
    private struct Device {
        let index: Int32
        let programs: VIFPrograms

        var interface: KernelInterface {
            KernelInterface(
                name: "va", vport: 1, interfaceIndex: Int(index), address: .zero, mtu: 1500,
                isUp: true, hasCarrier: true)
        }

        /// The plan of a logical port vm with this device.
        func plan(_ rules: [String], isInternal: Bool = false) throws -> SecurityPlan {
            let reference = PortReference(datapath: 1, port: 1)
            var view = PhysicalView()
            view.inputs[1] = reference
            view.ports[reference] = PhysicalPort(
                reference: reference, name: "vm", place: .here(vport: 1),
                portSecurity: try rules.map { try PortSecurityEntry(parsing: $0) })
            var kernel = KernelPorts()
            kernel.interfaces["va"] = interface
            return SecurityPlan(view, kernel, isInternal: { _ in isInternal })
        }

        func follow(_ filters: SecurityFilters, _ plan: SecurityPlan) {
            filters.follow(plan, devices: [interface], now: .now())
        }

        var ingress: VIFPrograms.Ingress {
            get throws { try programs.ingress(of: index, named: "va") }
        }
    }

    private func withDevice(_ body: @escaping @Sendable (Device) throws -> Void) throws {
        do {
            _ = try VIFPrograms()
        } catch {
            print("no eBPF here: \(error)")
            return
        }
        let namespace = try NetworkNamespace.create()
        let failure = try namespace.run { () throws(SystemError) -> String? in
            do {
                try Self.shell("ip link add va type veth peer name vb && ip link set va up")
                let device = Device(index: Int32(if_nametoindex("va")), programs: try VIFPrograms())
                try body(device)
                return nil
            } catch {
                return "\(error)"
            }
        }
        if let failure { throw Failure(text: failure) }
    }

    private static func shell(_ line: String) throws {
        let child = try ChildProcess.run(["sh", "-c", "PATH=$PATH:/usr/sbin:/sbin; \(line)"])
        guard child.status == 0 else { throw Failure(text: "\(line): \(child.output)") }
    }

    private static let rules = ["02:00:00:00:00:01 10.0.0.1"]

    @Test func filtersFollowTheRules() throws {
        try withDevice { device in
            let filters = SecurityFilters(device.programs)
            device.follow(filters, try device.plan(Self.rules))
            #expect(try device.ingress == .own)
            #expect(filters.isGuarded("va") && filters.failures == [:])
            device.follow(filters, try device.plan(["02:00:00:00:00:02"]))
            #expect(try device.ingress == .own)
            device.follow(filters, try device.plan([]))
            #expect(try device.ingress == .nothing)
            #expect(!filters.isGuarded("va"))
            device.follow(filters, try device.plan(Self.rules))
            device.follow(filters, SecurityPlan())
            #expect(try device.ingress == .nothing)
        }
    }

    /// A run that ends leaves its filter; the next one replaces it, or removes it if it isn't wanted.
    @Test(arguments: [true, false]) func aRunFindsWhatAnEarlierOneHasLeft(
        isWanted: Bool
    ) throws {
        try withDevice { device in
            var earlier: SecurityFilters? = SecurityFilters(try VIFPrograms())
            device.follow(try #require(earlier), try device.plan(Self.rules))
            earlier = nil
            #expect(try device.ingress == .earlier)
            let filters = SecurityFilters(device.programs)
            device.follow(filters, try device.plan(isWanted ? Self.rules : []))
            #expect(try device.ingress == (isWanted ? .own : .nothing))
        }
    }

    @Test func aFilterThatSomebodyRemovedComesBack() throws {
        try withDevice { device in
            let filters = SecurityFilters(device.programs)
            device.follow(filters, try device.plan(Self.rules))
            #expect(filters.review(now: .now()) == [])
            try device.programs.detach(from: device.index, named: "va")
            #expect(filters.review(now: .now()) == ["va"])
            #expect(try device.ingress == .own)
            filters.tearDown(now: .now())
            #expect(try device.ingress == .nothing)
        }
    }

    /// Packets of such a device leave by its ingress.
    @Test func internalDevicesHaveNone() throws {
        try withDevice { device in
            let filters = SecurityFilters(device.programs)
            device.follow(filters, try device.plan(Self.rules, isInternal: true))
            #expect(try device.ingress == .nothing)
        }
    }

    @Test func mirroringSwitchesAreLeftToThePipeline() throws {
        let (port, mirror) = (
            PortReference(datapath: 1, port: 1), PortReference(datapath: 1, port: 2)
        )
        var view = PhysicalView()
        view.inputs[1] = port
        view.ports[port] = PhysicalPort(
            reference: port, name: "vm", place: .here(vport: 1),
            portSecurity: [try PortSecurityEntry(parsing: Self.rules[0])])
        var kernel = KernelPorts()
        kernel.interfaces["va"] = KernelInterface(
            name: "va", vport: 1, interfaceIndex: 7, address: .zero, mtu: 1500, isUp: true,
            hasCarrier: true)
        let plain = SecurityPlan(view, kernel, isInternal: { _ in false })
        #expect(plain.ports.map(\.omission) == [nil])
        view.ports[mirror] = PhysicalPort(
            reference: mirror, name: "mirror", type: "mirror", place: .here(vport: 2))
        let mirrored = SecurityPlan(view, kernel, isInternal: { _ in false })
        #expect(mirrored.ports.map(\.omission) == [.isMirrored])
        view.ports[mirror] = nil
        view.ports[port]?.mirrors = [
            PortMirror(name: "m", receiver: .port(2), copiesSent: true, copiesReceived: false)
        ]
        let copied = SecurityPlan(view, kernel, isInternal: { _ in false })
        #expect(copied.ports.map(\.omission) == [.isMirrored])
        view.ports[port]?.mirrors = []
        // A reverse ARP activates a port whose rules refuse it.
        view.ports[port]?.activation = PortActivation(
            SB.PortBinding(
                logicalPort: "vm", options: ["activation-strategy": "rarp"],
                mac: ["02:00:00:00:00:01 10.0.0.1"]), chassis: "hv", problem: { _ in })
        let waiting = SecurityPlan(view, kernel, isInternal: { _ in false })
        #expect(waiting.ports.map(\.omission) == [.isWaiting])
    }
}
