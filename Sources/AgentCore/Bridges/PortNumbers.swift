// The port numbers that Interface.ofport shows. Numbers stay with a name as long as the agent
// runs and are taken over from the rows after a restart, so that nothing that remembers a number
// (libvirt, monitoring) sees it move.

package struct PortNumbers: Hashable, Sendable {
    /// OFPP_MAX of OpenFlow 1.0: numbers above are reserved.
    package static let highest = 0xff00 - 1

    private var numbers: [String: Int] = [:]
    private var used: Set<Int> = []
    private var next = 1

    package init() {}

    /// - Parameters:
    ///   - existing: what the row shows already, kept if it is free.
    ///   - requested: Interface.ofport_request, which wins if it is free.
    /// - Returns: nil when every number is taken.
    package mutating func number(
        for name: String, requested: Int? = nil, existing: Int? = nil
    ) -> Int? {
        if let known = numbers[name] { return known }
        for wish in [requested, existing] {
            if let wish, (1...Self.highest).contains(wish), !used.contains(wish) {
                return assign(wish, to: name)
            }
        }
        for _ in 0..<Self.highest {
            let candidate = next
            next = next == Self.highest ? 1 : next + 1
            if !used.contains(candidate) { return assign(candidate, to: name) }
        }
        return nil
    }

    package mutating func release(_ name: String) {
        guard let number = numbers.removeValue(forKey: name) else { return }
        used.remove(number)
    }

    private mutating func assign(_ number: Int, to name: String) -> Int {
        numbers[name] = number
        used.insert(number)
        return number
    }
}
