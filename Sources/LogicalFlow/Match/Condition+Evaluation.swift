// What a condition means, evaluated in the plainest way. Compiled forms are held to it in tests.

/// A packet with its surroundings, as far as conditions look at it.
package protocol ConditionSubject {
    /// The content of a field; zero where the packet doesn't have it.
    func content(of field: Field) -> UInt128
    /// The key of a port of the packet's datapath.
    func portKey(named name: String) -> UInt32?
    /// The keys of a port group's members in the packet's datapath.
    func portGroup(named name: String) -> [UInt32]
    /// The members of an address set; nil if there is no such set. Members wider than the bits that
    /// they are compared with don't count.
    func addressSet(named name: String) -> [Number]?
    func isChassisResident(_ port: String) -> Bool
}

extension Condition {
    /// False for a subject that lacks a set which the condition mentions, as its flow then isn't
    /// installed.
    package func holds(for subject: some ConditionSubject) -> Bool {
        addressSets.allSatisfy { subject.addressSet(named: $0) != nil } && evaluate(subject)
    }

    private func evaluate(_ subject: some ConditionSubject) -> Bool {
        switch self {
        case .constant(let value): value
        case .bits(let test): test.holds(for: subject.content(of: test.field))
        case .port(let storage, let name):
            subject.portKey(named: name) == storage.key(in: subject)
        case .portGroup(let storage, let name):
            subject.portGroup(named: name).contains(storage.key(in: subject))
        case .addressSet(let storage, let name, let isMember):
            (subject.addressSet(named: name) ?? []).contains {
                $0.width <= storage.width
                    && BitTest(storage, .equal, $0).holds(for: subject.content(of: storage.field))
            } == isMember
        case .isChassisResident(let name, let expected):
            subject.isChassisResident(name) == expected
        case .and(let parts): parts.allSatisfy { $0.evaluate(subject) }
        case .or(let parts): parts.contains { $0.evaluate(subject) }
        }
    }

    /// The names of the address sets that occur.
    package var addressSets: [String] {
        switch self {
        case .addressSet(_, let name, _): [name]
        case .and(let parts), .or(let parts): parts.flatMap(\.addressSets)
        case .constant, .bits, .port, .portGroup, .isChassisResident: []
        }
    }
}

extension Storage {
    fileprivate func key(in subject: some ConditionSubject) -> UInt32 {
        UInt32(truncatingIfNeeded: subject.content(of: field) >> UInt128(offset))
    }
}
