// Written by Tools/generate-schemas from NB.ovsidl; edit that file instead.

import OVSDBModel

extension NB {
    /// A row of table SSL.
    package struct SSL: TypedRow {
        package enum Column: Int, RowColumn {
            case bootstrapCACert
            case caCert
            case certificate
            case externalIDs
            case privateKey
            case sslCiphers
            case sslCiphersuites
            case sslProtocols
        }

        /// `private_key`
        package var privateKey: String
        /// `certificate`
        package var certificate: String
        /// `ca_cert`
        package var caCert: String
        /// `bootstrap_ca_cert`
        package var bootstrapCACert: Bool
        /// `ssl_protocols`
        package var sslProtocols: String
        /// `ssl_ciphers`
        package var sslCiphers: String
        /// `ssl_ciphersuites`
        package var sslCiphersuites: String
        /// `external_ids`
        package var externalIDs: [String: String]

        package init(
            privateKey: String = "",
            certificate: String = "",
            caCert: String = "",
            bootstrapCACert: Bool = false,
            sslProtocols: String = "",
            sslCiphers: String = "",
            sslCiphersuites: String = "",
            externalIDs: [String: String] = [:]
        ) {
            self.privateKey = privateKey
            self.certificate = certificate
            self.caCert = caCert
            self.bootstrapCACert = bootstrapCACert
            self.sslProtocols = sslProtocols
            self.sslCiphers = sslCiphers
            self.sslCiphersuites = sslCiphersuites
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
            sslCiphers = row.scalar(5)
            sslCiphersuites = row.scalar(6)
            sslProtocols = row.scalar(7)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 8)
            row.scalar(bootstrapCACert)
            row.scalar(caCert)
            row.scalar(certificate)
            row.map(externalIDs)
            row.scalar(privateKey)
            row.scalar(sslCiphers)
            row.scalar(sslCiphersuites)
            row.scalar(sslProtocols)
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
            if sslCiphers != old.sslCiphers {
                changes.scalar(5, sslCiphers)
            }
            if sslCiphersuites != old.sslCiphersuites {
                changes.scalar(6, sslCiphersuites)
            }
            if sslProtocols != old.sslProtocols {
                changes.scalar(7, sslProtocols)
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
                .column("ssl_protocols", .string),
                .column("ssl_ciphers", .string),
                .column("ssl_ciphersuites", .string),
                .column("external_ids", .string, to: .string, .any),
            ],
            maximumRows: 1,
            isRoot: false,
            indexes: [])
    }
}
