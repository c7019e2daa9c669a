import CLinux
import CNetlink
import Glibc

// Limits on what a device receives: a filter of kind "matchall" with actions of kind "police", at
// the ingress of the device (tc-police(8); struct tc_police and TCA_POLICE_* of linux/pkt_cls.h).
//
// The filter is known by its priority; other filters and the discipline, which they may share, are
// left alone. What keeps to the limit goes on to the next filter.

package struct PolicingRate: Hashable, Sendable {
    package enum Unit: Hashable, Sendable { case bytes, packets }

    package let unit: Unit
    package let perSecond: UInt64
    package let burst: UInt64

    package init(_ unit: Unit, perSecond: UInt64, burst: UInt64) {
        precondition(perSecond > 0)
        self.unit = unit
        self.perSecond = perSecond
        self.burst = burst
    }

    /// The time that a burst takes at the rate, in the kernel's ticks of 64 ns.
    var burstTicks: UInt64 {
        let ticksPerSecond: UInt64 = 1_000_000_000 / 64
        let (high, low) = burst.multipliedFullWidth(by: ticksPerSecond)
        return high >= perSecond ? .max : perSecond.dividingFullWidth((high, low)).quotient
    }

    /// What the kernel has of it.
    package var parameters: PoliceParameters {
        PoliceParameters(
            unit: unit, perSecond: perSecond,
            burst: unit == .bytes ? UInt64(UInt32(clamping: burstTicks)) : burstTicks)
    }
}

/// A rate as the kernel has it.
package struct PoliceParameters: Hashable, Sendable {
    package let unit: PolicingRate.Unit
    package let perSecond: UInt64
    /// In ticks of 64 ns.
    package let burst: UInt64
}

extension RouteControl {
    /// After the filter of port security, before those that an administrator adds without one.
    private static let policingPriority: UInt32 = 21
    /// `clsact` and where what a device receives passes it (linux/pkt_sched.h).
    private static let disciplineHandle: UInt32 = 0xffff_0000
    private static let disciplineParent: UInt32 = 0xffff_fff1
    private static let ingress: UInt32 = 0xffff_fff2

    private static var policingInfo: UInt32 {
        policingPriority << 16 | UInt32(UInt16(ETH_P_ALL).bigEndian)
    }

    /// The limits of `setPolicing` that the device has; nil if it has none.
    package func policing(
        linkIndex: Int32
    ) throws(NetlinkError) -> [PoliceParameters]? {
        var found: [PoliceParameters]?
        let message = ControlMessage(
            type: UInt16(RTM_GETTFILTER), flags: NLM_F_DUMP,
            header: Self.header(linkIndex, parent: Self.ingress))
        do {
            try socket.exchange("filter list", place: "\(linkIndex)", message) { answer in
                guard answer.type == UInt16(RTM_NEWTFILTER),
                    answer.payload.count >= MemoryLayout<tcmsg>.size
                else { return }
                let header = answer.payload.loadUnaligned(as: tcmsg.self)
                guard header.tcm_info >> 16 == Self.policingPriority else { return }
                // The first message tells of the filter's kind only.
                found = (found ?? []) + PoliceParameters.all(inFilter: answer)
            }
        } catch {
            // Without the discipline the question is invalid.
            guard error.code == .invalid || error.code == .noSuchEntry else { throw error }
        }
        return found
    }

    /// Limits what the device receives by each of some rates, in the place of earlier ones.
    package func setPolicing(
        linkIndex: Int32, _ rates: [PolicingRate]
    ) throws(NetlinkError) {
        try ensureClassifiers(linkIndex: linkIndex)
        try removePolicing(linkIndex: linkIndex)
        var message = ControlMessage(
            type: UInt16(RTM_NEWTFILTER), flags: NLM_F_CREATE | NLM_F_EXCL,
            header: Self.header(linkIndex, parent: Self.ingress, info: Self.policingInfo))
        message.put(TCA_KIND, string: "matchall")
        message.nest(TCA_OPTIONS) { message in
            message.nest(Int(TCA_MATCHALL_ACT)) { message in
                for (number, rate) in rates.enumerated() {
                    let isLast = number == rates.count - 1
                    message.nest(number + 1) { $0.putPolice(rate, isLast: isLast) }
                }
            }
        }
        try socket.exchange("filter add", place: "\(linkIndex)", message)
    }

