import OVSDBModel
import Schemas
import Testing
import Wire

@testable import AgentCore
@testable import OVSDBSession

/// What packets teach becomes rows, and no more of them than a port may have.
@Suite struct LearningTests {
    private struct Network {
        var database = LocalDatabase(SB.schema, indexes: Learning.indexes)
        var learning: Learning
        private let datapath: RowUUID
        private var clock: Milliseconds = 0

        init(_ limits: Learning.Limits = .init()) {
            learning = Learning(limits: limits)
            datapath = database.insert(SB.DatapathBinding(tunnelKey: 1))
            add("a", 2)
            add("b", 3)
        }

        mutating func add(_ name: String, _ key: Int, type: String = "") {
            database.insert(
                SB.PortBinding(
                    logicalPort: name, type: type, datapath: datapath, tunnelKey: key))
        }

        mutating func station(_ address: UInt64, port: UInt32) {
            let key = LearnedAddressKey(datapath: 1, address: MACAddress(address))
            learning.learn(
                .address(key, port: port), from: PacketSource(vport: port), now: clock, delay: 10)
        }

        mutating func neighbour(_ address: UInt32, port: UInt32, mac: UInt64 = 5) {
            let key = NeighbourKey(
                port: PortReference(datapath: 1, port: port), address: .v4(IPv4Address(address)))
            learning.learn(
                .neighbour(key, MACAddress(mac), isShared: false),
                from: PacketSource(vport: port), now: clock, delay: 0)
        }

        /// Writes what is due a second later; returns how many rows that touches.
        @discardableResult
        mutating func write() throws -> Int {
            clock += 1000
            var transaction = TransactionBuilder()
            learning.write(
                database.replica, now: clock, wallClock: 1_700_000_000_000 + clock,
                into: &transaction
            ) { database.makeUUID() }
            let count = Array(transaction.rows).count
            try database.commit(transaction)
            return count
        }

        /// Writes what is due, and nobody gets it.
        mutating func lose() throws {
            let before = database
            try write()
            database = before
        }

        var stations: [SB.FDB] { database.replica.rows(SB.FDB.self).map(\.row) }
        var neighbours: [SB.MACBinding] { database.replica.rows(SB.MACBinding.self).map(\.row) }

        func addresses(behind port: Int) -> Set<String> {
            Set(stations.filter { $0.portKey == port }.map(\.mac))
        }
    }

    /// A server that refused, a connection that broke: what was to be written is written later.
    @Test func whatIsNotWrittenIsWrittenAgain() throws {
        var network = Network()
        network.neighbour(7, port: 2)
        network.station(8, port: 2)
        try network.lose()
        #expect(network.neighbours.isEmpty && network.stations.isEmpty)
        network.neighbour(7, port: 2, mac: 6)
        network.learning.conclude(isWritten: false)
        #expect(try network.write() == 2)
        #expect(network.neighbours.map(\.mac) == [MACAddress(6).description], "the newer one")
        #expect(network.stations.count == 1)
        network.learning.conclude(isWritten: true)
        network.learning.conclude(isWritten: false)
        #expect(try network.write() == 0)
    }

    @Test func stationsMove() throws {
        var network = Network()
        network.station(7, port: 2)
        try network.write()
        network.station(7, port: 3)
        try network.write()
        #expect(network.stations.map(\.portKey) == [3])
        network.station(7, port: 3)
        #expect(try network.write() == 0)
    }

    @Test func oldestStationsOfThePortMakeRoom() throws {
        var network = Network(Learning.Limits(stations: 32))
        network.station(1, port: 3)
        for address in UInt64(100)..<132 {
            network.station(address, port: 2)
            try network.write()
        }
        #expect(network.addresses(behind: 2).count == 32)
        network.station(200, port: 2)
        try network.write()
        let kept = network.addresses(behind: 2)
        #expect(kept.count <= 32 && kept.count >= 29)
        #expect(kept.contains(MACAddress(200).description))
        #expect(kept.contains(MACAddress(131).description))
        #expect(!kept.contains(MACAddress(100).description))
        #expect(network.addresses(behind: 3).count == 1)
    }

    @Test func forgedAddressesAreBounded() throws {
        var network = Network(Learning.Limits(neighbours: 128, stations: 128))
        network.station(1, port: 3)
        network.neighbour(1, port: 3)
        try network.write()
        var written = 0
        for batch in 0..<40 {
            for number in 0..<100 {
                let address = 1000 + batch * 100 + number
                network.station(UInt64(address), port: 2)
                network.neighbour(UInt32(address), port: 2)
            }
            written += try network.write()
            #expect(network.stations.count <= 129)
            #expect(network.neighbours.count <= 129)
        }
        #expect(written <= 4 * 40 * 100)
        #expect(network.addresses(behind: 3).count == 1)
        #expect(network.neighbours.contains { $0.logicalPort == "b" })
    }

    @Test func aMillionAddressesFillNoMoreThanTheQueue() {
        var queue = LearningQueue<UInt64, UInt32>()
        for address in UInt64(0)..<1_000_000 {
            queue.learn(address, 2, from: PacketSource(vport: 1), now: 0, delay: 10)
        }
        #expect(queue.count == 1024)
        #expect(queue.dropped == 1_000_000 - 1024)
        #expect(queue.takeDue(now: 10).map(\.key) == Array(1_000_000 - 1024..<1_000_000))
        #expect(queue.isEmpty)
    }

    @Test func thePhysicalNetworkTakesNoStationOfAWorkload() throws {
        var network = Network()
        network.add("outside", 4, type: "localnet")
        network.station(7, port: 2)
        try network.write()
        network.station(7, port: 4)
        try network.write()
        #expect(network.stations.map(\.portKey) == [2])
        network.station(8, port: 4)
        try network.write()
        network.station(8, port: 2)
        try network.write()
        #expect(network.stations.map(\.portKey) == [2, 2])
    }
}
