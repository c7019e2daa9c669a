import CLinux
import CNetlink
import Glibc

extension DatapathControl {
    /// Attaches a network device to a datapath, or creates an internal one.
    /// - Parameters:
    ///   - number: the number wanted, or nil for the lowest free one.
    ///   - upcallSockets: where misses go (`UpcallSocket.portID`); with none, misses are lost.
    package func addPort(
        named name: String, kind: KernelPort.Kind = .device, to datapath: KernelDatapath,
        number: UInt32? = nil, upcallSockets: [UInt32] = []
    ) throws(NetlinkError) -> KernelPort {
        var message = request(OVS_VPORT_CMD_NEW, datapath.index, flags: NLM_F_CREATE | NLM_F_ECHO)
        message.put(Int(OVS_VPORT_ATTR_NAME.rawValue), string: name)
        message.put(Int(OVS_VPORT_ATTR_TYPE.rawValue), kind.type)
        if let number { message.put(Int(OVS_VPORT_ATTR_PORT_NO.rawValue), number) }
        message.putSockets(upcallSockets)
        return try onlyPort("port add", name, message)
    }

    /// Takes a port out of its datapath; an internal port's device goes with it.
    package func removePort(
        _ number: UInt32, of datapath: KernelDatapath
    ) throws(NetlinkError) {
        var message = request(OVS_VPORT_CMD_DEL, datapath.index)
        message.put(Int(OVS_VPORT_ATTR_PORT_NO.rawValue), number)
        try socket.exchange("port remove", place: "\(datapath.name)/\(number)", message)
    }

    /// Changes the sockets that a port's misses go to.
    package func setUpcallSockets(
        _ sockets: [UInt32], ofPort number: UInt32, of datapath: KernelDatapath
    ) throws(NetlinkError) -> KernelPort {
        var message = request(OVS_VPORT_CMD_SET, datapath.index, flags: NLM_F_ECHO)
        message.put(Int(OVS_VPORT_ATTR_PORT_NO.rawValue), number)
        message.putSockets(sockets)
        return try onlyPort("port set", "\(datapath.name)/\(number)", message)
    }

    /// The port with this number, or nil.
    package func port(
        _ number: UInt32, of datapath: KernelDatapath
    ) throws(NetlinkError) -> KernelPort? {
        var message = request(OVS_VPORT_CMD_GET, datapath.index)
        message.put(Int(OVS_VPORT_ATTR_PORT_NO.rawValue), number)
        return try existing("\(datapath.name)/\(number)", message)
    }

    /// The port with this name in any datapath of the namespace, or nil.
    package func port(named name: String) throws(NetlinkError) -> KernelPort? {
        var message = request(OVS_VPORT_CMD_GET, 0)
        message.put(Int(OVS_VPORT_ATTR_NAME.rawValue), string: name)
        return try existing(name, message)
    }

    /// All ports of a datapath, by number.
    package func ports(of datapath: KernelDatapath) throws(NetlinkError) -> [KernelPort] {
        var found: [KernelPort] = []
        let message = request(OVS_VPORT_CMD_GET, datapath.index, flags: NLM_F_DUMP)
        try socket.exchange("port list", place: datapath.name, message) {
            if let port = KernelPort($0) { found.append(port) }
        }
        return found.sorted { $0.number < $1.number }
    }

    private func request(
        _ command: ovs_vport_cmd, _ index: Int32, flags: Int32 = 0
    ) -> ControlMessage {
        ControlMessage(
            family: families.port, command: UInt8(command.rawValue),
            version: UInt8(OVS_VPORT_VERSION), flags: flags,
            header: ovs_header(dp_ifindex: index))
    }

    private func existing(
        _ place: String, _ message: consuming ControlMessage
    ) throws(NetlinkError) -> KernelPort? {
        do {
            return try onlyPort("port get", place, message)
        } catch {
            if error.code == .noSuchDevice { return nil }
            throw error
        }
    }

    private func onlyPort(
        _ operation: String, _ place: String, _ message: consuming ControlMessage
    ) throws(NetlinkError) -> KernelPort {
        var found: KernelPort?
        try socket.exchange(operation, place: place, message) { found = KernelPort($0) }
        guard let found else {
            throw NetlinkError(operation, place: place, cause: .malformed("no port in it"))
        }
        return found
    }
}

extension ControlMessage {
    /// The kernel reads a single zero as "send no upcalls".
    fileprivate mutating func putSockets(_ sockets: [UInt32]) {
        (sockets.isEmpty ? [0] : sockets).withUnsafeBytes {
            put(Int(OVS_VPORT_ATTR_UPCALL_PID.rawValue), bytes: $0)
        }
    }
}
