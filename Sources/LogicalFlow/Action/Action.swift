import Wire

// What a logical flow does: a list of actions, as values. The set is that of the language, closed, so
// that whoever evaluates actions switches over it and the compiler says what is missing.
//
// Property: printing is canonical and parses back to the same value, so nobody pastes action text. An
// empty list drops the packet and prints as `drop;`.

package indirect enum Action: Hashable, Sendable {
    // Control
    case next(NextTable)
    case output
    /// Runs the actions on a copy of the packet.
    case clone([Action])
    case push(FieldRange)
    case pop(FieldRange)
    /// Sends a copy to each remote chassis.
    case floodRemote
    case mirror(port: String)
    case forwardGroup(ForwardGroup)

    // Header and registers
    case load(FieldRange, Constant)
    case move(FieldRange, from: FieldRange)
    case exchange(FieldRange, FieldRange)
    case decrementTTL
    /// 0...61440.
    case setQueue(Int)
    /// kbit/s and kbit; no burst is zero.
    case setMeter(rate: UInt64, burst: UInt64)

    // Connection tracking and address translation
    /// Looks the connection up in a zone of the datapath; without a zone, in the usual one.
    case ctNext(NATZone?)
    /// Commits the connection after the actions, which set its mark and label.
    case ctCommit([Action])
    /// The form of OVN before 21.03: constants only, always the port's zone.
    case ctCommitConstants(mark: Number?, label: Number?)
    case ctCommitToZone(NATZone)
    case ctCommitNAT(NATZone?)
    case ctNAT(NATKind, NATTarget?)
    case ctClear
    case ctLoadBalance(LoadBalance)
    /// Source translation of a hairpinned connection to its virtual address.
    case ctSNATToVIP
    /// Chooses one of several numbers by the packet's hash and goes on to the next table.
    case select(FieldRange, Selection)

    // Neighbours and stations: P is a port, A an address, E an Ethernet address.
    case getNeighbour(Family, port: FieldRange, address: FieldRange)
    case putNeighbour(Family, port: FieldRange, address: FieldRange, ethernet: FieldRange)
    case putFDB(port: FieldRange, ethernet: FieldRange)
    case macCacheUse

    /// `RESULT = function(...);`
    case evaluate(FieldRange, Function)

    /// Runs the actions on a packet made from this one.
    case generate(Generator, [Action])

    // Services of the chassis
    case handleDHCPv6Reply
    case handleBFDMessage
    case handleServiceCheck(port: FieldRange)
    case igmp
    case bindVirtualPort(String, parent: FieldRange)
    case triggerEvent(Event)
    case log(LogEntry)
    case sample(Sample)
    case commitECMPNextHop(isIPv6: Bool, protocol: TransportProtocol)
    case commitLoadBalancerAffinity(Affinity)
}

// MARK: - Operands

extension Action {
    package enum Pipeline: String, CaseIterable, Hashable, Sendable {
        case ingress, egress
    }

    /// Where `next` goes. What isn't given is relative to the flow: its pipeline, the table after its
    /// own.
    package struct NextTable: Hashable, Sendable {
        package let pipeline: Pipeline?
        package let table: Int?

        package init(pipeline: Pipeline? = nil, table: Int? = nil) {
            self.pipeline = pipeline
            self.table = table
        }
    }

    package struct ForwardGroup: Hashable, Sendable {
        /// Leaves out ports whose chassis can't be reached.
        package let checksLiveness: Bool
        package let ports: [String]

        package init(ports: [String], checksLiveness: Bool = false) {
            self.ports = ports
            self.checksLiveness = checksLiveness
        }
    }

    package enum Family: String, CaseIterable, Hashable, Sendable {
        case ip4 = "arp"
        case ip6 = "nd"
    }

    package enum TransportProtocol: String, CaseIterable, Hashable, Sendable {
        case tcp, udp, sctp
    }

    package enum NATZone: String, CaseIterable, Hashable, Sendable {
        case dnat, snat
    }

    package enum NATKind: String, CaseIterable, Hashable, Sendable {
        case dnat = "ct_dnat"
        case snat = "ct_snat"
        case dnatInCommonZone = "ct_dnat_in_czone"
        case snatInCommonZone = "ct_snat_in_czone"
    }

