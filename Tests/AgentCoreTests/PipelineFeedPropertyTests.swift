import Datapath
import OVSDBModel
import OVSDBSession
import Schemas
import Testing

@testable import AgentCore
@testable import Pipeline

/// Southbound rows become pipelines row by row, as they change. Whatever the order and the bundling
/// of the changes, what results is what the rows would give if they were read for the first time.
@Suite struct PipelineFeedPropertyTests {
    @Test(arguments: 0..<24 as Range<UInt64>)
    func changesGiveWhatAFirstReadingGives(seed: UInt64) {
        var rows = CompiledRows(seed: seed)
        let feed = PipelineFeed()
        for step in 0..<20 {
            for _ in 0..<rows.generator.number(1..<4) {
                for _ in 0..<rows.generator.number(1..<6) { rows.edit() }
                feed.apply(rows.commit())
            }
            let next = feed.current(rows.replica, chassis: nil, name: "hv1")
            let scratch = PipelineFeed()
            let first = scratch.current(rows.replica, chassis: nil, name: "hv1")
            #expect(feed.problems == scratch.problems, "step \(step)")
            for question in rows.questions() {
                let (mine, theirs) = (question.answer(next), question.answer(first))
                #expect(mine == theirs, "step \(step): \(question)")
            }
        }
    }

    @Test func aFlowThatCanNotBeReadIsNamed() {
        var rows = CompiledRows(seed: 1)
        let datapath = RowUUID(high: 1, low: 1)
        rows.set(SB.DatapathBinding(tunnelKey: 1), datapath)
        rows.set(
            SB.LogicalFlow(
                logicalDatapath: datapath, pipeline: "ingress", priority: 1, match: "ip4 &&",
                actions: "drop;"), RowUUID(high: 2, low: 1))
        rows.set(
            SB.LogicalFlow(
                logicalDatapath: datapath, pipeline: "ingress", priority: 1, match: "1",
                actions: "drop;"), RowUUID(high: 2, low: 2))
        let feed = PipelineFeed()
        feed.apply(rows.commit())
        let snapshot = feed.current(rows.replica, chassis: nil, name: nil)
        #expect(
            feed.problemTexts == [
                "Logical_Flow 00000000-0000-0002-0000-000000000001: error parsing match "
                    + "\"ip4 &&\": Syntax error at end of input expecting constant."
            ])
        let question = Question(datapath: 1, table: 0, inport: 1, source: 0)
        #expect(question.answer(snapshot).flow == RowIdentifier(high: 2, low: 2))
    }
}

/// What a packet in a table meets.
private struct Question {
    struct Answer: Equatable {
        var flow: RowIdentifier?
        var mask: FlowMask
        /// What the names of ports in its actions mean.
        var ports: [UInt32?] = []
    }

    let datapath: UInt32
    let table: Int
    let inport: UInt64
    let source: UInt64

    func answer(_ snapshot: PipelineSnapshot) -> Answer {
        let scratch = FlowScratch(count: 2)
        scratch[0][.datapath] = UInt64(datapath)
        scratch[0][.inport] = inport
        scratch[0][.ethernetType] = 0x800
        scratch[0][.ipv4Source] = source
        let key = DatapathKey(datapath)
        var answer = Answer(flow: nil, mask: FlowMask())
        withExtendedLifetime(snapshot) {
            guard let index = snapshot.index(of: key),
                let rule = snapshot.lookup(
                    Stage(.ingress, table), index, scratch[0], scratch[1])
            else { return }
            answer.flow = snapshot.rule(rule).id
            for case .loadPort(_, let name) in snapshot.rule(rule).program.instructions {
                answer.ports.append(snapshot.portKey(name, in: key))
            }
        }
        answer.mask = FlowMask(copying: scratch[1])
        return answer
    }
}

/// A Southbound database of a few rows of each kind that compilation reads, and random edits which
/// keep its constraints: references that hold, names that are unique.
private struct CompiledRows {
    private(set) var replica = Replica(schema: SB.schema)
    var generator: SeededGenerator
    private var old: [String: [RowUUID: Row?]] = [:]

