import AgentCore
import OVSDBModel
import OVSDBSession
import Schemas
import Testing

/// The row of the kernel datapath in the local database.
@Suite struct DatapathRowTests {
    private struct Host {
        var database = LocalDatabase(OVS.schema)
        private var lastNumber: UInt64 = 0

        init(datapaths: [String: OVS.Datapath] = [:]) {
            var rows: [String: RowUUID] = [:]
            for (type, row) in datapaths { rows[type] = database.insert(row) }
            database.insert(OVS.OpenVSwitch(datapaths: rows))
        }

        /// - Returns: whether anything was written.
        @discardableResult
        mutating func write(_ capabilities: [String: String]) throws -> Bool {
            let replica = database.replica
            let system = try #require(
                LocalSystem(replica, commandLineName: nil, hostname: "host"))
            var transaction = TransactionBuilder()
            var number = lastNumber
            system.writeDatapath(capabilities, replica, into: &transaction) {
                number += 1
                return RowUUID(high: 0x20, low: number)
            }
            lastNumber = number
            try database.commit(transaction)
            return !transaction.isEmpty
        }

        func row(_ type: String = "system") throws -> OVS.Datapath {
            let open = try #require(database.replica.only(OVS.OpenVSwitch.self))
            let uuid = try #require(open.row.datapaths[type])
            return try #require(database.replica[OVS.Datapath.self, uuid])
        }
    }

    @Test func aRowIsAddedOnce() throws {
        var host = Host()
        #expect(try host.write(["ufid": "true"]))
        #expect(try host.row() == OVS.Datapath(capabilities: ["ufid": "true"]))
        #expect(try !host.write(["ufid": "true"]))
        #expect(host.database.replica.rows(OVS.Datapath.self).count == 1)
    }

    /// What stock programs have written is there under the same key, and what they know besides stays.
    @Test func theRowOfStockProgramsIsUsed() throws {
        let zone = RowUUID(high: 5, low: 5)
        let stock = OVS.Datapath(
            ctZones: [7: zone], capabilities: ["ufid": "false", "max_mpls_depth": "3"],
            externalIDs: ["a": "b"])
        let other = OVS.Datapath(capabilities: ["ufid": "true"])
        var host = Host(datapaths: ["system": stock, "netdev": other])
        #expect(try host.write(["ufid": "true", "clone": "true"]))
        var expected = stock
        expected.capabilities = ["ufid": "true", "clone": "true", "max_mpls_depth": "3"]
        #expect(try host.row() == expected)
        #expect(try host.row("netdev") == other)
        #expect(host.database.replica.rows(OVS.Datapath.self).count == 2)
        #expect(try !host.write(["ufid": "true", "clone": "true"]))
    }
}
