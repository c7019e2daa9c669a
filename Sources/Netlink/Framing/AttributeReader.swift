import CMnl

// Bytes from a netlink socket, read in place. Nothing here trusts a length: libmnl's checks bound
// every step, and a value is read only if its attribute is long enough. Whatever the bytes are,
// reading ends and never leaves the buffer (the tests feed mutated captures).

/// One attribute, borrowed from the message it stands in.
struct Attribute {
    /// Without the flags NLA_F_NESTED and NLA_F_NET_BYTEORDER.
    let type: Int
    let payload: UnsafeRawBufferPointer

    /// A value in host byte order, or nil if the attribute is shorter. Surplus bytes are ignored,
    /// because kernels append members to their structures.
    func value<Value: BitwiseCopyable>(_: Value.Type = Value.self) -> Value? {
        guard payload.count >= MemoryLayout<Value>.size else { return nil }
        return payload.loadUnaligned(as: Value.self)
    }

    /// A number in network byte order, or nil if the attribute is shorter.
    func bigEndian<Value: FixedWidthInteger & BitwiseCopyable>(
        _: Value.Type = Value.self
    ) -> Value? {
        value(Value.self).map { Value(bigEndian: $0) }
    }

    /// Text up to the first NUL or the end.
    var string: String {
        String(decoding: payload.prefix { $0 != 0 }, as: UTF8.self)
    }

    var bytes: [UInt8] { Array(payload) }

    /// The attributes inside.
    var nested: AttributeReader { AttributeReader(payload) }
}

/// The attributes of a stretch of bytes, in order; ends at the first that does not fit.
struct AttributeReader: Sequence, IteratorProtocol {
    private var cursor: UnsafeRawPointer?
    private var remaining: Int

    init(_ bytes: UnsafeRawBufferPointer) {
        cursor = bytes.baseAddress
        remaining = bytes.count
    }

    mutating func next() -> Attribute? {
        guard let start = cursor, remaining >= 4 else { return nil }
        let attribute = start.assumingMemoryBound(to: nlattr.self)
        guard mnl_attr_ok(attribute, Int32(clamping: remaining)) else { return nil }
        // The check has found this length between 4 and what remains.
        let length = Int(attribute.pointee.nla_len)
        let step = Swift.min(remaining, (length + 3) & ~3)
        cursor = start + step
        remaining -= step
        return Attribute(
            type: Int(attribute.pointee.nla_type & Self.typeMask),
            payload: UnsafeRawBufferPointer(start: start + 4, count: length - 4))
    }

    /// NLA_TYPE_MASK (linux/netlink.h), a macro that Swift can't see.
    private static let typeMask: UInt16 = 0x3fff

    /// The first attribute of a type.
    func first(_ type: Int) -> Attribute? {
        first { $0.type == type }
    }
}

/// One netlink message, borrowed from the buffer it was received in.
struct MessageView {
    let header: UnsafePointer<nlmsghdr>

    var type: UInt16 { header.pointee.nlmsg_type }
    var flags: UInt16 { header.pointee.nlmsg_flags }
    var sequence: UInt32 { header.pointee.nlmsg_seq }

    var payload: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(
            start: mnl_nlmsg_get_payload(header), count: Int(mnl_nlmsg_get_payload_len(header)))
    }

    /// The attributes behind a fixed header of `size` bytes; none if the message is shorter.
    func attributes(behind size: Int) -> AttributeReader {
        let aligned = (size + 3) & ~3
        guard payload.count >= aligned else {
            return AttributeReader(UnsafeRawBufferPointer(start: nil, count: 0))
        }
        return AttributeReader(UnsafeRawBufferPointer(rebasing: payload[aligned...]))
    }
}

/// The messages of one received datagram, in order; ends at the first that does not fit.
struct MessageReader: Sequence, IteratorProtocol {
    private var cursor: UnsafeRawPointer?
    private var remaining: Int

    init(_ datagram: UnsafeRawBufferPointer) {
        cursor = datagram.baseAddress
        remaining = datagram.count
    }

    mutating func next() -> MessageView? {
        guard let start = cursor, remaining >= 16 else { return nil }
        let header = start.assumingMemoryBound(to: nlmsghdr.self)
        // libmnl's check takes a length of two gigabytes or more for a negative one.
        let length = Int(header.pointee.nlmsg_len)
        guard length <= remaining, mnl_nlmsg_ok(header, Int32(clamping: remaining)) else {
            return nil
        }
        let step = Swift.min(remaining, (length + 3) & ~3)
        cursor = start + step
        remaining -= step
        return MessageView(header: header)
    }
}

/// What an NLMSG_ERROR message says (linux/netlink.h, struct nlmsgerr and NLMSGERR_ATTR_*).
struct Acknowledgement {
    /// A positive errno; 0 for success.
    let code: Int32
    /// The kernel's explanation, "" if it gave none.
    let text: String

    private static let capped: UInt16 = 0x100
    private static let hasAttributes: UInt16 = 0x200
    private static let textAttribute = 1
    private static let requestHeaderSize = 16

    /// Nil if the message is too short to be one.
    init?(_ message: MessageView) {
        let payload = message.payload
        guard payload.count >= 4 + Self.requestHeaderSize else { return nil }
        let negative = payload.loadUnaligned(as: Int32.self)
        code = negative == .min ? .max : abs(negative)
        text = Self.text(of: message)
    }

    /// The attributes stand behind the echoed request, of which only the header is there when the
    /// message is capped.
    private static func text(of message: MessageView) -> String {
        guard message.flags & hasAttributes != 0 else { return "" }
        var echoed = requestHeaderSize
        if message.flags & capped == 0 {
            let length = message.payload.loadUnaligned(fromByteOffset: 4, as: UInt32.self)
            echoed = Swift.max(requestHeaderSize, Int(length))
        }
        return message.attributes(behind: 4 + echoed).first(textAttribute)?.string ?? ""
    }
}
