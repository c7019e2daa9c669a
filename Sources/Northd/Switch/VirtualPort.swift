import LogicalFlow
import Wire

/// An address that moves between ports: whoever announces it, of those that may, gets the virtual
/// port (Logical_Switch_Port of type `virtual`).
package struct VirtualPort: SwitchFeature {
    package let name: String
    package let address: IPAddress
    /// Ports of the same switch that may have the address.
    package let parents: [String]

    package func emit(into flows: inout SwitchFlows) {
        for parent in parents {
            flows.add(
                .inNeighbourResponse, 100, .both(.inport(parent), announcement),
                [.bindVirtualPort(name, parent: FieldRange(.inport)), .next], port: parent)
        }
    }

    private var announcement: Match {
        switch address {
        case .v4(let address):
            let sender = Match.equal(.arpSPA, .ip4(address))
            return .either(
                .both(.equal(.arpOp, 1), sender, .equal(.arpTPA, .ip4(address))),
                .both(.equal(.arpOp, 2), sender))
        case .v6(let address):
            let target = Match.equal(.ndTarget, .ip6(address))
            return .either(
                .both(
                    .symbol(.ndNS),
                    .equal(.ip6Dst, [.ip6(address), .ip6(address.solicitedNodeMulticast)]),
                    target),
                .both(.symbol(.ndNA), target))
        }
    }
}
