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
                "ofproto/trace", usage: "[BRIDGE] FLOW [--ct-next FLAGS]...", arguments: 1...20,
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

    /// A packet given in the words of a flow, through the logical pipelines.
    fileprivate func traceFlow(_ request: ControlRequest) {
        do throws(ControlError) {
            let (expression, options) = try microflow(request.arguments)
            trace(
                options + [expression], heading: "Microflow: \(expression)\n\n", for: request)
        } catch {
            request.fail(error.text)
        }
    }

    /// What `trace` is asked, for what `ofproto/trace` was.
    private func microflow(
        _ words: [String]
    ) throws(ControlError) -> (expression: String, options: [String]) {
        var (operands, options): ([String], [String]) = ([], [])
        var rest = words[...]
        while let word = rest.popFirst() {
            switch word {
            case "--ct-next":
                guard let flags = rest.popFirst() else {
                    throw ControlError("--ct-next needs flags such as trk,est")
                }
                options.append(
                    "--ct="
                        + flags.split(separator: ",").filter { $0 != "trk" }
                        .joined(separator: ","))
            case "-generate", "--generate", "-consistent", "--consistent", "-names", "--names",
                "ovs-system", "system@ovs-system":
                break
            default: operands.append(word)
            }
        }
        guard let flow = operands.last, operands.count <= 2 else {
            throw ControlError("a flow is required, or a bridge and a flow")
        }
        if operands.count == 2 { _ = try ports(ofBridge: operands[0]) }
        let isKernels = flow.contains("(")
        let expression: String
        do throws(OpenFlowMicroflow.Failure) {
            expression = try OpenFlowMicroflow(parsing: flow).expression {
                logicalPort(behind: $0, isKernels: isKernels)
            }
        } catch {
            throw ControlError(error.description)
        }
        return (expression, options)
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
