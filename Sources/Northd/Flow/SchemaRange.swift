import LogicalFlow

/// What columns of the configuration are limited to by its schema. A server whose schema differs may
/// have rows with anything else.
enum SchemaRange {
    /// ACL, QoS, NAT, Logical_Router_Policy, Mirror_Rule.
    static let priority = 0...32767
    /// ACL.
    static let tier = 0...3
}

extension Action.Selection.Member {
    /// `count` members by their numbers; of more than the field of the choice has numbers, the first.
    static func numbered(_ count: Int, from first: UInt16) -> [Action.Selection.Member] {
        (first...UInt16.max).prefix(count).map { Action.Selection.Member($0) }
    }
}
