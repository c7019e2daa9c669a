import CLinux
import CNetlink
import Glibc

// How devices queue what they send (tc(8); struct tcmsg and TCA_* of linux/rtnetlink.h, tc_htb_* of
// linux/pkt_sched.h). Handles are of two parts, "1:fffe" being 0x0001fffe.

/// A queueing discipline of a device.
package struct QueueingDiscipline: Hashable, Sendable {
    package let linkIndex: Int32
    /// 0 for one that the kernel gave the device by itself.
    package let handle: UInt32
    /// The class that it belongs to.
    package let parent: UInt32
    package let kind: String

    /// Whether everything that the device sends passes it.
    package var isRoot: Bool { parent == TC_H_ROOT }
}

/// A class of a discipline of kind "htb".
package struct HTBRecord: Hashable, Sendable {
    package let handle: UInt32
    /// TC_H_ROOT if it stands at the discipline itself.
    package let parent: UInt32
    package let parameters: HTBParameters

    package init(handle: UInt32, parent: UInt32, parameters: HTBParameters) {
        self.handle = handle
        self.parent = parent
        self.parameters = parameters
    }
}

/// What has passed a class, and what it has dropped (struct gnet_stats_* of linux/gen_stats.h).
package struct ClassStatistics: Hashable, Sendable {
    package var packets: UInt64 = 0
    package var bytes: UInt64 = 0
    package var drops: UInt64 = 0
}

package struct HTBParameters: Hashable, Sendable {
    /// Bytes per second.
    package var rate: UInt64
    package var ceiling: UInt64
    /// In ticks of 64 ns.
    package var rateBuffer: UInt32
    package var ceilingBuffer: UInt32
    /// Bytes that one class may send before it is the turn of the next.
    package var quantum: UInt32
    package var priority: UInt32

    package init(
        rate: UInt64, ceiling: UInt64, rateBuffer: UInt32, ceilingBuffer: UInt32,
        quantum: UInt32, priority: UInt32
    ) {
        self.rate = rate
        self.ceiling = ceiling
        self.rateBuffer = rateBuffer
        self.ceilingBuffer = ceilingBuffer
        self.quantum = quantum
        self.priority = priority
    }
}

extension RouteControl {
    /// Of all devices, as the kernel lists them.
    package func disciplines() throws(NetlinkError) -> [QueueingDiscipline] {
        var found: [QueueingDiscipline] = []
        let message = ControlMessage(
            type: UInt16(RTM_GETQDISC), flags: NLM_F_DUMP, header: tcmsg())
        try socket.exchange("qdisc list", message) {
            if let discipline = QueueingDiscipline($0) { found.append(discipline) }
        }
        return found
    }

    /// Those of kind "htb", by handle.
    package func htbClasses(linkIndex: Int32) throws(NetlinkError) -> [HTBRecord] {
        var found: [HTBRecord] = []
        try forEachClass(linkIndex) {
            if let record = HTBRecord($0) { found.append(record) }
        }
        return found.sorted { $0.handle < $1.handle }
    }

    /// Those of kind "htb", by handle.
    package func htbStatistics(
        linkIndex: Int32
    ) throws(NetlinkError) -> [UInt32: ClassStatistics] {
        var found: [UInt32: ClassStatistics] = [:]
        try forEachClass(linkIndex) {
            if let record = HTBRecord($0) { found[record.handle] = ClassStatistics($0) }
        }
        return found
    }

    private func forEachClass(
        _ linkIndex: Int32, _ body: (MessageView) -> Void
    ) throws(NetlinkError) {
        let message = ControlMessage(
            type: UInt16(RTM_GETTCLASS), flags: NLM_F_DUMP, header: tcmsg(linkIndex))
        try socket.exchange("class list", place: "\(linkIndex)", message, onAnswer: body)
    }

    /// Gives a device a discipline of kind "htb" in place of the kernel's own.
    /// - Parameter standardClass: the minor number of the class of what names no other.
    package func addHTB(
        linkIndex: Int32, handle: UInt32, standardClass: UInt16
    ) throws(NetlinkError) {
        var message = ControlMessage(
            type: UInt16(RTM_NEWQDISC), flags: NLM_F_CREATE | NLM_F_EXCL,
            header: tcmsg(linkIndex, handle: handle, parent: TC_H_ROOT))
        message.put(TCA_KIND, string: "htb")
        var parameters = tc_htb_glob()
        parameters.version = Self.htbVersion
        parameters.rate2quantum = 10
        parameters.defcls = UInt32(standardClass)
        message.nest(TCA_OPTIONS) { $0.put(TCA_HTB_INIT, parameters) }
        try socket.exchange("qdisc add", place: "\(linkIndex)", message)
    }

    private static let htbVersion: UInt32 = 3

