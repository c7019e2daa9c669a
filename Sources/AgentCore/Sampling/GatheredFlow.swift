import Datapath
import Wire

// What is counted of sampled packets. A sampled packet stands for as many as the probability says,
// all of its length. Differences are of one flow since its last record; totals are of everything that
// the exporter has seen, as Open vSwitch sends them.

/// What an exporter has counted since it began.
struct SampleTotals: Hashable {
    var packets: UInt64 = 0
    var droppedPackets: UInt64 = 0
    var unicast: UInt64 = 0
    var multicast: UInt64 = 0
    var broadcast: UInt64 = 0
    var frameOctets: UInt64 = 0
    var octets: UInt64 = 0
    var droppedOctets: UInt64 = 0
    var squares: UInt64 = 0
    /// In the order of the record: ACK, FIN, PSH, RST, SYN, URG.
    var flags = [UInt64](repeating: 0, count: Self.flagBits.count)

    private static let flagBits: [UInt64] = [0x10, 0x01, 0x08, 0x04, 0x02, 0x20]

    mutating func count(_ packet: SampledPacket, _ difference: SampleDifference) {
        packets &+= difference.packets
        droppedPackets &+= difference.droppedPackets
        let destination = packet.key[.ethernetDestination]
        if destination == MACAddress.broadcast.bits {
            broadcast &+= difference.packets
        } else if destination >> 40 & 1 == 1 {
            multicast &+= difference.packets
        } else {
            unicast &+= difference.packets
        }
        frameOctets &+= difference.frameOctets
        octets &+= difference.octets
        droppedOctets &+= difference.droppedOctets
        squares &+= difference.squares
        for (index, bit) in Self.flagBits.enumerated() where packet.key[.tcpFlags] & bit != 0 {
            flags[index] &+= difference.packets
        }
    }
}

/// What one or more packets of a flow add up to.
struct SampleDifference: Hashable {
    var packets: UInt64
    var droppedPackets: UInt64
    var frameOctets: UInt64
    var octets: UInt64
    var droppedOctets: UInt64
    var squares: UInt64
    var shortest: UInt64
    var longest: UInt64

    init(_ packet: SampledPacket, isIP: Bool) {
        let number = packet.cookie.packets
        let length = isIP ? UInt64(max(0, packet.length - packet.headerLength)) : 0
        packets = number
        frameOctets = number &* UInt64(packet.length)
        octets = number &* length
        squares = octets &* length
        shortest = length
        longest = length
        droppedPackets = packet.cookie.isDropped ? packets : 0
        droppedOctets = packet.cookie.isDropped ? octets : 0
    }

    mutating func add(_ other: SampleDifference) {
        packets &+= other.packets
        droppedPackets &+= other.droppedPackets
        frameOctets &+= other.frameOctets
        octets &+= other.octets
        droppedOctets &+= other.droppedOctets
        squares &+= other.squares
        shortest = min(shortest, other.shortest)
        longest = max(longest, other.longest)
    }
}

/// A flow whose packets are gathered for one record.
struct GatheredFlow {
    struct Key: Hashable {
        let domain: UInt32
        let template: RecordTemplate
        let fields: [UInt8]
    }

    /// Why a record is sent (flowEndReason in IANA's registry).
    enum End: UInt8 { case activeTimeout = 2, forced = 4, lackOfResources = 5 }

    /// Microseconds since 1970.
    let start: Int64
    var end: Int64
    var difference: SampleDifference
    var totals: SampleTotals

    /// The data record.
    func record(
        _ key: Key, _ reason: End, exportSecond: Int64, virtualObservation: [UInt8]?
    ) -> [UInt8] {
        var bytes = key.fields
        if let virtualObservation { SampledPacket.append(virtualObservation, to: &bytes) }
        for time in [start, end] {
            bytes.append(UInt64(UInt32(clamping: exportSecond * 1_000_000 - time)), width: 4)
        }
        let common = [
            difference.droppedPackets, totals.droppedPackets, difference.packets, totals.packets,
            totals.unicast, totals.multicast, totals.broadcast, 0, 0, 0, 0, difference.frameOctets,
            totals.frameOctets,
        ]
        for count in common { bytes.append(count, width: 8) }
        bytes.append(reason.rawValue)
        if key.template.network != .other {
            let network = [
                difference.droppedOctets, totals.droppedOctets, difference.octets, totals.octets,
                difference.squares, totals.squares, difference.shortest, difference.longest, 0, 0,
            ]
            for count in network { bytes.append(count, width: 8) }
        }
        if key.template.transport == .tcp {
            for count in totals.flags { bytes.append(count, width: 8) }
        }
        return bytes
    }
}
