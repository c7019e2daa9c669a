import Wire

/// Puts records and templates into IPFIX messages (RFC 7011 §3), in the order in which they come.
///
/// A message is of one observation domain, and no longer than `limit`, unless a single record is.
struct MessagePacker {
    /// Bytes of a message, so that no packet is larger than any path takes.
    static let limit = 1024
    private static let headerLength = 16
    private static let setHeaderLength = 4
    private static let version: UInt64 = 10

    /// Sets of templates (RFC 7011 §3.3.2).
    static let templates: UInt16 = 2
    static let optionsTemplates: UInt16 = 3

    private let second: Int64
    /// Data records sent before, by domain.
    private var sequence: [UInt32: UInt32]
    private var finished: [[UInt8]] = []
    private var open: [UInt8] = []
    private var domain: UInt32 = 0
    private var records: UInt32 = 0
    private var set: (number: UInt16, offset: Int)?

    /// - Parameter second: of the export, since 1970.
    init(second: Int64, sequence: [UInt32: UInt32]) {
        self.second = second
        self.sequence = sequence
    }

    mutating func put(_ record: [UInt8], in number: UInt16, domain: UInt32) {
        let space = record.count + (set?.number == number ? 0 : Self.setHeaderLength)
        if !open.isEmpty, self.domain != domain || open.count + space > Self.limit { close() }
        if open.isEmpty { begin(domain) }
        if set?.number != number {
            closeSet()
            set = (number, open.count)
            open.append(UInt64(number), width: 2)
            open.append(0, width: 2)
        }
        open += record
        if number != Self.templates, number != Self.optionsTemplates { records &+= 1 }
    }

    private mutating func begin(_ domain: UInt32) {
        self.domain = domain
        open.append(Self.version, width: 2)
        open.append(0, width: 2)
        open.append(UInt64(UInt32(truncatingIfNeeded: second)), width: 4)
        open.append(UInt64(sequence[domain] ?? 0), width: 4)
        open.append(UInt64(domain), width: 4)
    }

    private mutating func closeSet() {
        guard let set else { return }
        open.store16(UInt16(open.count - set.offset), at: set.offset + 2)
        self.set = nil
    }

    private mutating func close() {
        closeSet()
        open.store16(UInt16(open.count), at: 2)
        finished.append(open)
        open = []
        sequence[domain, default: 0] &+= records
        records = 0
    }

    /// The messages, and how many data records each domain has sent by then.
    consuming func finish() -> (messages: [[UInt8]], sequence: [UInt32: UInt32]) {
        if !open.isEmpty { close() }
        return (finished, sequence)
    }
}