    /// Makes a class, or gives the one that is there these parameters.
    package func setHTBClass(
        linkIndex: Int32, _ record: HTBRecord
    ) throws(NetlinkError) {
        var message = ControlMessage(
            type: UInt16(RTM_NEWTCLASS), flags: NLM_F_CREATE,
            header: tcmsg(linkIndex, handle: record.handle, parent: record.parent))
        message.put(TCA_KIND, string: "htb")
        let parameters = record.parameters
        message.nest(TCA_OPTIONS) { message in
            message.put(TCA_HTB_RATE64, parameters.rate)
            message.put(TCA_HTB_CEIL64, parameters.ceiling)
            message.put(TCA_HTB_PARMS, tc_htb_opt(parameters))
        }
        try socket.exchange("class set", place: "\(linkIndex)", message)
    }

    package func removeClass(linkIndex: Int32, handle: UInt32) throws(NetlinkError) {
        let message = ControlMessage(
            type: UInt16(RTM_DELTCLASS), flags: 0, header: tcmsg(linkIndex, handle: handle))
        try socket.exchange("class remove", place: "\(linkIndex)", message)
    }

    /// Gives a device the kernel's own discipline back.
    package func removeRootDiscipline(linkIndex: Int32) throws(NetlinkError) {
        let message = ControlMessage(
            type: UInt16(RTM_DELQDISC), flags: 0, header: tcmsg(linkIndex, parent: TC_H_ROOT))
        try socket.exchange("qdisc remove", place: "\(linkIndex)", message)
    }
}

// MARK: - Wire

extension tcmsg {
    fileprivate init(_ linkIndex: Int32, handle: UInt32 = 0, parent: UInt32 = 0) {
        self.init()
        tcm_ifindex = linkIndex
        tcm_handle = handle
        tcm_parent = parent
    }
}

extension tc_htb_opt {
    /// A kernel that knows the link layer needs no table of rates; a rate of 2^32 or more is said by
    /// an attribute of its own.
    fileprivate init(_ parameters: HTBParameters) {
        self.init()
        rate.linklayer = UInt8(TC_LINKLAYER_ETHERNET.rawValue)
        rate.rate = UInt32(clamping: parameters.rate)
        ceil.linklayer = UInt8(TC_LINKLAYER_ETHERNET.rawValue)
        ceil.rate = UInt32(clamping: parameters.ceiling)
        buffer = parameters.rateBuffer
        cbuffer = parameters.ceilingBuffer
        quantum = parameters.quantum
        prio = parameters.priority
    }
}

extension QueueingDiscipline {
    fileprivate init?(_ message: MessageView) {
        guard message.type == UInt16(RTM_NEWQDISC), let header = message.classHeader,
            let kind = message.classAttributes.first(TCA_KIND)?.string
        else { return nil }
        self.init(
            linkIndex: header.tcm_ifindex, handle: header.tcm_handle,
            parent: header.tcm_parent, kind: kind)
    }
}

extension HTBRecord {
    fileprivate init?(_ message: MessageView) {
        guard message.type == UInt16(RTM_NEWTCLASS), let header = message.classHeader,
            message.classAttributes.first(TCA_KIND)?.string == "htb",
            let options = message.classAttributes.first(TCA_OPTIONS)?.nested,
            let parameters = HTBParameters(options)
        else { return nil }
        self.init(handle: header.tcm_handle, parent: header.tcm_parent, parameters: parameters)
    }
}

extension ClassStatistics {
    /// A kernel that counts less than this leaves zeros.
    fileprivate init(_ message: MessageView) {
        guard let parts = message.classAttributes.first(TCA_STATS2)?.nested else { return }
        if let sent = parts.first(TCA_STATS_BASIC)?.value(gnet_stats_basic.self) {
            bytes = sent.bytes
            packets = UInt64(sent.packets)
        }
        if let many: UInt64 = parts.first(TCA_STATS_PKT64)?.value() { packets = many }
        if let queue = parts.first(TCA_STATS_QUEUE)?.value(gnet_stats_queue.self) {
            drops = UInt64(queue.drops)
        }
    }
}

extension HTBParameters {
    fileprivate init?(_ options: AttributeReader) {
        guard let bytes = options.first(TCA_HTB_PARMS),
            let values = bytes.value(tc_htb_opt.self)
        else { return nil }
        self.init(
            rate: options.first(TCA_HTB_RATE64)?.value() ?? UInt64(values.rate.rate),
            ceiling: options.first(TCA_HTB_CEIL64)?.value()
                ?? UInt64(values.ceil.rate),
            rateBuffer: values.buffer, ceilingBuffer: values.cbuffer, quantum: values.quantum,
            priority: values.prio)
    }
}

extension MessageView {
    fileprivate var classHeader: tcmsg? {
        payload.count >= MemoryLayout<tcmsg>.size ? payload.loadUnaligned(as: tcmsg.self) : nil
    }

    fileprivate var classAttributes: AttributeReader {
        attributes(behind: MemoryLayout<tcmsg>.size)
    }
}
