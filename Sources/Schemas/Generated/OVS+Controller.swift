// Written by Tools/generate-schemas from OVS.ovsidl; edit that file instead.

import OVSDBModel

extension OVS {
    /// A row of table Controller.
    package struct Controller: TypedRow {
        package enum Column: Int, RowColumn {
            case connectionMode
            case controllerBurstLimit
            case controllerQueueSize
            case controllerRateLimit
            case enableAsyncMessages
            case externalIDs
            case inactivityProbe
            case isConnected
            case localGateway
            case localIP
            case localNetmask
            case maxBackoff
            case otherConfig
            case role
            case status
            case target
            case type
        }

        package static let typePrimary = "primary"
        package static let typeService = "service"
        package static let connectionModeInBand = "in-band"
        package static let connectionModeOutOfBand = "out-of-band"
        package static let roleMaster = "master"
        package static let roleOther = "other"
        package static let roleSlave = "slave"

        /// `type`: one of primary, service
        package var type: String?
        /// `target`
        package var target: String
        /// `max_backoff`: 1000..
        package var maxBackoff: Int?
        /// `inactivity_probe`
        package var inactivityProbe: Int?
        /// `connection_mode`: one of in-band, out-of-band
        package var connectionMode: String?
        /// `local_ip`
        package var localIP: String?
        /// `local_netmask`
        package var localNetmask: String?
        /// `local_gateway`
        package var localGateway: String?
        /// `enable_async_messages`
        package var enableAsyncMessages: Bool?
        /// `controller_queue_size`: 1..512
        package var controllerQueueSize: Int?
        /// `controller_rate_limit`: 100..
        package var controllerRateLimit: Int?
        /// `controller_burst_limit`: 25..
        package var controllerBurstLimit: Int?
        /// `other_config`
        package var otherConfig: [String: String]
        /// `external_ids`
        package var externalIDs: [String: String]
        /// `is_connected`: not stored
        package var isConnected: Bool
        /// `role`: one of master, other, slave; not stored
        package var role: String?
        /// `status`: not stored
        package var status: [String: String]

        package init(
            type: String? = nil,
            target: String = "",
            maxBackoff: Int? = nil,
            inactivityProbe: Int? = nil,
            connectionMode: String? = nil,
            localIP: String? = nil,
            localNetmask: String? = nil,
            localGateway: String? = nil,
            enableAsyncMessages: Bool? = nil,
            controllerQueueSize: Int? = nil,
            controllerRateLimit: Int? = nil,
            controllerBurstLimit: Int? = nil,
            otherConfig: [String: String] = [:],
            externalIDs: [String: String] = [:],
            isConnected: Bool = false,
            role: String? = nil,
            status: [String: String] = [:]
        ) {
            self.type = type
            self.target = target
            self.maxBackoff = maxBackoff
            self.inactivityProbe = inactivityProbe
            self.connectionMode = connectionMode
            self.localIP = localIP
            self.localNetmask = localNetmask
            self.localGateway = localGateway
            self.enableAsyncMessages = enableAsyncMessages
            self.controllerQueueSize = controllerQueueSize
            self.controllerRateLimit = controllerRateLimit
            self.controllerBurstLimit = controllerBurstLimit
            self.otherConfig = otherConfig
            self.externalIDs = externalIDs
            self.isConnected = isConnected
            self.role = role
            self.status = status
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            connectionMode = row.optional(0)
            controllerBurstLimit = row.optional(1)
            controllerQueueSize = row.optional(2)
            controllerRateLimit = row.optional(3)
            enableAsyncMessages = row.optional(4)
            externalIDs = row.map(5)
            inactivityProbe = row.optional(6)
            isConnected = row.scalar(7)
            localGateway = row.optional(8)
            localIP = row.optional(9)
            localNetmask = row.optional(10)
            maxBackoff = row.optional(11)
            otherConfig = row.map(12)
            role = row.optional(13)
            status = row.map(14)
            target = row.scalar(15)
            type = row.optional(16)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 17)
            row.optional(connectionMode)
            row.optional(controllerBurstLimit)
            row.optional(controllerQueueSize)
            row.optional(controllerRateLimit)
            row.optional(enableAsyncMessages)
            row.map(externalIDs)
            row.optional(inactivityProbe)
            row.scalar(isConnected)
            row.optional(localGateway)
            row.optional(localIP)
            row.optional(localNetmask)
            row.optional(maxBackoff)
            row.map(otherConfig)
            row.optional(role)
            row.map(status)
            row.scalar(target)
            row.optional(type)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if connectionMode != old.connectionMode {
                changes.optional(0, connectionMode)
            }
            if controllerBurstLimit != old.controllerBurstLimit {
                changes.optional(1, controllerBurstLimit)
            }
            if controllerQueueSize != old.controllerQueueSize {
                changes.optional(2, controllerQueueSize)
            }
            if controllerRateLimit != old.controllerRateLimit {
                changes.optional(3, controllerRateLimit)
            }
            if enableAsyncMessages != old.enableAsyncMessages {
                changes.optional(4, enableAsyncMessages)
            }
            if externalIDs != old.externalIDs {
                changes.map(5, externalIDs)
            }
            if inactivityProbe != old.inactivityProbe {
                changes.optional(6, inactivityProbe)
            }
            if isConnected != old.isConnected {
                changes.scalar(7, isConnected)
            }
            if localGateway != old.localGateway {
                changes.optional(8, localGateway)
            }
            if localIP != old.localIP {
                changes.optional(9, localIP)
            }
            if localNetmask != old.localNetmask {
                changes.optional(10, localNetmask)
            }
            if maxBackoff != old.maxBackoff {
                changes.optional(11, maxBackoff)
            }
            if otherConfig != old.otherConfig {
                changes.map(12, otherConfig)
            }
            if role != old.role {
                changes.optional(13, role)
            }
            if status != old.status {
                changes.map(14, status)
            }
            if target != old.target {
                changes.scalar(15, target)
            }
            if type != old.type {
                changes.optional(16, type)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "Controller",
            columns: [
                .column("type", .strings(in: ["primary", "service"]), .optional),
                .column("target", .string),
                .column("max_backoff", .integers(1000, nil), .optional),
                .column("inactivity_probe", .integer, .optional),
                .column("connection_mode", .strings(in: ["in-band", "out-of-band"]), .optional),
                .column("local_ip", .string, .optional),
                .column("local_netmask", .string, .optional),
                .column("local_gateway", .string, .optional),
                .column("enable_async_messages", .boolean, .optional),
                .column("controller_queue_size", .integers(1, 512), .optional),
                .column("controller_rate_limit", .integers(100, nil), .optional),
                .column("controller_burst_limit", .integers(25, nil), .optional),
                .column("other_config", .string, to: .string, .any),
                .column("external_ids", .string, to: .string, .any),
                .column("is_connected", .boolean, isEphemeral: true),
                .column(
                    "role",
                    .strings(in: [
                        "master", "other", "slave",
                    ]), .optional, isEphemeral: true),
                .column("status", .string, to: .string, .any, isEphemeral: true),
            ],
            maximumRows: nil,
            isRoot: false,
            indexes: [])
    }
}
