import Testing
import Wire

@testable import LogicalFlow

/// A small generator whose sequence depends on its seed alone (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}

/// A packet as a dictionary of fields, and the names around it.
struct Packet: ConditionSubject {
    var fields: [Field: UInt128] = [:]
    var ports: [String: UInt32] = [:]
    var groups: [String: [UInt32]] = [:]
    var sets: [String: [Number]] = [:]
    var residents: Set<String> = []

    func content(of field: Field) -> UInt128 { fields[field] ?? 0 }
    func portKey(named name: String) -> UInt32? { ports[name] }
    func portGroup(named name: String) -> [UInt32] { groups[name] ?? [] }
    func addressSet(named name: String) -> [Number]? { sets[name] }
    func isChassisResident(_ port: String) -> Bool { residents.contains(port) }
}

/// The error of reading `text` as a match, or "" if there is none.
func matchError(_ text: String, _ table: SymbolTable = .standard) -> String {
    do {
        _ = try Match(parsing: text, table: table)
        return ""
    } catch {
        return error.message
    }
}

/// The error of reading `text` as actions, or "" if there is none.
func actionError(_ text: String) -> String {
    do {
        _ = try ActionList(parsing: text)
        return ""
    } catch {
        return error.message
    }
}
