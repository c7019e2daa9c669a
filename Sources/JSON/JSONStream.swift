// JSON-RPC over a byte stream has no framing: messages simply follow each other (RFC 7047 §4), so a
// receiver finds the end of one by counting brackets outside strings. Each byte is looked at once,
// whatever the sizes of the pieces it arrives in, and memory is bounded by the limit on one message.

/// Splits the JSON objects and arrays that follow each other in a stream.
///
/// Bytes go in through `append`, whole messages come out of `next`. It checks balance and limits
/// only; the message's text is checked when it is parsed. After an error the stream is dead.
public struct JSONStream: Sendable {
    public struct Limits: Sendable {
        /// The deepest nesting of brackets.
        public var depth: Int
        /// The most bytes of one message.
        public var size: Int

        public init(depth: Int = JSONLimits.depth, size: Int = 4 << 30) {
            self.depth = depth
            self.size = size
        }
    }

    /// A buffer of at most this many bytes stays for what comes next.
    public static let keptBytes = 1 << 16

    public let limits: Limits
    private var buffer: [UInt8] = []
    /// Where the message that is being received starts in `buffer`.
    private var start = 0
    /// The bytes of `buffer` that have been looked at.
    private var scanned = 0
    private var depth = 0
    private var isInString = false
    private var isEscaped = false

    public init(limits: Limits = Limits()) { self.limits = limits }

    /// Bytes received of a message that is not complete yet, white space not counted.
    public var pendingBytes: Int { buffer.count - start }

    /// Bytes that the stream has room for. Those of a large message go with the message.
    public var heldBytes: Int { buffer.capacity }

    public mutating func append(_ bytes: some Collection<UInt8>) {
        discardConsumed()
        buffer.append(contentsOf: bytes)
    }

    public mutating func append(_ bytes: UnsafeRawBufferPointer) {
        discardConsumed()
        buffer.append(contentsOf: bytes)
    }

    /// The next complete message; nil if more bytes are needed.
    public mutating func next() throws(JSONError) -> ArraySlice<UInt8>? {
        guard let end = try scanMessage() else {
            guard buffer.count - start <= limits.size else {
                throw JSONError(.tooLarge, at: limits.size)
            }
            letGo()
            return nil
        }
        guard end - start <= limits.size else { throw JSONError(.tooLarge, at: limits.size) }
        let message = buffer[start..<end]
        start = end
        letGo()
        return message
    }

    /// The next complete message, parsed; nil if more bytes are needed.
    public mutating func nextValue() throws(JSONError) -> JSON? {
        guard let message = try next() else { return nil }
        return try JSON.parse(message)
    }

    private mutating func discardConsumed() {
        guard start > 0 else { return }
        if buffer.capacity > JSONStream.keptBytes {
            buffer = Array(buffer[start...])
        } else {
            buffer.removeSubrange(..<start)
        }
        scanned -= start
        start = 0
    }

    /// Leaves a large buffer, all of which was handed out, to whoever has its last message.
    private mutating func letGo() {
        guard start == buffer.count, buffer.capacity > JSONStream.keptBytes else { return }
        buffer = []
        scanned = 0
        start = 0
    }
}

extension JSONStream {
    /// Looks at the bytes that arrived since; returns the index after a message that is complete.
    private mutating func scanMessage() throws(JSONError) -> Int? {
        if depth == 0, try !skipToMessage() { return nil }
        let begin = start
        var index = scanned
        var state = (depth: depth, isInString: isInString, isEscaped: isEscaped)
        let limit = limits.depth
        let end = try buffer.withUnsafeBufferPointer { (buffer) throws(JSONError) -> Int? in
            let bytes = UnsafeRawBufferPointer(buffer)
            while index < bytes.count {
                let byte = bytes[index]
                index &+= 1
                if state.isInString {
                    if state.isEscaped {
                        state.isEscaped = false
                    } else if byte == 0x5c {
                        state.isEscaped = true
                    } else if byte == 0x22 {
                        state.isInString = false
                    } else {
                        index = JSONStream.skipPlain(bytes, from: index)
                    }
                    continue
                }
                switch byte {
                case 0x22: state.isInString = true
                case 0x5b, 0x7b:
                    state.depth += 1
                    guard state.depth <= limit else {
                        throw JSONError(.tooDeep, at: index - 1 - begin)
                    }
                case 0x5d, 0x7d:
                    state.depth -= 1
                    if state.depth == 0 { return index }
                default: break
                }
            }
            return nil
        }
        scanned = index
        (depth, isInString, isEscaped) = state
        return end
    }

    /// Moves over string bytes that are neither quote nor backslash, eight at a time.
    private static func skipPlain(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        var index = start
        while bytes.count &- index >= 8 {
            let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            let ends = stringRunEnds(UInt64(littleEndian: word))
            if ends != 0 { return index &+ ends.trailingZeroBitCount &>> 3 }
            index &+= 8
        }
        return index
    }

    /// Moves `start` over white space to the bracket that opens a message; false if it isn't there.
    private mutating func skipToMessage() throws(JSONError) -> Bool {
        while start < buffer.count {
            switch buffer[start] {
            case 0x20, 0x09, 0x0a, 0x0d: start += 1
            case 0x5b, 0x7b:
                scanned = start
                return true
            default: throw JSONError(.notObjectOrArray, at: 0)
            }
        }
        scanned = start
        return false
    }
}
