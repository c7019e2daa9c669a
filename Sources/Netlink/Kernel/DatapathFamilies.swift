import CLinux
import CNetlink
import Linux

/// The numbers that the running kernel has given to openvswitch's generic netlink families
/// (linux/openvswitch.h, OVS_*_FAMILY) and multicast groups. They change with every boot.
package struct DatapathFamilies: Hashable, Sendable {
    package let datapath: UInt16
    package let port: UInt16
    package let flow: UInt16
    package let packet: UInt16
    /// Nil where the kernel's module is older than meters (4.15).
    package let meter: UInt16?
    /// Nil where the kernel tracks no connections.
    package let conntrackLimit: UInt16?
    /// The group on which ports are announced.
    package let portGroup: UInt32
}

extension DatapathFamilies {
    /// Asks the kernel, which loads the module if it can.
    /// - Throws: `.refused(ENOENT)` if the kernel has no openvswitch.
    init(resolving socket: borrowing ControlSocket) throws(NetlinkError) {
        datapath = try socket.family(OVS_DATAPATH_FAMILY)
        port = try socket.family(OVS_VPORT_FAMILY)
        flow = try socket.family(OVS_FLOW_FAMILY)
        packet = try socket.family(OVS_PACKET_FAMILY)
        meter = try? socket.family(OVS_METER_FAMILY)
        conntrackLimit = try? socket.family(OVS_CT_LIMIT_FAMILY)
        portGroup = try socket.group(OVS_VPORT_MCGROUP, of: OVS_VPORT_FAMILY)
    }
}

extension ControlSocket {
    /// The number of a generic netlink family.
    func family(_ name: String) throws(NetlinkError) -> UInt16 {
        let number = genl_ctrl_resolve(raw, name)
        guard number > 0 else { throw Self.missing("resolve family", name, number) }
        return UInt16(truncatingIfNeeded: number)
    }

    /// The number of a multicast group of a generic netlink family.
    func group(_ name: String, of family: String) throws(NetlinkError) -> UInt32 {
        let number = genl_ctrl_resolve_grp(raw, family, name)
        guard number > 0 else { throw Self.missing("resolve group", name, number) }
        return UInt32(number)
    }

    private static func missing(
        _ operation: String, _ name: String, _ result: Int32
    ) -> NetlinkError {
        let isAbsent = result == -NLE_OBJ_NOTFOUND || result == 0
        return NetlinkError(
            operation, place: name,
            cause: isAbsent ? .refused(.noSuchEntry, text: "") : .exchange(.protocolError))
    }
}
