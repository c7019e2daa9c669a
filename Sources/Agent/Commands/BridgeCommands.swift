// Bridges, as far as ovs-vswitchd(8) lists them: ofproto/list, ofproto/list-tunnels, mdb/*, qos/*.

import AgentCore
import Linux
import OVSDBSession
import Schemas
import UnixControl

struct BridgeCommands {
    let control: ControlThread
    let worker: DatapathThread

    func register(in registry: ControlRegistry) {
        let control = self.control
        registry.register(
            ControlCommand("ofproto/list") { _ in
                (control.system?.bridges.map(\.row.name).sorted() ?? []).joined(separator: "\n")
            })
        registry.register(
            ControlCommand("ofproto/list-tunnels") { _ in
                control.driver.ports.tunnels.sorted { $0.value < $1.value }.map {
                    "port \($0.value): ovn-\($0.key) (\($0.key): ::->flow, key=flow, ttl=64)"
                }.joined(separator: "\n")
            })
        registry.register(
            ControlCommand(
                "ofproto/trace", usage: "[BRIDGE] FLOW [-generate] [--ct-next FLAGS]...",
                arguments: 1...20,
                run: { request in control.traceFlow(request) }))
        for (name, usage, count) in [
            ("mdb/show", "BRIDGE", 1...1), ("mdb/flush", "[BRIDGE]", 0...1),
        ] {
            registry.register(
                ControlCommand(name, usage: usage, arguments: count) {
                    (words) throws(ControlError) in
                    if let bridge = words.first { _ = try control.ports(ofBridge: bridge) }
                    throw ControlError(
                        "multicast snooping is disabled: bridges flood what is for groups; logical "
                            + "switches snoop (ovn-sbctl list IGMP_Group)")
                })
        }
        registry.register(
            ControlCommand("qos/show-types", usage: "INTERFACE", arguments: 1...1) {
                (words) throws(ControlError) in
                _ = try control.device(words[0])
                return "linux-htb\nlinux-noop\n"
            })
        registry.register(
            ControlCommand("qos/show", usage: "INTERFACE", arguments: 1...1) {
                (words) throws(ControlError) in try control.shapingText(words[0])
            })
    }
}

extension ControlThread {
    fileprivate func device(_ name: String) throws(ControlError) -> KernelInterface {
        guard let device = driver.ports.interfaces[name] else {
            throw ControlError("no such iface")
        }
        return device
    }

    /// A packet given in the words of a flow, through the logical pipelines; and on its way, if that is
    /// asked for.
    fileprivate func traceFlow(_ request: ControlRequest) {
        do throws(ControlError) {
            let arguments = try TraceArguments(request.arguments)
            let expression = try microflow(arguments)
            trace(
                arguments.options + [expression], heading: "Microflow: \(expression)\n\n",
                isSent: arguments.isSent, for: request)
        } catch {
            request.fail(error.text)
        }
    }

    /// The packet in the words of `trace`.
    private func microflow(_ arguments: TraceArguments) throws(ControlError) -> String {
        if let bridge = arguments.bridge { _ = try ports(ofBridge: bridge) }
        let isKernels = arguments.flow.contains("(")
        do throws(OpenFlowMicroflow.Failure) {
            return try OpenFlowMicroflow(parsing: arguments.flow).expression {
                logicalPort(behind: $0, isKernels: isKernels)
            }
        } catch {
            throw ControlError(error.description)
        }
    }

    /// - Parameters:
    ///   - interface: its name or its number.
    ///   - isKernels: whether numbers are those of the kernel's ports, or of Interface.ofport.
    private func logicalPort(behind interface: String, isKernels: Bool) -> String? {
        let interfaces = system?.interfaces(local.replica, driver.ports).byLogicalPort ?? [:]
        return interfaces.first { _, found in
            guard let number = UInt32(interface) else { return found.name == interface }
            let shown = local.replica[OVS.Interface.self, found.row]?.ofport
            return isKernels ? found.vport == number : shown == Int(number)
        }?.key
    }

    /// What the kernel was brought to: `qos/show`.
    fileprivate func shapingText(_ name: String) throws(ControlError) -> String {
        _ = try device(name)
        guard let shaping = driver.applied.devices[name]?.shaping else {
            return "QoS not configured on \(name)\n"
        }
        do {
            return "QoS: \(name) linux-htb\n" + shaping.text(try driver.queueTraffic(of: name))
        } catch {
            throw ControlError(error.description)
        }
    }
}