    /// The address, and ports to choose from, that a translation writes.
    package struct NATTarget: Hashable, Sendable {
        package let address: IPAddress
        package let ports: ClosedRange<UInt16>?

        package init(_ address: IPAddress, ports: ClosedRange<UInt16>? = nil) {
            self.address = address
            self.ports = ports
        }
    }

    package struct LoadBalance: Hashable, Sendable {
        package enum Kind: String, CaseIterable, Hashable, Sendable {
            /// Keeps its flags in `ct_mark`.
            case mark = "ct_lb_mark"
            /// As `mark`, of backends on this chassis only.
            case markLocal = "ct_lb_mark_local"
            /// Keeps its flags in `ct_label`: OVN up to 22.03.
            case label = "ct_lb"
        }

        package enum SNAT: String, CaseIterable, Hashable, Sendable {
            case skip = "skip_snat"
            case force = "force_snat"
        }

        package let kind: Kind
        /// Of none, the translation of an established connection is applied.
        package let backends: [Backend]
        /// Names of the fields to hash instead of the datapath's hash.
        package let hashFields: [String]
        package let snat: SNAT?

        package init(
            _ kind: Kind, backends: [Backend] = [], hashFields: [String] = [], snat: SNAT? = nil
        ) {
            self.kind = kind
            self.backends = backends
            self.hashFields = hashFields
            self.snat = snat
        }
    }

    package struct Backend: Hashable, Sendable {
        /// The logical port behind which the backend is, for `ct_lb_mark_local`.
        package let logicalPort: String?
        package let address: IPAddress
        package let port: UInt16?

        package init(_ address: IPAddress, port: UInt16? = nil, logicalPort: String? = nil) {
            self.address = address
            self.port = port
            self.logicalPort = logicalPort
        }
    }

    package struct Selection: Hashable, Sendable {
        package struct Member: Hashable, Sendable {
            package let value: UInt16
            /// 1...65535.
            package let weight: UInt16

            package init(_ value: UInt16, weight: UInt16 = 100) {
                precondition(weight > 0)
                self.value = value
                self.weight = weight
            }
        }

        /// At least two.
        package let members: [Member]
        package let hashFields: [String]

        package init(_ members: [Member], hashFields: [String] = []) {
            self.members = members
            self.hashFields = hashFields
        }
    }

    /// Packets that are made from the one at hand.
    package enum Generator: String, CaseIterable, Hashable, Sendable {
        case arp
        case ndNS = "nd_ns"
        case ndNA = "nd_na"
        case ndNARouter = "nd_na_router"
        case icmp4
        case icmp4Error = "icmp4_error"
        case icmp6
        case icmp6Error = "icmp6_error"
        case tcpReset = "tcp_reset"
        case sctpAbort = "sctp_abort"
        case reject
    }

    /// The arrival of a packet for a load balancer without backends.
    package struct Event: Hashable, Sendable {
        package let options: [Option]

        package init(options: [Option]) { self.options = options }

        /// The one kind of event there is.
        package static let kind = "empty_lb_backends"
    }

    package struct LogEntry: Hashable, Sendable {
        package enum Verdict: String, CaseIterable, Hashable, Sendable {
            case allow, drop, reject, pass
        }

        package enum Severity: String, CaseIterable, Hashable, Sendable {
            case alert, warning, notice, info, debug
        }

        package let name: String?
        package let verdict: Verdict
        package let severity: Severity
        package let meter: String?

        package init(
            name: String? = nil, verdict: Verdict, severity: Severity = .info,
            meter: String? = nil
        ) {
            self.name = name
            self.verdict = verdict
            self.severity = severity
            self.meter = meter
        }
    }

    package struct Sample: Hashable, Sendable {
        package enum Point: Hashable, Sendable {
            case number(UInt32)
            case field(FieldRange)
            /// The first 32 bits of the flow's row identifier.
            case cookie
        }

        /// Of 65535.
        package let probability: UInt16
        package let collectorSet: UInt32
        package let domain: UInt8
        package let point: Point

        package init(
            probability: UInt16, collectorSet: UInt32 = 0, domain: UInt8 = 0,
            point: Point = .number(0)
        ) {
            self.probability = probability
            self.collectorSet = collectorSet
            self.domain = domain
            self.point = point
        }
    }

