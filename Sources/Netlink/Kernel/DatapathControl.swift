import CLinux
import CNetlink
import Glibc
import Linux

/// Datapaths and their ports: create, find, change, delete. One owner; requests are answered
/// before the call returns. Flows and packets go through `FlowChannel`.
///
/// It works in the network namespace of the thread that opened it.
package struct DatapathControl: ~Copyable {
    package let families: DatapathFamilies
    let socket: ControlSocket

    /// - Throws: `.refused(ENOENT)` if the kernel has no openvswitch.
    package static func open() throws(NetlinkError) -> DatapathControl {
        let socket = try ControlSocket.open(protocolNumber: NETLINK_GENERIC)
        let families = try DatapathFamilies(resolving: socket)
        return DatapathControl(families: families, socket: socket)
    }

    private init(families: DatapathFamilies, socket: consuming ControlSocket) {
        self.families = families
        self.socket = socket
    }

    // MARK: Datapaths

    /// Creates a datapath and its local port, a network device of the same name.
    package func createDatapath(
        named name: String, features: KernelDatapath.Features = [.unaligned, .portSockets]
    ) throws(NetlinkError) -> KernelDatapath {
        var message = request(OVS_DP_CMD_NEW, flags: NLM_F_CREATE | NLM_F_ECHO)
        message.put(Int(OVS_DP_ATTR_NAME.rawValue), string: name)
        message.put(Int(OVS_DP_ATTR_UPCALL_PID.rawValue), UInt32(0))
        message.put(Int(OVS_DP_ATTR_USER_FEATURES.rawValue), features.rawValue)
        return try onlyDatapath("datapath create", name, message)
    }

    /// The datapath with this name, or nil.
    package func datapath(named name: String) throws(NetlinkError) -> KernelDatapath? {
        do {
            var message = request(OVS_DP_CMD_GET)
            message.put(Int(OVS_DP_ATTR_NAME.rawValue), string: name)
            return try onlyDatapath("datapath get", name, message)
        } catch {
            if error.code == .noSuchDevice { return nil }
            throw error
        }
    }

    /// The datapath anew, with its counters of now.
    package func refreshed(_ datapath: KernelDatapath) throws(NetlinkError) -> KernelDatapath {
        try onlyDatapath(
            "datapath get", datapath.name, request(OVS_DP_CMD_GET, index: datapath.index))
    }

    /// All datapaths of the namespace, by name.
    package func datapaths() throws(NetlinkError) -> [KernelDatapath] {
        var found: [KernelDatapath] = []
        try socket.exchange("datapath list", request(OVS_DP_CMD_GET, flags: NLM_F_DUMP)) {
            if let datapath = KernelDatapath($0) { found.append(datapath) }
        }
        return found.sorted { $0.name < $1.name }
    }

    /// Changes what a datapath does; `processorSockets` are the sockets of processors 0, 1, … for
    /// the feature of that name.
    package func setFeatures(
        _ features: KernelDatapath.Features, of datapath: KernelDatapath,
        processorSockets: [UInt32] = []
    ) throws(NetlinkError) -> KernelDatapath {
        var message = request(OVS_DP_CMD_SET, index: datapath.index, flags: NLM_F_ECHO)
        message.put(Int(OVS_DP_ATTR_USER_FEATURES.rawValue), features.rawValue)
        if !processorSockets.isEmpty {
            processorSockets.withUnsafeBytes {
                message.put(Int(OVS_DP_ATTR_PER_CPU_PIDS.rawValue), bytes: $0)
            }
        }
        return try onlyDatapath("datapath set", datapath.name, message)
    }

    /// Deletes a datapath with its flows, its ports' attachments and its internal devices.
    package func delete(_ datapath: KernelDatapath) throws(NetlinkError) {
        try socket.exchange(
            "datapath delete", place: datapath.name,
            request(OVS_DP_CMD_DEL, index: datapath.index))
    }

    private func request(
        _ command: ovs_datapath_cmd, index: Int32 = 0, flags: Int32 = 0
    ) -> ControlMessage {
        ControlMessage(
            family: families.datapath, command: UInt8(command.rawValue),
            version: UInt8(OVS_DATAPATH_VERSION), flags: flags,
            header: ovs_header(dp_ifindex: index))
    }

    private func onlyDatapath(
        _ operation: String, _ place: String, _ message: consuming ControlMessage
    ) throws(NetlinkError) -> KernelDatapath {
        var found: KernelDatapath?
        try socket.exchange(operation, place: place, message) { found = KernelDatapath($0) }
        guard let found else {
            throw NetlinkError(operation, place: place, cause: .malformed("no datapath in it"))
        }
        return found
    }
}
