import Wire

/// What became of one packet that was looked at for a question for names. The counters of
/// ovn-controller(8) tell these apart.
package enum NameOutcome: Hashable, Sendable {
    /// No whole header of DNS.
    case truncated
    /// A response, or another operation than a query.
    case noQuery
    case withoutQuestion
    /// The question can't be read.
    case malformed
    /// Not one of ours: it goes on to the server that was asked.
    case unknown(Question)
    /// The name is ours, and has nothing of that type: it goes on, unless the name is ours alone.
    case empty(Question, isRefused: Bool)
    case answered(Question)

    /// The type of what was asked for.
    package enum Question: Hashable, Sendable {
        case a, aaaa, ptr, any, other

        package init(_ type: UInt16) {
            switch type {
            case DNSType.a: self = .a
            case DNSType.aaaa: self = .aaaa
            case DNSType.ptr: self = .ptr
            case DNSType.any: self = .any
            default: self = .other
            }
        }
    }

    package var question: Question? {
        switch self {
        case .truncated, .noQuery, .withoutQuestion, .malformed: nil
        case .unknown(let question), .empty(let question, _), .answered(let question): question
        }
    }

    /// Of a payload that is no query (`DNSQuery` is nil).
    init(ofUnreadable payload: [UInt8]) {
        if payload.count < 12 {
            self = .truncated
        } else if payload.uint16(at: 2) & 0xf800 != 0 {
            self = .noQuery
        } else {
            self = payload.uint16(at: 4) == 0 ? .withoutQuestion : .malformed
        }
    }
}
