import Wire

// Which fields a record has follows from the protocols of its packets: one template for each
// combination, as Open vSwitch has them, with its numbers and its order of fields.

package struct RecordTemplate: Hashable, Sendable {
    package enum Network: UInt16, Sendable { case other, ipv4, ipv6 }
    package enum Transport: UInt16, Sendable {
        case other, tcp, udp, sctp, icmp

        var hasPorts: Bool { self == .tcp || self == .udp || self == .sctp }
    }

    package var isTagged = false
    package var network = Network.other
    package var transport = Transport.other
    package var isTunnelled = false

    package init() {}

    /// The first number that a template may have (RFC 7011 §3.4.1).
    private static let firstNumber: UInt16 = 256
    /// The template of the exporter's own figures has the number after those of all packets.
    package static let statisticsNumber: UInt16 = 462

    /// Two directions are counted, of which an action `sample` of OVN has the first.
    package var number: UInt16 {
        let layers = ((isTagged ? 1 : 0) * 3 + network.rawValue) * 5 + transport.rawValue
        return Self.firstNumber + (layers * 2 + (isTunnelled ? 1 : 0)) * 2
    }

    /// In the order of the record.
    ///
    /// - Parameter hasVirtualObservation: records carry one.
    package func elements(hasVirtualObservation: Bool) -> [InformationElement] {
        key + (hasVirtualObservation ? [.virtualObservationID] : []) + counts
    }

    private var key: [InformationElement] {
        var key: [InformationElement] = [
            .observationPointID, .flowDirection, .sourceMacAddress, .destinationMacAddress,
            .ethernetType, .ethernetHeaderLength, .ingressInterface, .ingressInterfaceType,
            .interfaceName, .interfaceDescription,
        ]
        if isTagged { key += [.vlanID, .dot1qVlanID, .dot1qPriority] }
        key += networkKey + transportKey
        if isTunnelled {
            key += [
                .tunnelSourceIPv4Address, .tunnelDestinationIPv4Address, .tunnelProtocolIdentifier,
                .tunnelSourceTransportPort, .tunnelDestinationTransportPort, .tunnelType,
                .tunnelKey,
            ]
        }
        return key
    }

    private var networkKey: [InformationElement] {
        let common: [InformationElement] = [
            .ipVersion, .ipTTL, .protocolIdentifier, .ipDiffServCodePoint, .ipPrecedence,
            .ipClassOfService,
        ]
        return switch network {
        case .other: []
        case .ipv4: common + [.sourceIPv4Address, .destinationIPv4Address]
        case .ipv6: common + [.sourceIPv6Address, .destinationIPv6Address, .flowLabelIPv6]
        }
    }

    private var transportKey: [InformationElement] {
        switch (transport, network) {
        case (.tcp, _), (.udp, _), (.sctp, _): [.sourceTransportPort, .destinationTransportPort]
        case (.icmp, .ipv6): [.icmpTypeIPv6, .icmpCodeIPv6]
        case (.icmp, _): [.icmpTypeIPv4, .icmpCodeIPv4]
        case (.other, _): []
        }
    }

    private var counts: [InformationElement] {
        var counts: [InformationElement] = [
            .flowStartDeltaMicroseconds, .flowEndDeltaMicroseconds, .droppedPacketDeltaCount,
            .droppedPacketTotalCount, .packetDeltaCount, .packetTotalCount,
            .ingressUnicastPacketTotalCount, .ingressMulticastPacketTotalCount,
            .ingressBroadcastPacketTotalCount, .egressUnicastPacketTotalCount,
            .egressBroadcastPacketTotalCount, .postMCastPacketDeltaCount,
            .postMCastPacketTotalCount, .layer2OctetDeltaCount, .layer2OctetTotalCount,
            .flowEndReason,
        ]
        if network != .other {
            counts += [
                .droppedOctetDeltaCount, .droppedOctetTotalCount, .octetDeltaCount,
                .octetTotalCount, .octetDeltaSumOfSquares, .octetTotalSumOfSquares,
                .minimumIPTotalLength, .maximumIPTotalLength, .postMCastOctetDeltaCount,
                .postMCastOctetTotalCount,
            ]
        }
        if transport == .tcp {
            counts += [
                .tcpAckTotalCount, .tcpFinTotalCount, .tcpPshTotalCount, .tcpRstTotalCount,
                .tcpSynTotalCount, .tcpUrgTotalCount,
            ]
        }
        return counts
    }

    /// The template record (RFC 7011 §3.4.1).
    package func record(hasVirtualObservation: Bool) -> [UInt8] {
        let elements = elements(hasVirtualObservation: hasVirtualObservation)
        var bytes: [UInt8] = []
        bytes.append(UInt64(number), width: 2)
        bytes.append(UInt64(elements.count), width: 2)
        return bytes + elements.flatMap(\.specifier)
    }

    /// The options template of the exporter's figures: its number as scope, and what it could not
    /// send (RFC 7011 §3.4.2.2, §4.3).
    package static let statisticsRecord: [UInt8] = {
        let elements: [InformationElement] = [.exportingProcessID, .notSentPacketTotalCount]
        var bytes: [UInt8] = []
        bytes.append(UInt64(statisticsNumber), width: 2)
        bytes.append(UInt64(elements.count), width: 2)
        bytes.append(1, width: 2)
        return bytes + elements.flatMap(\.specifier)
    }()
}
