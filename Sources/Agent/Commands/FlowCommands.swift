// The kernel's flows and who keeps them: dpctl/dump-flows, upcall/*, revalidator/* and dpif/* of
// ovs-vswitchd(8). The datapath thread answers, between two turns of its sockets.

import AgentCore
import Datapath
import Linux
import Netlink
import OVSDBSession
import Schemas
import UnixControl

struct FlowCommands {
    let control: ControlThread
    let worker: DatapathThread

    func register(in registry: ControlRegistry) {
        registerLists(registry)
        registerKeeping(registry)
        registry.register(
            ControlCommand("dpif/show") { [control] _ throws(ControlError) in
                try control.interfaceList()
            })
        ask("meter-table-list", "", 0...0, registry) { _ in .meters }
        ask("debug/check-flows", "", 0...0, registry) { _ in .checkFlows }
        registry.register(ControlCommand("group-table-list") { [control] _ in control.groupList })
    }

    private func registerLists(_ registry: ControlRegistry) {
        let control = self.control
        ask(
            "dpctl/dump-flows", "[-m] [--names] [DP] [filter=FLOW] [type=TYPE]", 0...6, registry
        ) { (words) throws(ControlError) in
            try control.listing(DatapathArguments(words))
        }
        ask("dpif/dump-flows", "[-m] [--names | --no-names] BRIDGE", 1...4, registry) {
            (words) throws(ControlError) in
            var arguments = try DatapathArguments(words)
            guard let bridge = arguments.operands.popLast() else {
                throw ControlError("no bridge is named")
            }
            let ports = try control.ports(ofBridge: bridge)
            guard case .dumpFlows(var listing) = try control.listing(arguments) else {
                throw ControlError("no list")
            }
            listing.ports = Set(ports.compactMap(\.vport))
            return .dumpFlows(listing)
        }
        ask("dpif/show-dp-features", "BRIDGE", 1...1, registry) { (words) throws(ControlError) in
            _ = try control.ports(ofBridge: words[0])
            return .features
        }
    }

    private func registerKeeping(_ registry: ControlRegistry) {
        ask("upcall/show", "", 0...0, registry) { _ in .flowNumbers }
        ask("upcall/set-flow-limit", "FLOWS", 1...1, registry) { (words) throws(ControlError) in
            guard let limit = UInt32(words[0]), limit > 0 else {
                throw ControlError("invalid flow limit: \(words[0])")
            }
            return .setFlowLimit(Int(limit))
        }
        ask("revalidator/wait", "", 0...0, registry) { _ in .review }
        ask("revalidator/purge", "", 0...0, registry) { _ in .purge }
        ask("dpctl/del-flows", "[DP]", 0...1, registry) { (words) throws(ControlError) in
            try DatapathArguments(words).end()
            return .purge
        }
        ask("revalidator/pause", "", 0...0, registry) { _ in .pauseReviews(true) }
        ask("revalidator/resume", "", 0...0, registry) { _ in .pauseReviews(false) }
    }

    /// A command that the datapath thread answers.
    private func ask(
        _ name: String, _ usage: String, _ count: ClosedRange<Int>, _ registry: ControlRegistry,
        _ question: @escaping ([String]) throws(ControlError) -> DatapathThread.Question
    ) {
        let worker = self.worker
        registry.register(
            ControlCommand(name, usage: usage, arguments: count) { request in
                do throws(ControlError) {
                    worker.ask(try question(request.arguments), for: request)
                } catch {
                    request.fail(error.text)
                }
            })
    }
}

extension DatapathThread {
    /// Asks, and answers the request with what comes.
    func ask(_ question: Question, for request: ControlRequest) {
        ask(question) { answer in
            switch answer {
            case .success(let text): request.reply(text)
            case .failure(let error): request.fail(error.text)
            }
        }
    }
}

/// A port of a bridge as the local database and the kernel have it.
struct BridgeInterface {
    let name: String
    let kind: String
    /// Interface.ofport.
    let number: Int?
    /// Nil for a port that the kernel's datapath does not have.
    let vport: UInt32?
}

extension ControlThread {
    fileprivate func listing(
        _ given: DatapathArguments
    ) throws(ControlError) -> DatapathThread.Question {
        var listing = FlowListing(
            hasIdentifiers: given.isVerbose, hasNames: given.hasNames ?? false)
        for operand in given.operands {
            if operand.hasPrefix("filter=") {
                listing.filter = try filter(String(operand.dropFirst("filter=".count)))
            } else if operand.hasPrefix("type=") {
                try listing.take(types: String(operand.dropFirst("type=".count)))
            } else {
                throw ControlError("no datapath \(operand), and no filter= or type=")
            }
        }
        return .dumpFlows(listing)
    }

    private func filter(_ text: String) throws(ControlError) -> FlowFilter {
        let ports = driver.ports.interfaces
        do throws(FlowFilter.Failure) {
            return try FlowFilter(parsing: text) { UInt32($0) ?? ports[$0]?.vport }
        } catch {
            throw ControlError("filter: \(error)")
        }
    }

    /// By name.
    func ports(ofBridge bridge: String) throws(ControlError) -> [BridgeInterface] {
        guard let system, system.bridges.contains(where: { $0.row.name == bridge }) else {
            throw ControlError("no such bridge")
        }
        return system.plan.interfaces.filter { $0.bridge == bridge }.map { planned in
            BridgeInterface(
                name: planned.name, kind: planned.kind.name,
                number: local.replica[OVS.Interface.self, planned.row]?.ofport,
                vport: driver.ports.interfaces[planned.name]?.vport)
        }.sorted { $0.name < $1.name }
    }

    /// `group-table-list`
    fileprivate var groupList: String {
        guard let southbound else { return "" }
        return GroupList(
            southbound.replica, datapaths: datapaths.rows,
            localPorts: snapshot.map { Set($0.view.localPorts) } ?? [],
            variables: templateVariables
        ).text
    }

    /// `dpif/show`
    fileprivate func interfaceList() throws(ControlError) -> String {
        do {
            let counters = try driver.refreshed().statistics
            var lines = [
                "system@\(KernelDriver.datapathName): hit:\(counters.hits) missed:\(counters.misses)"
            ]
            for bridge in system?.bridges.map(\.row.name).sorted() ?? [] {
                lines.append("  \(bridge):")
                for port in try ports(ofBridge: bridge) {
                    let number = port.number.map(String.init) ?? "none"
                    let vport = port.vport.map(String.init) ?? "none"
                    lines.append("    \(port.name) \(number)/\(vport): (\(port.kind))")
                }
            }
            return lines.joined(separator: "\n")
        } catch {
            throw ControlError("\(error)")
        }
    }
}

extension VportKind {
    /// Interface.type, and `system` for an ordinary device.
    fileprivate var name: String {
        switch self {
        case .device: "system"
        case .internalDevice: "internal"
        case .patch(let peer): "patch: peer=\(peer)"
        case .tunnel(let type): type
        }
    }
}

extension FlowListing {
    /// Flows of types as ovs-dpctl(8) has them. All flows are the kernel's; none is in hardware.
    fileprivate mutating func take(types: String) throws(ControlError) {
        let here: Set<Substring> = ["all", "ovs", "non-offloaded"]
        let elsewhere: Set<Substring> = [
            "tc", "dpdk", "offloaded", "partially-offloaded", "non-offloaded-dpdk",
        ]
        let types = types.split(separator: ",")
        for type in types where !here.contains(type) && !elsewhere.contains(type) {
            throw ControlError("Failed to parse type (\(type))")
        }
        if !types.contains(where: here.contains) { ports = [] }
    }
}
