import Datapath
import LogicalFlow
import Pipeline
import Wire

// One packet, described by an expression of the match language, as `trace` takes it: a conjunction
// that leaves no choice. What it doesn't mention is zero.
//
// The property that must hold: the packet satisfies the expression. An expression that several
// packets with different stated fields satisfy is ambiguous and refused, one that none satisfies is
// contradictory and refused. (A masked constant fixes the bits under its mask; the rest is zero.)

package struct Microflow: Sendable {
    /// What names in the expression stand for.
    package struct Names {
        /// The addresses of a set; nil if there is none of that name.
        package var addressSet: (String) -> [String]?
        /// The logical ports of a group.
        package var portGroup: (String) -> [String]?
        /// The key of a logical port or multicast group in the packet's datapath.
        package var port: (String) -> UInt32?

        package init(
            addressSet: @escaping (String) -> [String]? = { _ in nil },
            portGroup: @escaping (String) -> [String]? = { _ in nil },
            port: @escaping (String) -> UInt32?
        ) {
            self.addressSet = addressSet
            self.portGroup = portGroup
            self.port = port
        }
    }

    package enum Failure: Error, Hashable, Sendable, CustomStringConvertible {
        /// The text is no expression.
        case syntax(String)
        case ambiguous(String)
        case contradictory
        case unknownSet(String)
        case unknownGroup(String)
        case unknownPort(String)
        case noInport
        case manyInports

        package var description: String {
            switch self {
            case .syntax(let text): text
            case .ambiguous(let text): "Constraints are ambiguous: \(text)."
            case .contradictory: "Constraints are contradictory."
            case .unknownSet(let name): "Syntax error at `$\(name)' expecting address set name."
            case .unknownGroup(let name): "Syntax error at `@\(name)' expecting port group name."
            case .unknownPort(let name): "unknown port \(quoted(name))"
            case .noInport: "flow match expression does not match on inport"
            case .manyInports: "flow match expression matches on multiple inports"
            }
        }
    }

    /// The packet's headers, and what the expression says of ports, registers and connection.
    package let key: FlowKey

    /// - Parameter timeToLive: that of an IP packet of which the expression says none.
    package init(
        parsing text: String, names: Names, timeToLive: UInt64 = 64
    ) throws(Failure) {
        let match = try Self.parse(text)
        let all = Condition(try match.expanded(names))
        var facts = Facts()
        switch try facts.add(all.decided.simplified(), names) {
        case .consistent: break
        case .ambiguous: throw .ambiguous(all.text)
        case .contradictory: throw .contradictory
        }
        key = facts.completed(timeToLive: timeToLive)
    }

    package static func parse(_ text: String) throws(Failure) -> Match {
        do throws(LanguageError) {
            return try Match(parsing: text)
        } catch {
            throw .syntax(error.message)
        }
    }

    /// The one logical port that an expression names as its inport, itself or by a group.
    ///
    /// - Parameter portGroup: the logical ports of a group.
    package static func inport(
        of match: Match, portGroup: @escaping (String) -> [String]? = { _ in nil }
    ) throws(Failure) -> String {
        let groups = Names(addressSet: { _ in [] }, portGroup: portGroup, port: { _ in nil })
        let names = Set(try match.expanded(groups).inports(isNegated: false))
        guard let name = names.first else { throw .noInport }
        guard names.count == 1 else { throw .manyInports }
        return name
    }
}

// MARK: - Collecting

/// The bits that an expression has fixed so far.
private struct Facts {
    enum Outcome { case consistent, ambiguous, contradictory }

    private var key = FlowKey()
    private var known = FlowMask()

    mutating func add(
        _ condition: Condition, _ names: Microflow.Names
    ) throws(Microflow.Failure) -> Outcome {
        switch condition {
        case .constant(let value): return value ? .consistent : .contradictory
        case .bits(let test) where test.relation == .equal:
            return set(test.field, test.value, test.mask)
        case .port(let storage, let name):
            let shift = UInt128(storage.offset)
            guard let port = name.isEmpty ? 0 : names.port(name) else {
                throw .unknownPort(name)
            }
            return set(storage.field, UInt128(port) << shift, storage.mask)
        case .and(let parts):
            for part in parts {
                let outcome = try add(part, names)
                if outcome != .consistent { return outcome }
            }
            return .consistent
        case .bits, .portGroup, .addressSet, .isChassisResident, .or: return .ambiguous
        }
    }