    private static let datapaths = (1...3).map { RowUUID(high: 1, low: UInt64($0)) }
    private static let matches = [
        "1", "ip4.src == $as1", "ip4.src == $as2", "inport == @pg1", "inport == @pg2",
        "ip4.src == 10.0.0.1", "inport == \"p1\"", "ip4 &&", "ip4.src == ^vip",
    ]
    private static let actions = [
        "next;", "drop;", "outport = \"_MC_flood\"; output;", "outport = \"p2\"; output;", "foo;",
    ]

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    // MARK: Rows

    mutating func set<T: TypedRow>(_ row: T, _ uuid: RowUUID) { put(T.self, uuid, row.row()) }

    mutating func remove<T: TypedRow>(_ type: T.Type, _ uuid: RowUUID) { put(type, uuid, nil) }

    private mutating func put<T: TypedRow>(_ type: T.Type, _ uuid: RowUUID, _ row: Row?) {
        guard let table = replica.schema.tableIndex(T.table.name) else { return }
        let before = replica.row(in: table, uuid)
        if old[T.table.name]?[uuid] == nil {
            old[T.table.name, default: [:]].updateValue(before, forKey: uuid)
        }
        replica.put(RowChange(uuid: uuid, old: before, new: row), in: table)
    }

    /// What has changed since the last time, as a replica tells it.
    mutating func commit() -> [TableChange] {
        defer { old = [:] }
        return replica.schema.tables.indices.compactMap { table in
            let name = replica.schema.tables[table].name
            let rows = (old[name] ?? [:]).sorted { $0.key < $1.key }.compactMap { uuid, before in
                let now = replica.row(in: table, uuid)
                return before == now ? nil : RowChange(uuid: uuid, old: before, new: now)
            }
            return rows.isEmpty ? nil : TableChange(table: table, name: name, rows: rows)
        }
    }

    // MARK: Edits

    private var known: [RowUUID] {
        replica.rows(SB.DatapathBinding.self).map(\.uuid).sorted()
    }

    mutating func edit() {
        guard !known.isEmpty else { return editDatapath() }
        switch generator.number(0..<10) {
        case 0: editDatapath()
        case 1, 2, 3: editFlow()
        case 4: editGroup()
        case 5: editMulticast()
        case 6: editAddressSet()
        case 7: editPortGroup()
        case 8: editPort()
        default: editVariables()
        }
    }

    private mutating func number(_ range: ClosedRange<UInt64>) -> UInt64 {
        UInt64.random(in: range, using: &generator)
    }

    /// A datapath comes, takes another key, or goes with everything that refers to it.
    private mutating func editDatapath() {
        let uuid = generator.pick(Self.datapaths)
        let keys = Set(replica.rows(SB.DatapathBinding.self).map(\.row.tunnelKey))
        if generator.number(0..<3) == 0, known.count > 1, known.contains(uuid) {
            return removeDatapath(uuid)
        }
        let free = (1...4).filter { !keys.contains($0) }
        set(SB.DatapathBinding(tunnelKey: generator.pick(free)), uuid)
    }

    private mutating func removeDatapath(_ uuid: RowUUID) {
        for flow in replica.rows(SB.LogicalFlow.self) where flow.row.logicalDatapath == uuid {
            remove(SB.LogicalFlow.self, flow.uuid)
        }
        for group in replica.rows(SB.MulticastGroup.self) where group.row.datapath == uuid {
            remove(SB.MulticastGroup.self, group.uuid)
        }
        for port in replica.rows(SB.PortBinding.self) where port.row.datapath == uuid {
            remove(SB.PortBinding.self, port.uuid)
        }
        for group in replica.rows(SB.LogicalDPGroup.self) {
            set(SB.LogicalDPGroup(datapaths: group.row.datapaths.filter { $0 != uuid }), group.uuid)
        }
        remove(SB.DatapathBinding.self, uuid)
    }

