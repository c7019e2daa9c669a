import Wire

// What the kernel does with a packet (enum ovs_action_attr, linux/openvswitch.h), as a value. The
// translator makes these, netlink encodes them, the model executes them, and printing them is
// `dpctl/dump-flows`. An empty list drops the packet.

package indirect enum DatapathAction: Hashable, Sendable {
    /// To a port of the datapath.
    case output(UInt32)
    case userspace(UserspaceAction)
    /// Header fields of one header; encoded as OVS_ACTION_ATTR_SET_MASKED.
    case set(HeaderSet)
    /// The outer header for the tunnel ports that follow.
    case setTunnel(TunnelKey)
    case pushVLAN(VLANTag)
    case popVLAN
    case recirculate(UInt32)
    /// Computes `datapathHash` over layer 3 and 4 (OVS_HASH_ALG_L4).
    case hash(basis: UInt32)
    case track(ConnectionTracking)
    case clearTracking
    /// At most this many bytes go out with the next output.
    case truncate(UInt32)
    /// The actions see a copy of the packet and of the key.
    case clone([DatapathAction])
    /// The actions run for `probability` of all 2^32 - 1 (UInt32.max: always).
    case sample(probability: UInt32, [DatapathAction])
    /// A copy for whoever listens to the group of the kernel's psample (OVS_ACTION_ATTR_PSAMPLE,
    /// Linux 6.11); the cookie has at most 16 bytes.
    case localSample(group: UInt32, cookie: [UInt8])
    case meter(UInt32)
    /// The length is that of the frame from the Ethernet header on.
    case checkLength(UInt16, greater: [DatapathAction], lessOrEqual: [DatapathAction])
    /// Ends the list for a packet whose time to live is one or less, after `exceeded`.
    case decrementTTL(exceeded: [DatapathAction])
}

/// A packet for the agent (OVS_ACTION_ATTR_USERSPACE).
package struct UserspaceAction: Hashable, Sendable {
    /// The netlink port that hears it; the kernel refuses zero.
    package var port: UInt32
    /// Comes back with the packet.
    package var cookie: [UInt8]

    package init(port: UInt32, cookie: [UInt8]) {
        self.port = port
        self.cookie = cookie
    }
}

/// New bits for one header.
package struct HeaderSet: Hashable, Sendable {
    /// The headers that the kernel can change (OVS_KEY_ATTR_* in a set action).
    package enum Header: UInt8, CaseIterable, Comparable, Sendable {
        case priority, mark, ethernet, ipv4, ipv6, tcp, udp, sctp

        package static func < (left: Header, right: Header) -> Bool {
            left.rawValue < right.rawValue
        }

        /// The fields of the header that can be set, in the order of the kernel's structures.
        package var fields: [KeyField] {
            switch self {
            case .priority: [.priority]
            case .mark: [.mark]
            case .ethernet: [.ethernetSource, .ethernetDestination]
            case .ipv4: [.ipv4Source, .ipv4Destination, .ipTOS, .ipTTL]
            case .ipv6: [.ipv6Source, .ipv6Destination, .ipv6Label, .ipTOS, .ipTTL]
            case .tcp, .udp, .sctp: [.sourcePort, .destinationPort]
            }
        }
    }

    package struct Change: Hashable, Sendable {
        package var field: KeyField
        /// Zero outside of the mask.
        package var value: UInt128
        package var mask: UInt128

        package init(_ field: KeyField, _ value: UInt128, mask: UInt128? = nil) {
            let width = field.position.width
            let full: UInt128 = width == 128 ? .max : (1 << UInt128(width)) - 1
            self.field = field
            self.mask = (mask ?? full) & full
            self.value = value & self.mask
        }

        package var isExact: Bool {
            mask.nonzeroBitCount == Int(field.position.width)
        }
    }

    package var header: Header
    /// In the order of `Header.fields`, each at most once, none with an empty mask.
    package var changes: [Change]

    package init(_ header: Header, _ changes: [Change]) {
        self.header = header
        self.changes = header.fields.compactMap { field in
            changes.first { $0.field == field && $0.mask != 0 }
        }
    }
}

