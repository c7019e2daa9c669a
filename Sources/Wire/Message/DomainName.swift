// Domain names on the wire (RFC 1035 §3.1, §4.1.4). The property that must hold: any bytes give a
// name or nil, in a time bounded by the message's length, whatever the compression pointers say.

package struct DomainName: Hashable, Sendable {
    /// Bytes of each label, in the case that they came with.
    package let labels: [[UInt8]]

    package enum Limits {
        package static let labelBytes = 63
        /// Of the encoded name, lengths and root included.
        package static let nameBytes = 255
        static let pointers = 64
    }

    package init(labels: [[UInt8]]) { self.labels = labels }

    /// A dotted name, with or without the last dot; nil where a label or the name is too long.
    package init?(parsing text: some StringProtocol) {
        var parts = text.utf8.split(separator: 0x2e, omittingEmptySubsequences: false)
            .map { Array($0) }
        if parts.last?.isEmpty == true { parts.removeLast() }
        guard !parts.contains(where: { $0.isEmpty || $0.count > Limits.labelBytes }),
            parts.reduce(1, { $0 + $1.count + 1 }) <= Limits.nameBytes
        else { return nil }
        labels = parts
    }

    /// Reads a name at `position` of a message and moves behind it. Pointers must lead backwards.
    package init?(_ message: [UInt8], at position: inout Int) {
        var labels: [[UInt8]] = []
        var place = position
        var size = 1
        var jumps = 0
        while true {
            guard place >= 0, place < message.count else { return nil }
            let length = Int(message[place])
            if length == 0 { break }
            if length & 0xc0 == 0xc0 {
                guard place + 1 < message.count else { return nil }
                let target = (length & 0x3f) << 8 | Int(message[place + 1])
                if jumps == 0 { position = place + 2 }
                jumps += 1
                guard jumps <= Limits.pointers, target < place else { return nil }
                place = target
                continue
            }
            guard length <= Limits.labelBytes, place + 1 + length <= message.count else {
                return nil
            }
            size += length + 1
            guard size <= Limits.nameBytes else { return nil }
            labels.append(Array(message[place + 1..<place + 1 + length]))
            place += 1 + length
        }
        if jumps == 0 { position = place + 1 }
        self.labels = labels
    }

    /// Labels with their lengths, and the root.
    package var encoded: [UInt8] {
        labels.flatMap { [UInt8($0.count)] + $0 } + [0]
    }

    /// Dotted, without the last dot, ASCII letters in lower case (RFC 4343).
    package var text: String {
        labels.map { label in
            String(
                decoding: label.map { (0x41...0x5a).contains($0) ? $0 + 0x20 : $0 },
                as: UTF8.self)
        }.joined(separator: ".")
    }

    /// Several names, each suffix that came before replaced by a pointer to it (RFC 3397 §2).
    package static func compressed(_ names: [DomainName]) -> [UInt8] {
        var bytes: [UInt8] = []
        var places: [[[UInt8]]: Int] = [:]
        for name in names {
            var rest = name.labels
            var pointer: Int?
            while let label = rest.first, pointer == nil {
                pointer = places[rest]
                guard pointer == nil else { break }
                if bytes.count < 0x4000 { places[rest] = bytes.count }
                bytes.append(UInt8(label.count))
                bytes += label
                rest.removeFirst()
            }
            if let pointer {
                bytes.append(UInt64(0xc000 | pointer), width: 2)
            } else {
                bytes.append(0)
            }
        }
        return bytes
    }
}
