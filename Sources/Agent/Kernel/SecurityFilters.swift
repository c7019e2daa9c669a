// Keeps the port security of VIFs in the kernel in step with the plan: a policy for each port, and the
// filter on its device.
//
// The property that must hold: a packet that old and new rules allow is never refused, whatever is
// changed and whenever a run of the agent ends. So a policy is whole before its port has it, and goes
// a second after; a filter of an earlier run is replaced, not removed; and a port whose rules can't be
// brought into the kernel loses its filter, since the pipeline judges what no filter has.

import AgentCore
import BPF
import Linux
import Wire

final class SecurityFilters {
    /// A port whose packets are judged.
    private struct Guarded {
        let port: SecurityPlan.Port
        let policy: UInt32
        let tables: SecurityTables
        /// What was told of its refused packets.
        var told: [SecurityReason: UInt64] = [:]

        var index: UInt32 { UInt32(truncatingIfNeeded: port.interfaceIndex) }
    }

    /// A policy that no port has any more.
    private struct Retired {
        let policy: UInt32
        let tables: SecurityTables
        let time: MonotonicTime
    }

    private struct Device: Hashable {
        let name: String
        let index: Int
    }

    /// How long a policy is kept for packets that are being judged.
    private static let grace: Duration = .seconds(1)

    private let programs: VIFPrograms
    /// By device name.
    private var guarded: [String: Guarded] = [:]
    /// Why a port that should be judged is not, by device name.
    private(set) var failures: [String: String] = [:]
    /// Devices on which an earlier run has left nothing.
    private var clean: Set<Device> = []
    private var retired: [Retired] = []
    private var nextPolicy: UInt32 = 1
    /// Refused packets that were not handed over yet.
    private var untold: [RefusedPackets] = []

    init(_ programs: VIFPrograms) { self.programs = programs }

    /// Does what the plan says.
    ///
    /// - Parameter devices: all of the datapath.
    func follow(_ plan: SecurityPlan, devices: some Sequence<KernelInterface>, now: MonotonicTime) {
        emptyRetired(now)
        failures = [:]
        let wanted = Dictionary(
            plan.ports.filter { $0.tables != nil }.map { ($0.device, $0) },
            uniquingKeysWith: { first, _ in first })
        for (name, old) in guarded.sorted(by: { $0.key < $1.key })
        where wanted[name]?.interfaceIndex != old.port.interfaceIndex {
            release(name, now)
        }
        for (name, port) in wanted.sorted(by: { $0.key < $1.key }) {
            guard let tables = port.tables else { continue }
            do throws(BPFError) {
                try guarding(port, tables, now)
            } catch {
                failures[name] = "\(error)"
                release(name, now)
            }
        }
        for device in devices where wanted[device.name] == nil { clear(device) }
    }

    private func guarding(
        _ port: SecurityPlan.Port, _ tables: SecurityTables, _ now: MonotonicTime
    ) throws(BPFError) {
        let old = guarded[port.device]
        guard old?.port != port else { return }
        let index = UInt32(truncatingIfNeeded: port.interfaceIndex)
        let policy = nextPolicy
        nextPolicy += 1
        try programs.fill(policy, with: tables, port: index)
        if let old { retire(old, now) }
        guarded[port.device] = Guarded(
            port: port, policy: policy, tables: tables, told: old?.told ?? [:])
        try programs.give(policy, to: index)
        try programs.attach(to: Int32(truncatingIfNeeded: index), named: port.device)
        clean.remove(Device(name: port.device, index: port.interfaceIndex))
    }

    /// Ends the judging of a port.
    private func release(_ name: String, _ now: MonotonicTime) {
        guard let old = guarded[name] else { return }
        collect(name)
        guarded[name] = nil
        programs.release(old.index)
        retire(old, now)
        do throws(BPFError) {
            try programs.detach(from: Int32(truncatingIfNeeded: old.index), named: name)
        } catch {
            failures[name] = "\(error)"
        }
        programs.forgetCounters(old.index)
    }

    private func retire(_ old: Guarded, _ now: MonotonicTime) {
        retired.append(Retired(policy: old.policy, tables: old.tables, time: now))
    }

    private func emptyRetired(_ now: MonotonicTime) {
        while let first = retired.first, now - first.time > Self.grace {
            programs.empty(first.policy, of: first.tables)
            retired.removeFirst()
        }
    }

    /// Removes what an earlier run may have left on a device that is not judged.
    private func clear(_ interface: KernelInterface) {
        let device = Device(name: interface.name, index: interface.interfaceIndex)
        guard !clean.contains(device) else { return }
        do throws(BPFError) {
            try programs.detach(
                from: Int32(truncatingIfNeeded: device.index), named: device.name)
            clean.insert(device)
        } catch {
            failures[device.name] = "\(error)"
        }
    }

    /// Removes all filters: for the end of the agent, not for a restart.
    func tearDown(now: MonotonicTime) {
        for name in guarded.keys.sorted() { release(name, now) }
    }

    // MARK: Self-check

    /// Puts filters back that somebody has removed; returns their devices.
    func review(now: MonotonicTime) -> [String] {
        emptyRetired(now)
        var found: [String] = []
        for (name, port) in guarded.sorted(by: { $0.key < $1.key }) {
            let device = Int32(truncatingIfNeeded: port.index)
            do throws(BPFError) {
                guard try programs.ingress(of: device, named: name) != .own else { continue }
                try programs.attach(to: device, named: name)
                found.append(name)
            } catch {
                failures[name] = "\(error)"
            }
        }
        return found
    }

    // MARK: Counters

    func isGuarded(_ device: String) -> Bool { guarded[device] != nil }

    var programNumber: UInt32 { programs.portSecurityNumber }

    /// Packets of a judged device that were refused since it is judged.
    func refused(_ device: String) -> [SecurityReason: UInt64] {
        guarded[device].map { programs.refused($0.index) } ?? [:]
    }

    /// Packets that were refused since this was asked last.
    func takeRefused() -> [RefusedPackets] {
        for name in guarded.keys.sorted() { collect(name) }
        defer { untold = [] }
        return untold
    }

    private func collect(_ name: String) {
        guard var entry = guarded[name] else { return }
        let total = programs.refused(entry.index)
        let new = total.reduce(0) { $0 + $1.value - (entry.told[$1.key] ?? 0) }
        guard new > 0 else { return }
        untold.append(
            RefusedPackets(
                vport: entry.port.vport, stranger: entry.tables.stranger, packets: new))
        entry.told = total
        guarded[name] = entry
    }
}

/// Packets of a kernel port that its filter has refused.
struct RefusedPackets: Hashable, Sendable {
    let vport: UInt32
    /// An Ethernet address from which the port may send nothing.
    let stranger: MACAddress
    let packets: UInt64
}
