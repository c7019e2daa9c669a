// Which ports of this host have their rules judged before the datapath, and by what tables.
//
// Only ordinary VIFs are: what comes in by another port is judged by rules that aren't its own. A
// port that is left out loses nothing, since the logical pipeline judges every packet that arrives.

import Wire

package struct SecurityPlan: Hashable, Sendable {
    /// Why the pipeline alone judges a port.
    package enum Omission: String, Hashable, Sendable {
        case isUnrestricted = "no port security"
        case isInternal = "an internal device, whose packets don't come in by its ingress"
        case isMirrored = "what it sends is mirrored, refused packets too"
        case isWaiting = "it is activated by a packet that it need not be allowed to send"
        case isTooLarge = "too many addresses"
    }

    package struct Port: Hashable, Sendable {
        package let name: String
        package let device: String
        package let interfaceIndex: Int
        package let vport: UInt32
        /// Port_Binding.port_security.
        package let rules: [PortSecurityEntry]
        package let tables: SecurityTables?
        package let omission: Omission?
    }

    /// By name.
    package private(set) var ports: [Port] = []

    package init() {}

    /// - Parameters:
    ///   - old: the plan before; tables of rules that are the same are taken from there.
    ///   - isInternal: whether the device of that name is one of the datapath's own.
    package init(
        _ view: PhysicalView, _ kernel: KernelPorts, after old: SecurityPlan = SecurityPlan(),
        isInternal: (String) -> Bool
    ) {
        let known = Dictionary(
            old.ports.map { ($0.device, $0) }, uniquingKeysWith: { first, _ in first })
        let mirroring = Set(
            view.ports.values.filter { $0.type == "mirror" }.map(\.reference.datapath))
        for device in kernel.interfaces.values {
            guard let reference = view.inputs[device.vport], let port = view.ports[reference],
                port.type.isEmpty
            else { continue }
            let earlier = known[device.name]
            let tables =
                earlier?.tables != nil && earlier?.rules == port.portSecurity
                ? earlier?.tables : SecurityTables(port.portSecurity)
            let omission: Omission? =
                if port.portSecurity.isEmpty {
                    .isUnrestricted
                } else if isInternal(device.name) {
                    .isInternal
                } else if mirroring.contains(reference.datapath)
                    || port.mirrors.contains(where: \.copiesSent)
                {
                    .isMirrored
                } else if port.activation != nil {
                    .isWaiting
                } else if tables == nil {
                    .isTooLarge
                } else { nil }
            ports.append(
                Port(
                    name: port.name, device: device.name, interfaceIndex: device.interfaceIndex,
                    vport: device.vport, rules: port.portSecurity,
                    tables: omission == nil ? tables : nil,
                    omission: omission))
        }
        ports.sort { $0.name < $1.name }
    }
}
