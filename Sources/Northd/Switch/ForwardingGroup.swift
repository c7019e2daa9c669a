import LogicalFlow
import OVSDBModel
import Schemas
import Wire

/// A virtual station behind which several ports take turns (ovn-nb(5), Forwarding_Group).
package struct ForwardingGroup: SwitchFeature {
    package let address: IPv4Address
    package let mac: MACAddress
    package let ports: [String]
    package let checksLiveness: Bool

    /// Fails, after a report, without addresses.
    package init?(
        _ row: NB.ForwardingGroup, report: (_ column: String, _ reason: String) -> Void
    ) {
        guard let address = IPv4Address(parsing: row.vip) else {
            report("vip", "no IPv4 address: \"\(row.vip)\"")
            return nil
        }
        guard let mac = MACAddress(parsing: row.vmac) else {
            report("vmac", "no Ethernet address: \"\(row.vmac)\"")
            return nil
        }
        self.address = address
        self.mac = mac
        ports = row.childPort
        checksLiveness = row.liveness
    }

    package func emit(into flows: inout SwitchFlows) {
        guard !ports.isEmpty else { return }
        flows.add(
            .inNeighbourResponse, 50, .both(.equal(.arpTPA, .ip4(address)), .equal(.arpOp, 1)),
            ActionList(NeighbourResponder.arpReply(address, mac)))
        flows.add(
            .inL2Lookup, 50, .equal(.ethDst, .ethernet(mac)),
            [.forwardGroup(Action.ForwardGroup(ports: ports, checksLiveness: checksLiveness))])
    }
}
