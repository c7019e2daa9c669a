// Brings the queueing disciplines of the bridges' devices to what the local database says.
//
// Every pass reads what the kernel has, so that what an earlier run has left is adopted, and what
// another program has changed is found. A discipline that has not the shape that this agent makes
// is never touched (`RootDiscipline.plan` says why), but told.

import AgentCore
import Netlink

/// What the disciplines were after the last pass.
struct AppliedShaping {
    struct Device: Hashable {
        let index: Int32
        let shaping: HTBShaping
    }

    /// By name.
    var devices: [String: Device] = [:]
}

extension KernelDriver {
    /// - Returns: what could not be done.
    func shape(_ wanted: LocalShaping) throws(NetlinkError) -> [String] {
        var problems: [String] = []
        let roots = Dictionary(
            try route.disciplines().filter(\.isRoot).map { ($0.linkIndex, $0) },
            uniquingKeysWith: { first, _ in first })
        for (name, index) in shapedDevices(wanted) {
            do {
                try shape(name, index, roots[index], wanted.devices[name])
            } catch {
                applied.devices[name] = nil
                let port = wanted.ports[name].map { "Port \($0)" } ?? "device \(name)"
                problems.append("\(port): its QoS is not kept on device \(name): \(error)")
            }
        }
        return problems
    }

    /// Devices of bridges, and those that were such when they got their discipline.
    private func shapedDevices(_ wanted: LocalShaping) -> [(String, Int32)] {
        var devices = applied.devices.mapValues(\.index)
        for name in wanted.ports.keys where !wanted.leftAlone.contains(name) {
            guard let device = ports.interfaces[name] else { continue }
            devices[name] = Int32(truncatingIfNeeded: device.interfaceIndex)
        }
        return devices.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    private func shape(
        _ name: String, _ index: Int32, _ root: QueueingDiscipline?, _ wanted: HTBShaping?
    ) throws(NetlinkError) {
        let last = applied.devices[name].flatMap { $0.index == index ? $0.shaping : nil }
        switch try discipline(root, index).plan(for: wanted, after: last) {
        case .refused(let text):
            throw NetlinkError(
                "qdisc add", place: name,
                cause: .refused(.exists, text: "a discipline \(text) of somebody else"))
        case .steps(let steps, let isRepair):
            applied.devices[name] = wanted.map { .init(index: index, shaping: $0) }
            for step in steps { try take(step, index) }
            if isRepair { divergences.append(Divergence(.queueAltered, name)) }
        }
    }

    private func discipline(
        _ root: QueueingDiscipline?, _ index: Int32
    ) throws(NetlinkError) -> RootDiscipline {
        guard let root, root.handle != 0 else { return .standard }
        let foreign = RootDiscipline.foreign(
            "\(root.kind) \(String(root.handle >> 16, radix: 16)):")
        guard root.kind == "htb", root.handle == Self.handle(0) else { return foreign }
        var classes: [UInt16: HTBClass] = [:]
        for record in try route.htbClasses(linkIndex: index) {
            classes[UInt16(truncatingIfNeeded: record.handle)] = HTBClass(record.parameters)
        }
        return classes[HTBShaping.topClass] == nil ? foreign : .shaping(classes: classes)
    }

    private func take(_ step: ShapingStep, _ index: Int32) throws(NetlinkError) {
        switch step {
        case .addDiscipline:
            try route.addHTB(
                linkIndex: index, handle: Self.handle(0), standardClass: HTBShaping.standardClass)
        case .setClass(let number, let values, let mtu):
            try route.setHTBClass(
                linkIndex: index,
                HTBRecord(
                    handle: Self.handle(number),
                    parent: Self.handle(HTBShaping.parent(of: number) ?? 0),
                    parameters: HTBParameters(values, mtu: mtu)))
        case .removeClass(let number):
            try route.removeClass(linkIndex: index, handle: Self.handle(number))
        case .removeDiscipline: try route.removeRootDiscipline(linkIndex: index)
        }
    }

    /// What has left by the queues of a device that has been shaped, by class.
    func queueTraffic(of name: String) throws(NetlinkError) -> [UInt16: QueueTraffic] {
        guard let device = applied.devices[name] else { return [:] }
        var traffic: [UInt16: QueueTraffic] = [:]
        for (handle, counts) in try route.htbStatistics(linkIndex: device.index) {
            traffic[UInt16(truncatingIfNeeded: handle)] = QueueTraffic(
                packets: counts.packets, bytes: counts.bytes, errors: counts.drops)
        }
        return traffic
    }

    private static func handle(_ minor: UInt16) -> UInt32 {
        UInt32(HTBShaping.handle) << 16 | UInt32(minor)
    }

    /// Takes away what this agent has made.
    func removeShaping() throws(NetlinkError) {
        for device in applied.devices.values {
            guard try route.link(index: device.index) != nil else { continue }
            try route.removeRootDiscipline(linkIndex: device.index)
        }
        applied.devices = [:]
    }
}

extension HTBClass {
    fileprivate init(_ parameters: HTBParameters) {
        self.init(
            rate: parameters.rate, ceiling: parameters.ceiling, rateBuffer: parameters.rateBuffer,
            ceilingBuffer: parameters.ceilingBuffer, priority: parameters.priority)
    }
}

extension HTBParameters {
    fileprivate init(_ values: HTBClass, mtu: Int) {
        self.init(
            rate: values.rate, ceiling: values.ceiling, rateBuffer: values.rateBuffer,
            ceilingBuffer: values.ceilingBuffer, quantum: UInt32(clamping: mtu),
            priority: values.priority)
    }
}