    /// One client's binding to one backend.
    package struct Affinity: Hashable, Sendable {
        package let address: Backend
        package let backend: Backend
        package let `protocol`: TransportProtocol?
        /// Seconds.
        package let timeout: UInt16

        package init(
            address: Backend, backend: Backend, protocol: TransportProtocol?, timeout: UInt16
        ) {
            self.address = address
            self.backend = backend
            self.protocol = `protocol`
            self.timeout = timeout
        }
    }

    /// `name = values` in the argument list of a service.
    package struct Option: Hashable, Sendable {
        package let name: String
        /// At least one; more than one is a set in braces.
        package let values: [Constant]

        package init(_ name: String, _ values: [Constant]) {
            precondition(!values.isEmpty, "an option needs a value")
            self.name = name
            self.values = values
        }
    }
}

// MARK: - Functions

extension Action {
    /// The right side of `RESULT = function(...);`. Unless said otherwise the result is one bit.
    package enum Function: Hashable, Sendable {
        /// True for packets longer than this many bytes, Ethernet header included.
        case checkPacketLarger(Int)
        case lookupNeighbour(Family, port: FieldRange, address: FieldRange, ethernet: FieldRange)
        case lookupNeighbourAddress(Family, port: FieldRange, address: FieldRange)
        case checkEVPNNeighbour(FieldRange)
        case lookupFDB(port: FieldRange, ethernet: FieldRange)
        /// Yields a port.
        case getFDB(FieldRange)
        /// Yields a port.
        case getRemoteFDB(FieldRange)
        case putDHCPOptions([Option])
        case putDHCPv6Options([Option])
        case putRouterAdvertisementOptions([Option])
        case checkDHCPRelayRequest(relay: IPv4Address, server: IPv4Address)
        case checkDHCPRelayResponse(relay: IPv4Address, server: IPv4Address)
        case dnsLookup
        case check(Check)
        case connection(ConnectionField)
    }

    /// Functions without arguments that yield one bit.
    package enum Check: String, CaseIterable, Hashable, Sendable {
        /// True if the packet *fails*.
        case inPortSecurity = "check_in_port_sec"
        /// True if the packet *fails*.
        case outPortSecurity = "check_out_port_sec"
        case loadBalancerHairpin = "chk_lb_hairpin"
        case loadBalancerHairpinReply = "chk_lb_hairpin_reply"
        case ecmpNextHopMAC = "chk_ecmp_nh_mac"
        case ecmpNextHop = "chk_ecmp_nh"
        case loadBalancerAffinity = "chk_lb_aff"
    }

    /// What is known of the packet's connection; zero of an untracked one.
    package enum ConnectionField: String, CaseIterable, Hashable, Sendable {
        case destination4 = "ct_nw_dst"
        case destination6 = "ct_ip6_dst"
        case destinationPort = "ct_tp_dst"
        case `protocol` = "ct_proto"
        case state = "ct_state_save"

        /// Width of the result in bits.
        package var width: Int {
            switch self {
            case .destination4: 32
            case .destination6: 128
            case .destinationPort: 16
            case .protocol, .state: 8
            }
        }
    }
}

// MARK: - Building

extension Action {
    /// To the next table of the same pipeline.
    package static let next = Action.next(NextTable())

    package static func next(_ pipeline: Pipeline, table: Int) -> Action {
        .next(NextTable(pipeline: pipeline, table: table))
    }

    package static func load(_ symbol: Symbol, _ constant: Constant) -> Action {
        .load(FieldRange(symbol), constant)
    }

    package static func move(_ symbol: Symbol, from source: Symbol) -> Action {
        .move(FieldRange(symbol), from: FieldRange(source))
    }

    package static func exchange(_ left: Symbol, _ right: Symbol) -> Action {
        .exchange(FieldRange(left), FieldRange(right))
    }

    package static func outport(_ name: String) -> Action { .load(.outport, .string(name)) }
}

/// The actions of one flow.
package struct ActionList: Hashable, Sendable {
    package let actions: [Action]

    package init(_ actions: [Action]) { self.actions = actions }

    package static let drop = ActionList([])
}

extension ActionList: ExpressibleByArrayLiteral {
    package init(arrayLiteral elements: Action...) { self.init(elements) }
}
