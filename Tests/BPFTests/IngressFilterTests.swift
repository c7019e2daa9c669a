import Glibc
import Linux
import Testing
import Wire

@testable import AgentCore
@testable import BPF

/// The filter on a real device, in a namespace of the test's own.
@Suite struct IngressFilterTests {
    private struct Failure: Error { let text: String }

    /// Runs on a thread in a namespace with the veth pair va and vb, both up; nil if this machine
    /// doesn't let that be.
    private func withDevices(
        _ body: @escaping @Sendable (_ device: Int32) throws -> Void
    ) throws {
        guard loadedPrograms() != nil else { return }
        let namespace = try NetworkNamespace.create()
        let failure = try namespace.run { () throws(SystemError) -> String? in
            do {
                try shell("ip link add va type veth peer name vb && ip link set va up")
                try body(Int32(if_nametoindex("va")))
                return nil
            } catch {
                return "\(error)"
            }
        }
        if let failure { throw Failure(text: failure) }
    }

    /// In the namespace of the calling thread.
    private func shell(_ line: String) throws {
        let child = try ChildProcess.run(["sh", "-c", "PATH=$PATH:/usr/sbin:/sbin; \(line)"])
        guard child.status == 0 else { throw Failure(text: "\(line): \(child.output)") }
    }

    @Test func aFilterComesAndGoes() throws {
        try withDevices { device in
            let programs = try VIFPrograms()
            #expect(try programs.ingress(of: device, named: "va") == .nothing)
            try programs.attach(to: device, named: "va")
            #expect(try programs.ingress(of: device, named: "va") == .own)
            try programs.attach(to: device, named: "va")
            try programs.detach(from: device, named: "va")
            #expect(try programs.ingress(of: device, named: "va") == .nothing)
            try programs.detach(from: device, named: "va")
        }
    }

    /// A later run finds what an earlier one has left, which goes on alone meanwhile, and puts its
    /// own in the place.
    @Test func aLaterRunTakesOver() throws {
        try withDevices { device in
            var earlier: VIFPrograms? = try VIFPrograms()
            try earlier?.attach(to: device, named: "va")
            earlier = nil
            let later = try VIFPrograms()
            #expect(try later.ingress(of: device, named: "va") == .earlier)
            try later.attach(to: device, named: "va")
            #expect(try later.ingress(of: device, named: "va") == .own)
        }
    }

    /// Whatever others have on the device stays, even in our place.
    @Test(arguments: [(20, false), (49152, true)]) func filtersOfOthersStay(
        priority: Int, isBeside: Bool
    ) throws {
        try withDevices { device in
            let programs = try VIFPrograms()
            try shell(
                "tc qdisc add dev va clsact && tc filter add dev va ingress prio \(priority) "
                    + "protocol all u32 match u32 0 0")
            if isBeside {
                try programs.attach(to: device, named: "va")
            } else {
                #expect(throws: BPFError.self) { try programs.attach(to: device, named: "va") }
            }
            try programs.detach(from: device, named: "va")
            try shell("tc filter show dev va ingress | grep -q 'pref \(priority) u32'")
        }
    }

    @Test func aDeviceThatIsNotThereIsNamed() throws {
        guard let programs = loadedPrograms() else { return }
        let error = #expect(throws: BPFError.self) {
            try programs.attach(to: 1_000_000, named: "gone")
        }
        #expect(
            error?.description.contains("tc ingress of gone") == true,
            "\(String(describing: error))")
    }
}
