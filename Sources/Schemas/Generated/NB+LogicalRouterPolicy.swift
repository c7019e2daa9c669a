// Written by Tools/generate-schemas from NB.ovsidl; edit that file instead.

import OVSDBModel

extension NB {
    /// A row of table Logical_Router_Policy.
    package struct LogicalRouterPolicy: TypedRow {
        package enum Column: Int, RowColumn {
            case action
            case bfdSessions
            case chain
            case externalIDs
            case jumpChain
            case match
            case nexthop
            case nexthops
            case options
            case outputPort
            case priority
        }

        package static let actionAllow = "allow"
        package static let actionDrop = "drop"
        package static let actionJump = "jump"
        package static let actionReroute = "reroute"

        /// `priority`: 0..32767
        package var priority: Int
        /// `chain`
        package var chain: String?
        /// `match`
        package var match: String
        /// `action`: one of allow, drop, jump, reroute
        package var action: String
        /// `jump_chain`
        package var jumpChain: String?
        /// `nexthop`
        package var nexthop: String?
        /// `nexthops`
        package var nexthops: [String]
        /// `output_port`: weak reference to Logical_Router_Port
        package var outputPort: RowUUID?
        /// `bfd_sessions`: weak reference to BFD
        package var bfdSessions: [RowUUID]
        /// `options`
        package var options: [String: String]
        /// `external_ids`
        package var externalIDs: [String: String]

        package init(
            priority: Int = 0,
            chain: String? = nil,
            match: String = "",
            action: String = "",
            jumpChain: String? = nil,
            nexthop: String? = nil,
            nexthops: [String] = [],
            outputPort: RowUUID? = nil,
            bfdSessions: [RowUUID] = [],
            options: [String: String] = [:],
            externalIDs: [String: String] = [:]
        ) {
            self.priority = priority
            self.chain = chain
            self.match = match
            self.action = action
            self.jumpChain = jumpChain
            self.nexthop = nexthop
            self.nexthops = canonicalSet(nexthops)
            self.outputPort = outputPort
            self.bfdSessions = canonicalSet(bfdSessions)
            self.options = options
            self.externalIDs = externalIDs
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            action = row.scalar(0)
            bfdSessions = row.set(1)
            chain = row.optional(2)
            externalIDs = row.map(3)
            jumpChain = row.optional(4)
            match = row.scalar(5)
            nexthop = row.optional(6)
            nexthops = row.set(7)
            options = row.map(8)
            outputPort = row.optional(9)
            priority = row.scalar(10)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 11)
            row.scalar(action)
            row.set(bfdSessions)
            row.optional(chain)
            row.map(externalIDs)
            row.optional(jumpChain)
            row.scalar(match)
            row.optional(nexthop)
            row.set(nexthops)
            row.map(options)
            row.optional(outputPort)
            row.scalar(priority)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if action != old.action {
                changes.scalar(0, action)
            }
            if bfdSessions != old.bfdSessions {
                changes.set(1, bfdSessions)
            }
            if chain != old.chain {
                changes.optional(2, chain)
            }
            if externalIDs != old.externalIDs {
                changes.map(3, externalIDs)
            }
            if jumpChain != old.jumpChain {
                changes.optional(4, jumpChain)
            }
            if match != old.match {
                changes.scalar(5, match)
            }
            if nexthop != old.nexthop {
                changes.optional(6, nexthop)
            }
            if nexthops != old.nexthops {
                changes.set(7, nexthops)
            }
            if options != old.options {
                changes.map(8, options)
            }
            if outputPort != old.outputPort {
                changes.optional(9, outputPort)
            }
            if priority != old.priority {
                changes.scalar(10, priority)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "Logical_Router_Policy",
            columns: [
                .column("priority", .integers(0, 32767)),
                .column("chain", .string, .optional),
                .column("match", .string),
                .column("action", .strings(in: ["allow", "drop", "jump", "reroute"])),
                .column("jump_chain", .string, .optional),
                .column("nexthop", .string, .optional),
                .column("nexthops", .string, .any),
                .column("output_port", .weak("Logical_Router_Port"), .optional),
                .column("bfd_sessions", .weak("BFD"), .any),
                .column("options", .string, to: .string, .any),
                .column("external_ids", .string, to: .string, .any),
            ],
            maximumRows: nil,
            isRoot: false,
            indexes: [])
    }
}