    package func removePolicing(linkIndex: Int32) throws(NetlinkError) {
        let message = ControlMessage(
            type: UInt16(RTM_DELTFILTER), flags: 0,
            header: Self.header(linkIndex, parent: Self.ingress, info: Self.policingInfo))
        do {
            try socket.exchange("filter remove", place: "\(linkIndex)", message)
        } catch {
            guard error.code == .invalid || error.code == .noSuchEntry else { throw error }
        }
    }

    private func ensureClassifiers(linkIndex: Int32) throws(NetlinkError) {
        var message = ControlMessage(
            type: UInt16(RTM_NEWQDISC), flags: NLM_F_CREATE | NLM_F_EXCL,
            header: Self.header(
                linkIndex, handle: Self.disciplineHandle, parent: Self.disciplineParent))
        message.put(TCA_KIND, string: "clsact")
        do {
            try socket.exchange("qdisc add", place: "\(linkIndex)", message)
        } catch {
            guard error.code == .exists else { throw error }
        }
    }

    private static func header(
        _ linkIndex: Int32, handle: UInt32 = 0, parent: UInt32, info: UInt32 = 0
    ) -> tcmsg {
        var header = tcmsg()
        header.tcm_ifindex = linkIndex
        header.tcm_handle = handle
        header.tcm_parent = parent
        header.tcm_info = info
        return header
    }
}

extension ControlMessage {
    /// Verdicts of linux/pkt_cls.h: drop, go on with the next action, go on with the next filter.
    private static let drop: Int32 = 2
    private static let nextAction: Int32 = 3
    private static let nextFilter: Int32 = -1
    /// The kernel wants a table of so many bytes; it reads none for Ethernet.
    private static let tableSize = 1024
    private static let largestPacket: UInt32 = 65535

    fileprivate mutating func putPolice(_ rate: PolicingRate, isLast: Bool) {
        put(Int(TCA_ACT_KIND), string: "police")
        nest(Int(TCA_ACT_OPTIONS)) { message in
            var police = tc_police()
            police.action = Self.drop
            police.mtu = Self.largestPacket
            if rate.unit == .bytes {
                police.burst = UInt32(clamping: rate.burstTicks)
                police.rate.rate = UInt32(clamping: rate.perSecond)
                police.rate.linklayer = UInt8(TC_LINKLAYER_ETHERNET.rawValue)
                police.rate.cell_log = 3
            }
            message.put(Int(TCA_POLICE_TBF), police)
            message.put(Int(TCA_POLICE_RESULT), isLast ? Self.nextFilter : Self.nextAction)
            message.putAmount(of: rate)
        }
    }

    private mutating func putAmount(of rate: PolicingRate) {
        switch rate.unit {
        case .bytes:
            [UInt8](repeating: 0, count: Self.tableSize).withUnsafeBytes {
                put(Int(TCA_POLICE_RATE), bytes: $0)
            }
            if rate.perSecond > UInt64(UInt32.max) {
                put(Int(TCA_POLICE_RATE64), rate.perSecond)
            }
        case .packets:
            put(Int(TCA_POLICE_PKTRATE64), rate.perSecond)
            put(Int(TCA_POLICE_PKTBURST64), rate.burstTicks)
        }
    }
}

extension PoliceParameters {
    /// Those of a filter of kind "matchall".
    fileprivate static func all(inFilter answer: MessageView) -> [PoliceParameters] {
        let attributes = answer.attributes(behind: MemoryLayout<tcmsg>.size)
        let actions = attributes.first(TCA_OPTIONS)?.nested.first(Int(TCA_MATCHALL_ACT))?.nested
        guard let actions else { return [] }
        return actions.compactMap { action in
            action.nested.first(Int(TCA_ACT_OPTIONS)).flatMap { PoliceParameters($0.nested) }
        }
    }

    private init?(_ options: AttributeReader) {
        guard let police = options.first(Int(TCA_POLICE_TBF))?.value(tc_police.self) else {
            return nil
        }
        if let packets: UInt64 = options.first(Int(TCA_POLICE_PKTRATE64))?.value() {
            self.init(
                unit: .packets, perSecond: packets,
                burst: options.first(Int(TCA_POLICE_PKTBURST64))?.value() ?? 0)
        } else {
            self.init(
                unit: .bytes,
                perSecond: options.first(Int(TCA_POLICE_RATE64))?.value()
                    ?? UInt64(police.rate.rate), burst: UInt64(police.burst))
        }
    }
}
