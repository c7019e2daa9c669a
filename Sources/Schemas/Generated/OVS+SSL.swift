// Written by Tools/generate-schemas from OVS.ovsidl; edit that file instead.

import OVSDBModel

extension OVS {
    /// A row of table SSL.
    package struct SSL: TypedRow {
        package enum Column: Int, RowColumn {
            case bootstrapCACert
            case caCert
            case certificate
            case externalIDs
            case privateKey
        }

        /// `private_key`
        package var privateKey: String
        /// `certificate`
        package var certificate: String
        /// `ca_cert`
        package var caCert: String
        /// `bootstrap_ca_cert`
        package var bootstrapCACert: Bool
        /// `external_ids`
        package var externalIDs: [String: String]

        package init(
            privateKey: String = "",
            certificate: String = "",
            caCert: String = "",
            bootstrapCACert: Bool = false,
            externalIDs: [String: String] = [:]
        ) {
            self.privateKey = privateKey
            self.certificate = certificate
            self.caCert = caCert
            self.bootstrapCACert = bootstrapCACert
            self.externalIDs = externalIDs
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            bootstrapCACert = row.scalar(0)
            caCert = row.scalar(1)
            certificate = row.scalar(2)
            externalIDs = row.map(3)
            privateKey = row.scalar(4)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 5)
            row.scalar(bootstrapCACert)
            row.scalar(caCert)
            row.scalar(certificate)
            row.map(externalIDs)
            row.scalar(privateKey)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if bootstrapCACert != old.bootstrapCACert {
                changes.scalar(0, bootstrapCACert)
            }
            if caCert != old.caCert {
                changes.scalar(1, caCert)
            }
            if certificate != old.certificate {
                changes.scalar(2, certificate)
            }
            if externalIDs != old.externalIDs {
                changes.map(3, externalIDs)
            }
            if privateKey != old.privateKey {
                changes.scalar(4, privateKey)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "SSL",
            columns: [
                .column("private_key", .string),
                .column("certificate", .string),
                .column("ca_cert", .string),
                .column("bootstrap_ca_cert", .boolean),
                .column("external_ids", .string, to: .string, .any),
            ],
            maximumRows: 1,
            isRoot: false,
            indexes: [])
    }
}
