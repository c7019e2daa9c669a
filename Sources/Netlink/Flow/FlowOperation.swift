import Datapath
import Linux

/// One request to the kernel's flow table or for a packet.
package enum FlowOperation: Sendable {
    case put(FlowPut)
    case delete(FlowID)
    case execute(PacketExecution)
}

/// A flow to be put.
package struct FlowPut: Sendable {
    package enum Mode: Sendable {
        /// Fails with EEXIST if a flow has this identifier, or matches the key.
        case create
        /// Changes the actions of a flow with this identifier, if there is one.
        case createOrReplace
        /// Fails with ENOENT if no flow has this identifier.
        case replace
    }

    package var id: FlowID
    /// The key of a packet, whole or masked. The kernel refuses to create a flow while another
    /// matches this key: the whole key of a packet that missed has no such flow.
    package var key: FlowKey
    /// Widened on the way (`FlowMask.widened`).
    package var mask: FlowMask
    package var actions: EncodedActions
    package var mode: Mode
    /// Key and mask as they are sent, if they are known so already.
    package var encoded: EncodedMatch?
    /// A refusal is expected: the kernel shall not write it into its log.
    var isProbe = false

    package init(
        id: FlowID, key: FlowKey, mask: FlowMask, actions: EncodedActions,
        mode: Mode = .create, encoded: EncodedMatch? = nil
    ) {
        self.id = id
        self.key = key
        self.mask = mask
        self.actions = actions
        self.mode = mode
        self.encoded = encoded
    }

    /// What the kernel will hold.
    package var match: KernelMatch { KernelMatch(key: key, mask: mask) }
}

extension FlowOperation {
    /// Why the kernel can't be asked for this, or nil. Geneve options other than OVN's have no
    /// place in a key, so a flow for them would match packets with any options.
    var obstacle: NetlinkError.Cause? {
        guard case .put(let put) = self, put.key[.tunnelOptions] == TunnelOptions.foreign else {
            return nil
        }
        return .unsupported("a match on foreign Geneve options")
    }
}

/// A packet to be sent through actions.
package struct PacketExecution: Sendable {
    /// At most `maximumPacket` bytes.
    package var packet: [UInt8]
    /// What is kept beside the packet (input port, tunnel, recirculation id, connection state);
    /// the headers are read from the packet.
    package var metadata: FlowKey
    /// The key as the kernel has handed it up, which is sent in place of `metadata`; empty for none.
    package var kernelKey: [UInt8]
    package var actions: EncodedActions
    /// From the upcall: the largest fragment received (OVS_PACKET_ATTR_MRU).
    package var maximumReceivedUnit: UInt16?
    /// From the upcall: the packet's hash and its kind (OVS_PACKET_ATTR_HASH).
    package var hash: UInt64?

    package static let maximumPacket = MessageWriter.maximumPayload

    package init(
        packet: [UInt8], metadata: FlowKey, kernelKey: [UInt8] = [], actions: EncodedActions,
        maximumReceivedUnit: UInt16? = nil, hash: UInt64? = nil
    ) {
        self.packet = packet
        self.metadata = metadata
        self.kernelKey = kernelKey
        self.actions = actions
        self.maximumReceivedUnit = maximumReceivedUnit
        self.hash = hash
    }
}

/// What became of one operation.
package struct FlowOutcome: Hashable, Sendable {
    /// Nil if the kernel did it.
    package var failure: NetlinkError.Cause?
    /// The last counters of a flow that was deleted.
    package var statistics: FlowStatistics?

    package init(failure: NetlinkError.Cause? = nil, statistics: FlowStatistics? = nil) {
        self.failure = failure
        self.statistics = statistics
    }

    package var isSuccess: Bool { failure == nil }

    /// Nobody knows whether the kernel did it.
    package var isUnknown: Bool {
        switch failure {
        case .exchange, .malformed: true
        case .refused, .tooLarge, .unsupported, nil: false
        }
    }

    /// The kernel's error number, if it refused.
    package var code: ErrorCode? {
        guard case .refused(let code, _) = failure else { return nil }
        return code
    }
}
