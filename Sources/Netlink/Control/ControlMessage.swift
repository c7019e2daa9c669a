import CNetlink

/// A request of the control side, built with libnl and owned until it is sent.
struct ControlMessage: ~Copyable {
    /// The library's message, for its own builders.
    let raw: OpaquePointer
    private(set) var overflowed = false

    /// Takes a message that one of the library's builders made.
    init(owning raw: OpaquePointer) {
        self.raw = raw
    }

    /// A plain message with a fixed header, such as RTM_GETLINK with an ifinfomsg.
    init<Header: BitwiseCopyable>(type: UInt16, flags: Int32, header: Header) {
        self.init(owning: Self.allocate())
        if nlmsg_put(raw, 0, 0, Int32(type), 0, flags) == nil { overflowed = true }
        append(header)
    }

    /// A generic netlink message with the family's own header.
    init<Header: BitwiseCopyable>(
        family: UInt16, command: UInt8, version: UInt8, flags: Int32, header: Header
    ) {
        self.init(owning: Self.allocate())
        if genlmsg_put(raw, 0, 0, Int32(family), 0, flags, command, version) == nil {
            overflowed = true
        }
        append(header)
    }

    deinit {
        nlmsg_free(raw)
    }

    private static func allocate() -> OpaquePointer {
        guard let raw = nlmsg_alloc_size(maximumSize) else {
            preconditionFailure("out of memory for a netlink message")
        }
        return raw
    }

    private static let maximumSize = 32768

    private mutating func append<Header: BitwiseCopyable>(_ header: Header) {
        var header = header
        if nlmsg_append(raw, &header, MemoryLayout<Header>.size, 4) < 0 { overflowed = true }
    }

    mutating func put<Value: BitwiseCopyable>(_ type: Int, _ value: Value) {
        withUnsafeBytes(of: value) { put(type, bytes: $0) }
    }

    mutating func put(_ type: Int, string: String) {
        if nla_put_string(raw, Int32(type), string) < 0 { overflowed = true }
    }

    mutating func putFlag(_ type: Int) {
        if nla_put_flag(raw, Int32(type)) < 0 { overflowed = true }
    }

    mutating func put(_ type: Int, bytes: UnsafeRawBufferPointer) {
        if nla_put(raw, Int32(type), Int32(bytes.count), bytes.baseAddress) < 0 {
            overflowed = true
        }
    }

    mutating func nest(_ type: Int, _ body: (inout ControlMessage) -> Void) {
        guard let start = nla_nest_start(raw, Int32(type)) else { return overflowed = true }
        body(&self)
        if nla_nest_end_keep_empty(raw, start) < 0 { overflowed = true }
    }
}
