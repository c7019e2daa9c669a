// The part of DNS (RFC 1035, EDNS RFC 6891) that a resolver for a few names needs: one question in,
// answers with addresses and names out. The property that must hold: any payload gives a query or
// nil; a response has the query's identifier and its question, letter by letter.

package enum DNSType {
    package static let a: UInt16 = 1
    package static let ptr: UInt16 = 12
    package static let aaaa: UInt16 = 28
    package static let opt: UInt16 = 41
    package static let any: UInt16 = 255
}

package enum DNSCode {
    package static let noError: UInt16 = 0
    package static let refused: UInt16 = 5
}

package struct DNSQuery: Hashable, Sendable {
    package static let internet: UInt16 = 1
    /// What fits without EDNS (RFC 1035 §2.3.4).
    package static let plainSize = 512

    package let identifier: UInt16
    package let isRecursive: Bool
    package let name: DomainName
    package let type: UInt16
    package let recordClass: UInt16
    /// The first question as it came.
    package let question: [UInt8]
    /// What the client says it takes (RFC 6891 §6.2.3); nil without EDNS.
    package let payloadSize: UInt16?

    /// Nil for a response, for another operation than a standard query, and for bad bytes.
    package init?(_ payload: [UInt8]) {
        guard payload.count >= 12 else { return nil }
        let flags = payload.uint16(at: 2)
        // QR and the four bits of the operation.
        guard flags & 0xf800 == 0, payload.uint16(at: 4) >= 1 else { return nil }
        var position = 12
        guard let name = DomainName(payload, at: &position), position + 4 <= payload.count else {
            return nil
        }
        identifier = payload.uint16(at: 0)
        isRecursive = flags & 0x100 != 0
        self.name = name
        type = payload.uint16(at: position)
        recordClass = payload.uint16(at: position + 2)
        question = Array(payload[12..<position + 4])
        payloadSize = Self.extendedSize(payload, from: position + 4)
    }

    /// The class of an OPT record, if the records behind the only question hold one.
    private static func extendedSize(_ payload: [UInt8], from start: Int) -> UInt16? {
        guard payload.uint16(at: 4) == 1 else { return nil }
        let records = (6...10).filter { $0 % 2 == 0 }.reduce(0) {
            $0 + Int(payload.uint16(at: $1))
        }
        var position = start
        for _ in 0..<records {
            guard DomainName(payload, at: &position) != nil, position + 10 <= payload.count else {
                return nil
            }
            if payload.uint16(at: position) == DNSType.opt {
                return max(UInt16(plainSize), payload.uint16(at: position + 2))
            }
            position += 10 + Int(payload.uint16(at: position + 8))
        }
        return nil
    }
}

package struct DNSResponse: Hashable, Sendable {
    package enum Answer: Hashable, Sendable {
        case address(IPAddress)
        case name(DomainName)
    }

    package var code = DNSCode.noError
    package var answers: [Answer] = []
    /// Seconds that an answer may be kept.
    package var timeToLive: UInt32
    /// What this side takes, told to a client that speaks EDNS.
    package static let ownPayloadSize: UInt16 = 1232

    package init(timeToLive: UInt32) { self.timeToLive = timeToLive }

    /// The payload of the response: answers that the client can't take are left out, and it is told
    /// (TC).
    package func encoded(for query: DNSQuery) -> [UInt8] {
        let room = Int(query.payloadSize.map { min($0, Self.ownPayloadSize) } ?? 512)
        let extra: [UInt8] = query.payloadSize == nil ? [] : Self.extension
        var records: [UInt8] = []
        var count: UInt16 = 0
        for answer in answers {
            let record = record(answer, query)
            guard 12 + query.question.count + records.count + record.count + extra.count <= room
            else { break }
            records += record
            count += 1
        }
        // QR, AA, and RD with RA.
        var flags: UInt16 = 0x8400 | code
        if query.isRecursive { flags |= 0x180 }
        if Int(count) < answers.count { flags |= 0x200 }
        var bytes: [UInt8] = []
        for word in [query.identifier, flags, 1, count, 0, extra.isEmpty ? 0 : 1] {
            bytes.append(UInt64(word), width: 2)
        }
        return bytes + query.question + records + extra
    }

    private static var `extension`: [UInt8] {
        var bytes: [UInt8] = [0]
        bytes.append(UInt64(DNSType.opt), width: 2)
        bytes.append(UInt64(ownPayloadSize), width: 2)
        return bytes + [0, 0, 0, 0, 0, 0]
    }

    private func record(_ answer: Answer, _ query: DNSQuery) -> [UInt8] {
        var data: [UInt8] = []
        let type: UInt16
        switch answer {
        case .address(.v4(let address)):
            type = DNSType.a
            data.append(address)
        case .address(.v6(let address)):
            type = DNSType.aaaa
            data.append(address)
        case .name(let name):
            type = DNSType.ptr
            data = name.encoded
        }
        // The name is the question's, at offset 12.
        var bytes: [UInt8] = [0xc0, 12]
        bytes.append(UInt64(type), width: 2)
        bytes.append(UInt64(DNSQuery.internet), width: 2)
        bytes.append(UInt64(timeToLive), width: 4)
        bytes.append(UInt64(data.count), width: 2)
        return bytes + data
    }
}
