// Who serves the kernel's datapath: one agent of a network namespace. Before it is this one, nothing in
// the kernel is changed.

import Linux
import Netlink

/// Held as long as this process serves the datapath of its network namespace.
struct DatapathOwnership: ~Copyable {
    private let name: FileDescriptor

    init() throws(DatapathClaimFailure) {
        do {
            name = try UnixSocket.bind(abstract: "swift-ovn/\(KernelDriver.datapathName)")
        } catch {
            throw error.code == .addressInUse ? .served : .system(error)
        }
    }
}

/// Why the datapath can't be served now.
enum DatapathClaimFailure: Error, CustomStringConvertible {
    /// By another process.
    case served
    case system(SystemError)
    case kernel(NetlinkError)

    var description: String {
        switch self {
        case .served:
            "\(KernelDriver.datapathName) is served by another ovn-controller in this network namespace"
        case .system(let error): "\(error)"
        case .kernel(let error): "\(error)"
        }
    }
}

extension KernelDriver {
    /// Takes the datapath over, with what is in it; does nothing if that has been done.
    func claim() throws(DatapathClaimFailure) {
        guard !isOwner else { return }
        let ownership = try DatapathOwnership()
        do {
            try prepare()
            // Packets of the agent's own come in by no port. Where they are tracked on their way, the
            // kernel asks how to go on as if they had come in by the datapath's own device.
            _ = try control.setUpcallSockets(
                [fallback.socket.portID], ofPort: KernelPort.localNumber, of: datapath)
            for port in try control.ports(of: datapath) { known[port.name] = port }
        } catch {
            throw .kernel(error)
        }
        self.ownership = consume ownership
    }

    /// Opening the datapath makes stock tools such as ovs-dpctl(8) switch it to a socket for each
    /// processor. So that no miss is lost then, such sockets are named before the switch is turned
    /// back; the kernel remembers them.
    private func prepare() throws(NetlinkError) {
        do {
            _ = try control.setFeatures(
                Self.features.union(.processorSockets), of: datapath,
                processorSockets: Array(
                    repeating: fallback.socket.portID, count: ProcessorCount.possible))
        } catch {
            // A kernel before 5.15 has no such sockets, and no tool can switch to them.
            guard error.code == .notSupported || error.code == .invalid else { throw error }
        }
        _ = try control.setFeatures(Self.features, of: datapath)
    }

    /// Turns back what another tool has switched.
    func keepFeatures() throws(NetlinkError) {
        guard isOwner, try control.refreshed(datapath).features != Self.features else { return }
        _ = try control.setFeatures(Self.features, of: datapath)
    }
}