    private mutating func editFlow() {
        let number = number(1...16)
        let uuid = RowUUID(high: 2, low: number)
        if generator.number(0..<3) == 0 { return remove(SB.LogicalFlow.self, uuid) }
        let groups = replica.rows(SB.LogicalDPGroup.self).map(\.uuid).sorted()
        let isShared = !groups.isEmpty && generator.number(0..<2) == 0
        set(
            SB.LogicalFlow(
                logicalDatapath: isShared ? nil : generator.pick(known),
                logicalDPGroup: isShared ? generator.pick(groups) : nil, pipeline: "ingress",
                tableID: generator.number(0..<2),
                // No two flows have the same.
                priority: generator.number(0..<3) * 100 + Int(number),
                match: generator.pick(Self.matches), actions: generator.pick(Self.actions)), uuid)
    }

    private mutating func editGroup() {
        let members = known.filter { _ in generator.number(0..<2) == 0 }
        set(SB.LogicalDPGroup(datapaths: members), RowUUID(high: 3, low: number(1...2)))
    }

    private mutating func editMulticast() {
        let uuid = RowUUID(high: 4, low: number(1...4))
        remove(SB.MulticastGroup.self, uuid)
        let (datapath, name) = (generator.pick(known), generator.pick(["_MC_flood", "p2"]))
        let isTaken = replica.rows(SB.MulticastGroup.self).contains {
            $0.row.datapath == datapath && $0.row.name == name
        }
        if isTaken { return }
        set(
            SB.MulticastGroup(
                datapath: datapath, name: name, tunnelKey: 0x8000 + generator.number(0..<3)),
            uuid)
    }

    private mutating func editAddressSet() {
        let uuid = RowUUID(high: 5, low: number(1...3))
        let rows = replica.rows(SB.AddressSet.self)
        let own = rows.first { $0.uuid == uuid }?.row.name
        if own == nil || generator.number(0..<3) == 0 { remove(SB.AddressSet.self, uuid) }
        let taken = replica.rows(SB.AddressSet.self).filter { $0.uuid != uuid }.map(\.row.name)
        let free = ["as1", "as2"].filter { !taken.contains($0) }
        guard !free.isEmpty else { return }
        let addresses = (1...3).filter { _ in generator.number(0..<2) == 0 }.map { "10.0.0.\($0)" }
        set(SB.AddressSet(name: own ?? generator.pick(free), addresses: addresses), uuid)
    }

    private mutating func editPortGroup() {
        let uuid = RowUUID(high: 6, low: number(1...3))
        remove(SB.PortGroup.self, uuid)
        let taken = replica.rows(SB.PortGroup.self).map(\.row.name)
        let free = ["pg1", "pg2"].filter { !taken.contains($0) }
        guard !free.isEmpty, generator.number(0..<4) != 0 else { return }
        let members = ["p1", "p2", "p3"].filter { _ in generator.number(0..<2) == 0 }
        set(SB.PortGroup(name: generator.pick(free), ports: members), uuid)
    }

    private mutating func editPort() {
        let uuid = RowUUID(high: 7, low: number(1...4))
        remove(SB.PortBinding.self, uuid)
        let rows = replica.rows(SB.PortBinding.self).map(\.row)
        let free = ["p1", "p2", "p3"].filter { name in !rows.contains { $0.logicalPort == name } }
        let datapath = generator.pick(known)
        let keys = (1...3).filter { key in
            !rows.contains { $0.datapath == datapath && $0.tunnelKey == key }
        }
        guard !free.isEmpty, !keys.isEmpty, generator.number(0..<4) != 0 else { return }
        set(
            SB.PortBinding(
                logicalPort: generator.pick(free), datapath: datapath,
                tunnelKey: generator.pick(keys)), uuid)
    }

    private mutating func editVariables() {
        let uuid = RowUUID(high: 8, low: 1)
        if generator.number(0..<3) == 0 { return remove(SB.ChassisTemplateVar.self, uuid) }
        let address = "10.0.0.\(generator.number(1..<3))"
        set(SB.ChassisTemplateVar(chassis: "hv1", variables: ["vip": address]), uuid)
    }

    // MARK: Questions

    func questions() -> [Question] {
        (1...4 as ClosedRange<UInt32>).flatMap { datapath in
            (0..<2).flatMap { table in
                (1...3 as ClosedRange<UInt64>).flatMap { inport in
                    (0...3 as ClosedRange<UInt64>).map { host in
                        Question(
                            datapath: datapath, table: table, inport: inport,
                            source: 0x0a00_0000 | host)
                    }
                }
            }
        }
    }
}
