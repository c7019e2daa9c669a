import Wire

@testable import LogicalFlow

/// Random matches that obey the type rules, over few fields and small values so that packets hit them.
struct RandomMatch {
    var generator: SeededGenerator
    var symbols: [Symbol] = [
        .inport, .outport, .reg0, .xxreg0, .ctEst, .ctTrk, .ctMark, .ethSrc, .ethType, .ethMcast,
        .vlanTCI, .vlanPCP, .ip4Src, .ip4Dst, .ip6Dst, .ipTTL, .ipProto, .tcpDst, .udpSrc,
        .icmp4Type,
        .arpOp, .ndTarget, .flags, .flagsLoopback, .ip4, .ip, .tcp, .nd, .icmp, .ip4Mcast,
        .ipFirstFrag, .vlanPresent, .ethBcast, .ip6McastFlood, .remoteOutport,
    ]
    var usesNames = true

    mutating func match(depth: Int, isNegated: Bool = false) -> Match {
        switch depth == 0 ? 0 : Int.random(in: 0..<6, using: &generator) {
        case 0, 1: return leaf(isNegated)
        case 2: return .not(match(depth: depth - 1, isNegated: !isNegated))
        case 3: return .or(parts(depth, isNegated))
        default: return .and(parts(depth, isNegated))
        }
    }

    private mutating func parts(_ depth: Int, _ isNegated: Bool) -> [Match] {
        (0..<Int.random(in: 2...3, using: &generator)).map { _ in
            match(depth: depth - 1, isNegated: isNegated)
        }
    }

    private mutating func leaf(_ isNegated: Bool) -> Match {
        switch Int.random(in: 0..<20, using: &generator) {
        case 0: return .constant(Bool.random(using: &generator))
        case 1 where usesNames: return .isChassisResident(pick(["a", "b"]))
        default: return comparison(pick(symbols), isNegated)
        }
    }

    private mutating func comparison(_ symbol: Symbol, _ isNegated: Bool) -> Match {
        let definition = SymbolTable.standard[symbol]
        if definition.isPredicate { return predicate(symbol, definition, isNegated) }
        guard let width = definition.width else {
            return .compare(symbol, isNegated ? .notEqual : .equal, names())
        }
        if definition.level == .nominal {
            return .compare(symbol, isNegated ? .notEqual : .equal, numbers(width, masked: true))
        }
        let field = range(symbol, width)
        if field.width == 1 || isNegated, chance(3) { return .test(field) }
        let relation = pick(Relation.allCases)
        if relation == .equal || relation == .notEqual {
            if usesNames, chance(6) { return .compare(field, relation, .addressSet("set")) }
            return .compare(field, relation, numbers(field.width, masked: true))
        }
        return .compare(field, relation, numbers(field.width, masked: false)[0])
    }

    private mutating func predicate(
        _ symbol: Symbol, _ definition: SymbolDefinition, _ isNegated: Bool
    ) -> Match {
        if !isNegated, chance(2) { return .symbol(symbol) }
        guard definition.level == .nominal else {
            return chance(2)
                ? .symbol(symbol) : .compare(symbol, .equal, pick([0, 1]))
        }
        return isNegated ? .compare(symbol, .equal, 0) : .compare(symbol, .notEqual, 0)
    }

    private mutating func range(_ symbol: Symbol, _ width: Int) -> FieldRange {
        guard width > 1, chance(2) else { return FieldRange(symbol) }
        let low = Int.random(in: 0..<min(width, 4), using: &generator)
        return FieldRange(symbol, low: low, high: min(width - 1, low + pick([0, 1, 2, 7, 40])))
    }

    private mutating func names() -> [Constant] {
        guard usesNames else { return [.string("a")] }
        let all: [Constant] = [
            .string("a"), .string("b"), .string("nowhere"), .portGroup("pg"), .string("q\"\\\n"),
        ]
        return (0..<pick([1, 1, 2])).map { _ in pick(all) }
    }

    private mutating func numbers(_ width: Int, masked: Bool) -> [Constant] {
        (0..<pick([1, 1, 1, 2, 3])).map { _ in number(width, masked: masked) }
    }

    private mutating func number(_ width: Int, masked: Bool) -> Constant {
        let value = smallValue(width)
        if masked, chance(5) { return .hexadecimal(value, mask: smallValue(width) | 1) }
        if width == 32, chance(3) {
            let address = IPv4Address(UInt32(truncatingIfNeeded: value))
            return masked ? .ip4(address, pick([8, 24, 31, 32])) : .ip4(address)
        }
        if width == 48, chance(3) {
            return .ethernet(MACAddress(UInt64(truncatingIfNeeded: value)))
        }
        if width == 128, chance(3) {
            return masked
                ? .ip6(IPv6Address(value), pick([0, 64, 127, 128])) : .ip6(IPv6Address(value))
        }
        return width <= 64 && chance(2)
            ? .decimal(UInt64(truncatingIfNeeded: value)) : .hexadecimal(value)
    }

