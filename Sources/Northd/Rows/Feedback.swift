// The Northbound columns that northd writes (ovn-nb(5)).

import OVSDBModel
import Schemas

extension PortUpRow: FeedbackRow {
    package var target: RowUUID { port }

    package static func settle(_ row: inout NB.LogicalSwitchPort, _ wanted: PortUpRow?) {
        if let wanted { row.up = wanted.isUp }
    }
}

/// Logical_Switch_Port.tag, where tag_request asks for one. A tag that nobody asked for is the
/// configuration's own.
package struct TagRow: FeedbackRow {
    package let target: RowUUID
    package let tag: Int?

    package static func settle(_ row: inout NB.LogicalSwitchPort, _ wanted: TagRow?) {
        if let wanted { row.tag = wanted.tag }
    }
}

/// Logical_Router_Port.ipv6_prefix: prefixes that a router upstream delegated (RFC 8415 §6.3).
package struct DelegatedPrefixRow: FeedbackRow {
    package let target: RowUUID
    package let prefixes: [String]

    package static func settle(_ row: inout NB.LogicalRouterPort, _ wanted: DelegatedPrefixRow?) {
        row.ipv6Prefix = wanted?.prefixes ?? []
    }
}

/// BFD.status of the configuration.
package struct SessionStatusRow: FeedbackRow {
    package let target: RowUUID
    package let status: String

    package static func settle(_ row: inout NB.BFD, _ wanted: SessionStatusRow?) {
        if let wanted { row.status = wanted.status }
    }
}

/// Logical_Switch_Port_Health_Check.status.
package struct PortHealthRow: FeedbackRow {
    package let target: RowUUID
    package let status: String?

    package static func settle(
        _ row: inout NB.LogicalSwitchPortHealthCheck, _ wanted: PortHealthRow?
    ) {
        row.status = wanted?.status
    }
}

/// Logical_Router_Port.status:hosting-chassis: where a gateway port is.
extension HostingRow: FeedbackRow {
    package var target: RowUUID { port }

    package static func settle(_ row: inout NB.LogicalRouterPort, _ wanted: HostingRow?) {
        row.status["hosting-chassis"] = wanted?.chassis
    }
}