/// The outer header of a tunnel packet.
package struct TunnelKey: Hashable, Sendable {
    /// The virtual network identifier.
    package var id: UInt64
    /// Nil lets the kernel choose by its routes.
    package var source: IPAddress?
    package var destination: IPAddress
    package var tos: UInt8
    package var ttl: UInt8
    /// Bits of `TunnelFlag`.
    package var flags: UInt64
    /// UDP port of the receiver; zero stands for that of the device.
    package var destinationPort: UInt16
    /// The value of OVN's Geneve option.
    package var option: UInt32?
    /// The index of an ERSPAN header, version 1; none beside a Geneve option.
    package var erspanIndex: UInt32?

    package init(
        id: UInt64, source: IPAddress? = nil, destination: IPAddress, tos: UInt8 = 0,
        ttl: UInt8 = 64, flags: UInt64 = TunnelFlag.dontFragment | TunnelFlag.checksum,
        destinationPort: UInt16 = 0, option: UInt32? = nil, erspanIndex: UInt32? = nil
    ) {
        precondition(option == nil || erspanIndex == nil, "a packet has one kind of options")
        self.erspanIndex = erspanIndex
        self.id = id
        self.source = source
        self.destination = destination
        self.tos = tos
        self.ttl = ttl
        self.flags = flags
        self.destinationPort = destinationPort
        self.option = option
    }
}

/// A pass through connection tracking (OVS_ACTION_ATTR_CT).
package struct ConnectionTracking: Hashable, Sendable {
    package struct Translation: Hashable, Sendable {
        package enum Direction: Sendable { case source, destination }
        /// Nil applies what the connection already has.
        package var direction: Direction?
        package var addresses: ClosedRange<IPAddress>?
        package var ports: ClosedRange<UInt16>?
        /// The port is chosen at random among those of the range that are free.
        package var isRandom: Bool

        package init(
            direction: Direction? = nil, addresses: ClosedRange<IPAddress>? = nil,
            ports: ClosedRange<UInt16>? = nil, isRandom: Bool = false
        ) {
            self.direction = direction
            self.addresses = addresses
            self.ports = ports
            self.isRandom = isRandom
        }
    }

    package struct Masked<Value: Hashable & Sendable>: Hashable, Sendable {
        package var value: Value
        package var mask: Value

        package init(_ value: Value, mask: Value) {
            self.value = value
            self.mask = mask
        }
    }

    /// A module of the kernel that finds out which connections a connection opens; its name there.
    package enum Helper: String, CaseIterable, Hashable, Sendable {
        case ftp, tftp
    }

    package var zone: UInt16
    package var commit: Bool
    package var mark: Masked<UInt32>?
    package var label: Masked<UInt128>?
    package var translation: Translation?
    /// Of a connection that is committed.
    package var helper: Helper?

    package init(
        zone: UInt16, commit: Bool = false, mark: Masked<UInt32>? = nil,
        label: Masked<UInt128>? = nil, translation: Translation? = nil, helper: Helper? = nil
    ) {
        self.helper = helper
        self.zone = zone
        self.commit = commit
        self.mark = mark
        self.label = label
        self.translation = translation
    }
}

/// What the kernel module is built with (net/openvswitch).
package enum KernelLimits {
    /// Bytes of one flow's actions (MAX_ACTIONS_BUFSIZE).
    package static let actionBytes = 32 * 1024
    /// Copies of the flow key that run at once instead of being deferred
    /// (OVS_DEFERRED_ACTION_THRESHOLD).
    package static let immediateLevels = 3
    /// A ring of ten in which one place stays free (DEFERRED_ACTION_FIFO_SIZE).
    package static let deferredActions = 9
    /// Flows that may execute inside each other (OVS_RECURSION_LIMIT).
    package static let recursion = 5
    /// Port numbers are below this (DP_MAX_PORTS).
    package static let ports: UInt32 = 0xffff
}