    /// Values that a packet is likely to have too.
    mutating func smallValue(_ width: Int) -> UInt128 {
        let top = UInt128.ones(width) ^ UInt128.ones(max(0, width - 3))
        let interesting: [UInt128] = [
            0, 1, 2, 3, 5, 6, 17, 58, 135, 255, 0x800, 0x806, 0x86dd, top, .ones(width),
            top | 1, 0xe000_0001, 0x3333_0000_0001,
        ]
        return pick(interesting) & .ones(width)
    }

    mutating func packet() -> Packet {
        var packet = Packet()
        for field in Field.allCases where !chance(4) {
            packet.fields[field] = smallValue(field.width)
        }
        packet.fields[.inport] = pick([0, 1, 2])
        packet.fields[.outport] = pick([0, 1, 2])
        packet.fields[.ethType] = pick([0x800, 0x800, 0x86dd, 0x806])
        packet.fields[.ipProto] = pick([1, 6, 6, 17, 58])
        packet.ports = ["a": 1, "b": 2, "q\"\\\n": 3]
        packet.groups = ["pg": [2]]
        packet.sets = [
            "set": [Number(1, format: .decimal), Number(0, mask: 0xf0, format: .hexadecimal)]
        ]
        packet.residents = chance(2) ? ["a"] : []
        return packet
    }

    mutating func pick<Element>(_ list: [Element]) -> Element {
        list[Int.random(in: 0..<list.count, using: &generator)]
    }

    mutating func chance(_ of: Int) -> Bool { Int.random(in: 0..<of, using: &generator) == 0 }
}

/// The meaning of a match taken from the rules of the language, without expanding it first.
struct MatchOracle {
    let packet: Packet
    let table = SymbolTable.standard

    func holds(_ match: Match, isNegated: Bool = false) -> Bool {
        switch match {
        case .constant(let value): return value != isNegated
        case .isChassisResident(let name): return packet.residents.contains(name) != isNegated
        case .not(let match): return holds(match, isNegated: !isNegated)
        case .and(let parts):
            return isNegated
                ? parts.contains { holds($0, isNegated: true) } : parts.allSatisfy { holds($0) }
        case .or(let parts):
            return isNegated
                ? parts.allSatisfy { holds($0, isNegated: true) } : parts.contains { holds($0) }
        case .test(let field):
            return holds(Comparison(field, .notEqual, [0]), isNegated)
        case .comparison(let comparison): return holds(comparison, isNegated)
        }
    }

    private func holds(_ comparison: Comparison, _ isNegated: Bool) -> Bool {
        let definition = table[comparison.field.symbol]
        let relation = comparison.relation
        let results = comparison.constants.map {
            holds(comparison.field, definition, relation, $0) != isNegated
        }
        let needsAll = (relation == .notEqual) != isNegated
        let holdsHere = needsAll ? results.allSatisfy(\.self) : results.contains(true)
        guard let prerequisite = definition.prerequisite else { return holdsHere }
        return holdsHere && holds(.symbol(prerequisite))
    }

    private func holds(
        _ field: FieldRange, _ definition: SymbolDefinition, _ relation: Relation,
        _ constant: Constant
    ) -> Bool {
        if case .predicate(let expansion) = definition.meaning {
            guard case .number(let number) = constant else { return false }
            return relation.holds(holds(expansion) ? 1 : 0, number.value & 1)
        }
        guard let storage = definition.storage else { return false }
        let content = packet.content(of: storage.field) >> UInt128(storage.offset)
        let bits =
            (content >> UInt128(field.low)) & .ones(definition.width == nil ? 32 : field.width)
        switch constant {
        case .string(let name):
            let isPort = packet.ports[name].map { UInt128($0) == bits } ?? false
            return isPort == (relation == .equal)
        case .portGroup(let name):
            let isMember = packet.portGroup(named: name).contains(UInt32(bits))
            return isMember == (relation == .equal)
        case .addressSet(let name):
            let isMember = (packet.sets[name] ?? []).contains {
                $0.width <= field.width && equal(bits, $0, field.width)
            }
            return isMember == (relation == .equal)
        case .number(let number):
            if relation == .equal { return equal(bits, number, field.width) }
            if relation == .notEqual { return !equal(bits, number, field.width) }
            return relation.holds(bits, number.value & .ones(field.width))
        }
    }

    private func equal(_ bits: UInt128, _ number: Number, _ width: Int) -> Bool {
        (bits ^ number.value) & (number.mask ?? .max) & .ones(width) == 0
    }
}
