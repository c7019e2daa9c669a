// Written by Tools/generate-schemas from OVS.ovsidl; edit that file instead.

import OVSDBModel

extension OVS {
    /// A row of table IPFIX.
    package struct IPFIX: TypedRow {
        package enum Column: Int, RowColumn {
            case cacheActiveTimeout
            case cacheMaxFlows
            case externalIDs
            case obsDomainID
            case obsPointID
            case otherConfig
            case sampling
            case statsInterval
            case targets
            case templateInterval
        }

        /// `targets`
        package var targets: [String]
        /// `sampling`: 1..4294967295
        package var sampling: Int?
        /// `obs_domain_id`: 0..4294967295
        package var obsDomainID: Int?
        /// `obs_point_id`: 0..4294967295
        package var obsPointID: Int?
        /// `cache_active_timeout`: 0..4200
        package var cacheActiveTimeout: Int?
        /// `cache_max_flows`: 0..4294967295
        package var cacheMaxFlows: Int?
        /// `stats_interval`: 1..3600
        package var statsInterval: Int?
        /// `template_interval`: 1..3600
        package var templateInterval: Int?
        /// `other_config`
        package var otherConfig: [String: String]
        /// `external_ids`
        package var externalIDs: [String: String]

        package init(
            targets: [String] = [],
            sampling: Int? = nil,
            obsDomainID: Int? = nil,
            obsPointID: Int? = nil,
            cacheActiveTimeout: Int? = nil,
            cacheMaxFlows: Int? = nil,
            statsInterval: Int? = nil,
            templateInterval: Int? = nil,
            otherConfig: [String: String] = [:],
            externalIDs: [String: String] = [:]
        ) {
            self.targets = canonicalSet(targets)
            self.sampling = sampling
            self.obsDomainID = obsDomainID
            self.obsPointID = obsPointID
            self.cacheActiveTimeout = cacheActiveTimeout
            self.cacheMaxFlows = cacheMaxFlows
            self.statsInterval = statsInterval
            self.templateInterval = templateInterval
            self.otherConfig = otherConfig
            self.externalIDs = externalIDs
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            cacheActiveTimeout = row.optional(0)
            cacheMaxFlows = row.optional(1)
            externalIDs = row.map(2)
            obsDomainID = row.optional(3)
            obsPointID = row.optional(4)
            otherConfig = row.map(5)
            sampling = row.optional(6)
            statsInterval = row.optional(7)
            targets = row.set(8)
            templateInterval = row.optional(9)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 10)
            row.optional(cacheActiveTimeout)
            row.optional(cacheMaxFlows)
            row.map(externalIDs)
            row.optional(obsDomainID)
            row.optional(obsPointID)
            row.map(otherConfig)
            row.optional(sampling)
            row.optional(statsInterval)
            row.set(targets)
            row.optional(templateInterval)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if cacheActiveTimeout != old.cacheActiveTimeout {
                changes.optional(0, cacheActiveTimeout)
            }
            if cacheMaxFlows != old.cacheMaxFlows {
                changes.optional(1, cacheMaxFlows)
            }
            if externalIDs != old.externalIDs {
                changes.map(2, externalIDs)
            }
            if obsDomainID != old.obsDomainID {
                changes.optional(3, obsDomainID)
            }
            if obsPointID != old.obsPointID {
                changes.optional(4, obsPointID)
            }
            if otherConfig != old.otherConfig {
                changes.map(5, otherConfig)
            }
            if sampling != old.sampling {
                changes.optional(6, sampling)
            }
            if statsInterval != old.statsInterval {
                changes.optional(7, statsInterval)
            }
            if targets != old.targets {
                changes.set(8, targets)
            }
            if templateInterval != old.templateInterval {
                changes.optional(9, templateInterval)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "IPFIX",
            columns: [
                .column("targets", .string, .any),
                .column("sampling", .integers(1, 4294967295), .optional),
                .column("obs_domain_id", .integers(0, 4294967295), .optional),
                .column("obs_point_id", .integers(0, 4294967295), .optional),
                .column("cache_active_timeout", .integers(0, 4200), .optional),
                .column("cache_max_flows", .integers(0, 4294967295), .optional),
                .column("stats_interval", .integers(1, 3600), .optional),
                .column("template_interval", .integers(1, 3600), .optional),
                .column("other_config", .string, to: .string, .any),
                .column("external_ids", .string, to: .string, .any),
            ],
            maximumRows: nil,
            isRoot: false,
            indexes: [])
    }
}
