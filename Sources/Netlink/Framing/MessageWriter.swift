import CMnl

// Messages written into a buffer that lives as long as its socket. A message that does not fit is
// noticed at its end, not at each attribute: writing past the end is refused, sets
// `overflowed`, and the message is taken back.

/// Writes one netlink message at a time, one behind the other, into borrowed memory.
struct MessageWriter {
    /// The longest payload of one attribute: its 16-bit length counts the header too.
    static let maximumPayload = Int(UInt16.max) - 4

    private let buffer: UnsafeMutableRawBufferPointer
    private var header: UnsafeMutablePointer<nlmsghdr>
    /// Where the message under construction starts; all before are complete.
    private(set) var used = 0
    /// Whether the message under construction has lost something.
    private(set) var overflowed = false

    /// The buffer must be aligned to 8 bytes and outlive the writer.
    init(_ buffer: UnsafeMutableRawBufferPointer) {
        guard let base = buffer.baseAddress, buffer.count >= 256 else {
            preconditionFailure("a message needs a buffer")
        }
        self.buffer = buffer
        header = base.assumingMemoryBound(to: nlmsghdr.self)
    }

    /// Bytes of the complete messages and of what the message under construction has so far.
    var pending: Int { used + Int(header.pointee.nlmsg_len) }

    /// The complete messages.
    var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: buffer[..<used])
    }

    mutating func removeAll() {
        used = 0
        overflowed = false
    }

    /// Opens a message; false if not even a small one fits.
    mutating func begin(type: UInt16, flags: Int32, sequence: UInt32) -> Bool {
        guard buffer.count - used >= 64, let base = buffer.baseAddress else { return false }
        overflowed = false
        header = mnl_nlmsg_put_header(base + used)
        header.pointee.nlmsg_type = type
        header.pointee.nlmsg_flags = UInt16(truncatingIfNeeded: flags)
        header.pointee.nlmsg_seq = sequence
        return true
    }

    /// Appends a fixed header behind the message header, before any attribute.
    mutating func putHeader<Header: BitwiseCopyable>(_ value: Header) {
        mnl_nlmsg_put_extra_header(header, MemoryLayout<Header>.size)
            .storeBytes(of: value, as: Header.self)
    }

    /// Closes the message; false and nothing kept if it did not fit.
    mutating func end() -> Bool {
        if overflowed { return false }
        used += Int(header.pointee.nlmsg_len + 3) & ~3
        return true
    }

    /// Adds a flag to the last complete message, which started at `offset`.
    mutating func addFlag(_ flag: Int32, toMessageAt offset: Int) {
        guard let base = buffer.baseAddress, offset + 16 <= used else { return }
        let message = (base + offset).assumingMemoryBound(to: nlmsghdr.self)
        message.pointee.nlmsg_flags |= UInt16(truncatingIfNeeded: flag)
    }

    // MARK: Attributes

    mutating func put<Value: BitwiseCopyable>(_ type: Int, _ value: Value) {
        withUnsafeBytes(of: value) { put(type, bytes: $0) }
    }

    /// An attribute without payload.
    mutating func putFlag(_ type: Int) {
        put(type, bytes: UnsafeRawBufferPointer(start: nil, count: 0))
    }

    /// The space up to the next attribute is zero: libmnl 1.0.4 leaves there what the buffer had, and a
    /// form that is compared must not hang on that.
    mutating func put(_ type: Int, bytes: UnsafeRawBufferPointer) {
        guard let space = reserve(type, length: bytes.count) else { return }
        space.copyMemory(from: bytes)
    }

    mutating func put(_ type: Int, string: String) {
        var string = string
        string.withUTF8 { text in
            let length = text.count
            guard let space = reserve(type, length: length + 1) else { return }
            space.copyMemory(from: UnsafeRawBufferPointer(text))
            space[length] = 0
        }
    }

    /// An attribute whose payload the caller fills; nil if it does not fit.
    mutating func reserve(_ type: Int, length: Int) -> UnsafeMutableRawBufferPointer? {
        let offset = Int(header.pointee.nlmsg_len)
        let total = (4 + length + 3) & ~3
        guard length <= Self.maximumPayload, used + offset + total <= buffer.count,
            let base = buffer.baseAddress
        else {
            overflowed = true
            return nil
        }
        let payload = UnsafeMutableRawBufferPointer(
            start: base + used + offset + 4, count: total - 4)
        payload.initializeMemory(as: UInt8.self, repeating: 0)
        let attribute = (base + used + offset).assumingMemoryBound(to: nlattr.self)
        attribute.pointee.nla_type = UInt16(type)
        attribute.pointee.nla_len = UInt16(4 + length)
        header.pointee.nlmsg_len += UInt32(total)
        return UnsafeMutableRawBufferPointer(rebasing: payload[..<length])
    }

    /// An attribute whose payload is the attributes that `body` puts.
    mutating func nest(_ type: Int, _ body: (inout MessageWriter) -> Void) {
        guard let start = mnl_attr_nest_start_check(header, buffer.count - used, UInt16(type))
        else { return overflowed = true }
        let before = Int(header.pointee.nlmsg_len) - 4
        body(&self)
        if Int(header.pointee.nlmsg_len) - before > Int(UInt16.max) {
            mnl_attr_nest_cancel(header, start)
            overflowed = true
        } else {
            mnl_attr_nest_end(header, start)
        }
    }
}
