// Written by Tools/generate-schemas from OVS.ovsidl; edit that file instead.

import OVSDBModel

extension OVS {
    /// A row of table CT_Timeout_Policy.
    package struct CTTimeoutPolicy: TypedRow {
        package enum Column: Int, RowColumn {
            case externalIDs
            case timeouts
        }

        package static let timeoutsICMPFirst = "icmp_first"
        package static let timeoutsICMPReply = "icmp_reply"
        package static let timeoutsTCPClose = "tcp_close"
        package static let timeoutsTCPCloseWait = "tcp_close_wait"
        package static let timeoutsTCPEstablished = "tcp_established"
        package static let timeoutsTCPFinWait = "tcp_fin_wait"
        package static let timeoutsTCPLastAck = "tcp_last_ack"
        package static let timeoutsTCPRetransmit = "tcp_retransmit"
        package static let timeoutsTCPSynRecv = "tcp_syn_recv"
        package static let timeoutsTCPSynSent = "tcp_syn_sent"
        package static let timeoutsTCPSynSent2 = "tcp_syn_sent2"
        package static let timeoutsTCPTimeWait = "tcp_time_wait"
        package static let timeoutsTCPUnack = "tcp_unack"
        package static let timeoutsUDPFirst = "udp_first"
        package static let timeoutsUDPMultiple = "udp_multiple"
        package static let timeoutsUDPSingle = "udp_single"

        /// `timeouts`: key one of icmp_first, icmp_reply, tcp_close, tcp_close_wait,
        /// tcp_established, tcp_fin_wait, tcp_last_ack, tcp_retransmit, tcp_syn_recv, tcp_syn_sent,
        /// tcp_syn_sent2, tcp_time_wait, tcp_unack, udp_first, udp_multiple, udp_single; value
        /// 0..4294967295
        package var timeouts: [String: Int]
        /// `external_ids`
        package var externalIDs: [String: String]

        package init(
            timeouts: [String: Int] = [:],
            externalIDs: [String: String] = [:]
        ) {
            self.timeouts = timeouts
            self.externalIDs = externalIDs
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            externalIDs = row.map(0)
            timeouts = row.map(1)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 2)
            row.map(externalIDs)
            row.map(timeouts)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if externalIDs != old.externalIDs {
                changes.map(0, externalIDs)
            }
            if timeouts != old.timeouts {
                changes.map(1, timeouts)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "CT_Timeout_Policy",
            columns: [
                .column(
                    "timeouts",
                    .strings(in: [
                        "icmp_first", "icmp_reply", "tcp_close", "tcp_close_wait",
                        "tcp_established", "tcp_fin_wait", "tcp_last_ack", "tcp_retransmit",
                        "tcp_syn_recv", "tcp_syn_sent", "tcp_syn_sent2", "tcp_time_wait",
                        "tcp_unack", "udp_first", "udp_multiple", "udp_single",
                    ]), to: .integers(0, 4294967295), .any),
                .column("external_ids", .string, to: .string, .any),
            ],
            maximumRows: nil,
            isRoot: false,
            indexes: [])
    }
}
