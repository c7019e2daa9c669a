import Wire

// The fields of records: the elements that Open vSwitch sends of sampled flows, by their numbers in
// IANA's registry "IPFIX Information Elements". Those of tunnels and of the virtual observation are an
// enterprise's (ovs-vswitchd.conf.db(5), IPFIX.other_config).

package struct InformationElement: Hashable, Sendable {
    package let number: UInt16
    /// Bytes; nil for a value that comes behind its length.
    package let size: UInt16?
    package let enterprise: UInt32?

    private init(_ number: UInt16, _ size: UInt16?, enterprise: UInt32? = nil) {
        self.number = number
        self.size = size
        self.enterprise = enterprise
    }

    /// RFC 7011 §7.
    private static let variableSize: UInt16 = 65535
    private static let enterpriseBit: UInt16 = 0x8000
    private static let vmware: UInt32 = 6876

    /// The field specifier (RFC 7011 §3.2).
    package var specifier: [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(UInt64(number | (enterprise == nil ? 0 : Self.enterpriseBit)), width: 2)
        bytes.append(UInt64(size ?? Self.variableSize), width: 2)
        if let enterprise { bytes.append(UInt64(enterprise), width: 4) }
        return bytes
    }
}

extension InformationElement {
    static let observationPointID = Self(138, 4)
    static let flowDirection = Self(61, 1)
    static let sourceMacAddress = Self(56, 6)
    static let destinationMacAddress = Self(80, 6)
    static let ethernetType = Self(256, 2)
    static let ethernetHeaderLength = Self(240, 1)
    static let ingressInterface = Self(10, 4)
    static let ingressInterfaceType = Self(368, 4)
    static let interfaceName = Self(82, nil)
    static let interfaceDescription = Self(83, nil)

    static let vlanID = Self(58, 2)
    static let dot1qVlanID = Self(243, 2)
    static let dot1qPriority = Self(244, 1)

    static let ipVersion = Self(60, 1)
    static let ipTTL = Self(192, 1)
    static let protocolIdentifier = Self(4, 1)
    static let ipDiffServCodePoint = Self(195, 1)
    static let ipPrecedence = Self(196, 1)
    static let ipClassOfService = Self(5, 1)
    static let sourceIPv4Address = Self(8, 4)
    static let destinationIPv4Address = Self(12, 4)
    static let sourceIPv6Address = Self(27, 16)
    static let destinationIPv6Address = Self(28, 16)
    static let flowLabelIPv6 = Self(31, 4)
    static let sourceTransportPort = Self(7, 2)
    static let destinationTransportPort = Self(11, 2)
    static let icmpTypeIPv4 = Self(176, 1)
    static let icmpCodeIPv4 = Self(177, 1)
    static let icmpTypeIPv6 = Self(178, 1)
    static let icmpCodeIPv6 = Self(179, 1)

    static let tunnelType = Self(891, 1, enterprise: vmware)
    static let tunnelKey = Self(892, nil, enterprise: vmware)
    static let tunnelSourceIPv4Address = Self(893, 4, enterprise: vmware)
    static let tunnelDestinationIPv4Address = Self(894, 4, enterprise: vmware)
    static let tunnelProtocolIdentifier = Self(895, 1, enterprise: vmware)
    static let tunnelSourceTransportPort = Self(896, 2, enterprise: vmware)
    static let tunnelDestinationTransportPort = Self(897, 2, enterprise: vmware)
    static let virtualObservationID = Self(898, nil, enterprise: vmware)

    static let flowStartDeltaMicroseconds = Self(158, 4)
    static let flowEndDeltaMicroseconds = Self(159, 4)
    static let droppedPacketDeltaCount = Self(133, 8)
    static let droppedPacketTotalCount = Self(135, 8)
    static let packetDeltaCount = Self(2, 8)
    static let packetTotalCount = Self(86, 8)
    static let ingressUnicastPacketTotalCount = Self(354, 8)
    static let ingressMulticastPacketTotalCount = Self(355, 8)
    static let ingressBroadcastPacketTotalCount = Self(356, 8)
    static let egressUnicastPacketTotalCount = Self(357, 8)
    static let egressBroadcastPacketTotalCount = Self(358, 8)
    static let postMCastPacketDeltaCount = Self(19, 8)
    static let postMCastPacketTotalCount = Self(174, 8)
    static let layer2OctetDeltaCount = Self(352, 8)
    static let layer2OctetTotalCount = Self(353, 8)
    static let flowEndReason = Self(136, 1)

    static let droppedOctetDeltaCount = Self(132, 8)
    static let droppedOctetTotalCount = Self(134, 8)
    static let octetDeltaCount = Self(1, 8)
    static let octetTotalCount = Self(85, 8)
    static let octetDeltaSumOfSquares = Self(198, 8)
    static let octetTotalSumOfSquares = Self(199, 8)
    static let minimumIPTotalLength = Self(25, 8)
    static let maximumIPTotalLength = Self(26, 8)
    static let postMCastOctetDeltaCount = Self(20, 8)
    static let postMCastOctetTotalCount = Self(175, 8)

    static let tcpSynTotalCount = Self(218, 8)
    static let tcpFinTotalCount = Self(219, 8)
    static let tcpRstTotalCount = Self(220, 8)
    static let tcpPshTotalCount = Self(221, 8)
    static let tcpAckTotalCount = Self(222, 8)
    static let tcpUrgTotalCount = Self(223, 8)

    static let exportingProcessID = Self(144, 4)
    static let notSentPacketTotalCount = Self(167, 8)
}