    private mutating func set(_ field: Field, _ value: UInt128, _ mask: UInt128) -> Outcome {
        guard let span = KeySpan(field) else { return .ambiguous }
        let (old, fixed) = (key[span], known[span])
        guard (old ^ value) & fixed & mask == 0 else { return .contradictory }
        key[span] = old | value
        known[span] = fixed | mask
        return .consistent
    }

    /// What a packet has that satisfies the facts and says nothing else.
    func completed(timeToLive: UInt64) -> FlowKey {
        var result = key
        let isIP = [EtherType.ipv4, EtherType.ipv6].contains(UInt16(key[.ethernetType]))
        if isIP, known[.ipTTL] == 0 { result[.ipTTL] = timeToLive }
        if key[.vlanTCI] & 0x1000 != 0 { result[.vlanTPID] = UInt64(EtherType.vlan) }
        return result
    }
}

extension FlowVector {
    /// The bits of a run, right aligned.
    package subscript(span: KeySpan) -> UInt128 {
        get {
            let word = Int(span.word)
            let upper = span.isSingleWord ? 0 : UInt128(words[word - 1]) << 64
            return ((upper | UInt128(words[word])) >> UInt128(span.shift))
                & wideOnes(Int(span.width))
        }
        set {
            let word = Int(span.word)
            let mask = wideOnes(Int(span.width)) << UInt128(span.shift)
            let bits = (newValue << UInt128(span.shift)) & mask
            words[word] =
                words[word] & ~UInt64(truncatingIfNeeded: mask)
                | UInt64(truncatingIfNeeded: bits)
            guard !span.isSingleWord else { return }
            words[word - 1] =
                words[word - 1] & ~UInt64(truncatingIfNeeded: mask >> 64)
                | UInt64(truncatingIfNeeded: bits >> 64)
        }
    }
}

// MARK: - Names

extension Match {
    /// Names of ports that `inport` is positively compared with.
    fileprivate func inports(isNegated: Bool) -> [String] {
        switch self {
        case .constant, .test, .isChassisResident: return []
        case .not(let match): return match.inports(isNegated: !isNegated)
        case .and(let parts), .or(let parts):
            return parts.flatMap { $0.inports(isNegated: isNegated) }
        case .comparison(let comparison):
            let wanted: Relation = isNegated ? .notEqual : .equal
            guard comparison.field.symbol == .inport, comparison.relation == wanted else {
                return []
            }
            return comparison.constants.compactMap {
                if case .string(let name) = $0 { name } else { nil }
            }
        }
    }

    /// The same with sets and groups replaced by their members.
    fileprivate func expanded(_ names: Microflow.Names) throws(Microflow.Failure) -> Match {
        switch self {
        case .constant, .test, .isChassisResident: return self
        case .not(let match): return .not(try match.expanded(names))
        case .and(let parts): return .and(try Self.expanded(parts, names))
        case .or(let parts): return .or(try Self.expanded(parts, names))
        case .comparison(let comparison): return try comparison.expanded(names)
        }
    }

    private static func expanded(
        _ parts: [Match], _ names: Microflow.Names
    ) throws(Microflow.Failure) -> [Match] {
        var result: [Match] = []
        for part in parts { result.append(try part.expanded(names)) }
        return result
    }
}

extension Comparison {
    fileprivate func expanded(_ names: Microflow.Names) throws(Microflow.Failure) -> Match {
        var members: [Constant] = []
        for constant in constants {
            switch constant {
            case .number, .string: members.append(constant)
            case .addressSet(let name):
                guard let texts = names.addressSet(name) else { throw .unknownSet(name) }
                members += texts.compactMap(Self.number).filter { $0.width <= field.width }
                    .map(Constant.number)
            case .portGroup(let name):
                guard let ports = names.portGroup(name) else { throw .unknownGroup(name) }
                members += ports.map(Constant.string)
            }
        }
        if members.isEmpty { return .constant(relation == .notEqual) }
        return .comparison(Comparison(field, relation, members))
    }

    /// A member of an address set, as the language writes numbers; nil if it is none.
    private static func number(_ text: String) -> Number? {
        guard case .comparison(let comparison)? = try? Match(parsing: "xxreg0 == \(text)"),
            case .number(let number)? = comparison.constants.first
        else { return nil }
        return number
    }
}
