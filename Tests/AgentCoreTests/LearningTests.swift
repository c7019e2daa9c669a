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

        init(_ limits: LearnedLimits = .init()) {
            learning = Learning(limits: limits)
            datapath = database.insert(
                SB.DatapathBinding(tunnelKey: 1, externalIDs: ["logical-router": "x"]))
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

        /// Somebody uses a neighbour's row.
        mutating func touch(_ address: UInt32) {
            let ip = IPv4Address(address).description
            for row in database.replica.rows(SB.MACBinding.self) where row.row.ip == ip {
                database.update(SB.MACBinding.self, row.uuid) {
                    $0.timestamp = Int(1_700_000_000_000 + clock)
                }
            }
        }

        mutating func configure(_ key: String, _ value: String) {
            database.update(SB.DatapathBinding.self, datapath) { $0.externalIDs[key] = value }
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

    private static func limits(_ change: (inout LearnedLimits) -> Void) -> LearnedLimits {
        var limits = LearnedLimits()
        change(&limits)
        return limits
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
        var network = Network(Self.limits { $0.stations = 32 })
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
        var network = Network(
            Self.limits {
                $0.neighbours = 128
                $0.stations = 128
            })
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

    /// A router may have so many neighbours, behind whatever port; who is used stays.
    @Test func leastUsedNeighboursOfTheRouterMakeRoom() throws {
        var network = Network(Self.limits { $0.router = 32 })
        for address in 1...32 as ClosedRange<UInt32> {
            network.neighbour(address, port: address % 2 == 0 ? 2 : 3)
            try network.write()
        }
        #expect(network.neighbours.count == 32)
        for address in [1, 2, 5] as [UInt32] { network.touch(address) }
        network.neighbour(100, port: 2)
        try network.write()
        let kept = Set(network.neighbours.map(\.ip))
        let expected = ([1, 2, 5] + Array(7...32) + [100] as [UInt32])
            .map { IPv4Address($0).description }
        #expect(kept == Set(expected), "3, 4 and 6 were used longest ago")
    }

    @Test func theConfigurationSaysHowManyNeighboursARouterMayHave() throws {
        var network = Network()
        network.configure("mac_binding_limit", "4")
        for address in 1...100 as ClosedRange<UInt32> { network.neighbour(address, port: 2) }
        try network.write()
        #expect(network.neighbours.count == 4)
        network.neighbour(200, port: 3)
        try network.write()
        #expect(network.neighbours.count == 4)
        #expect(network.neighbours.contains { $0.logicalPort == "b" })
    }

    @Test func leastUsedStationsOfTheSwitchMakeRoom() throws {
        var network = Network(Self.limits { $0.network = 32 })
        for address in 1...33 as ClosedRange<UInt64> {
            network.station(address, port: address % 2 == 0 ? 2 : 3)
            try network.write()
        }
        #expect(network.stations.count == 30)
        let kept = Set(network.stations.map(\.mac))
        #expect(!kept.contains(MACAddress(3).description))
        #expect(kept.contains(MACAddress(4).description))
        #expect(kept.contains(MACAddress(33).description))
    }

    /// Who moves behind a full port has been seen, and stays; so does whose address has changed.
    @Test func whoWasSeenDoesNotMakeRoom() throws {
        var network = Network(
            Self.limits {
                $0.stations = 4
                $0.neighbours = 4
            })
        for address in 1...4 as ClosedRange<UInt64> {
            network.station(address, port: 2)
            network.neighbour(UInt32(address), port: 2)
            try network.write()
        }
        network.station(100, port: 3)
        try network.write()
        network.station(100, port: 2)
        network.neighbour(1, port: 2, mac: 77)
        network.neighbour(100, port: 2)
        try network.write()
        #expect(
            network.addresses(behind: 2) == Set([2, 3, 4, 100].map { MACAddress($0).description }))
        #expect(
            Set(network.neighbours.map(\.ip))
                == Set([1, 3, 4, 100].map { IPv4Address($0).description }))
    }

    @Test func lessonsThatAFullQueueGivesUpAreToldOnce() {
        var learning = Learning()
        func teach(_ range: Range<UInt32>) {
            for number in range {
                learning.learn(
                    .address(
                        LearnedAddressKey(datapath: 1, address: MACAddress(UInt64(number))),
                        port: 1),
                    from: PacketSource(vport: 1), now: 0, delay: 1)
            }
        }
        teach(0..<1024)
        #expect(learning.takeDropped() == Learning.Dropped())
        teach(1024..<1030)
        let key = NeighbourKey(
            port: PortReference(datapath: 1, port: 1), address: .v4(IPv4Address(1)))
        learning.learn(
            .neighbour(key, MACAddress(1), isShared: false), from: PacketSource(vport: 1), now: 0,
            delay: 0)
        #expect(learning.takeDropped() == Learning.Dropped(addresses: 6))
        #expect(learning.takeDropped() == Learning.Dropped())
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
