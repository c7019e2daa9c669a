import Testing

@testable import Incremental

@Suite struct PropertyTests {
    /// The property of the engine: after any edits it shows what a fresh one derives.
    @Test(arguments: 0..<60 as Range<UInt64>)
    func incrementalEqualsFromScratch(seed: UInt64) {
        var random = SeededGenerator(seed: seed &+ 1000)
        let graph = RandomGraph(seed: seed)
        var seen = Set<[Int]>()
        for _ in 0..<25 {
            for _ in 0..<Int.random(in: 0...4, using: &random) { edit(graph, &random) }
            graph.engine.run()
            let changes = graph.drain()
            #expect(seen.isDisjoint(with: changes.added) && seen.isSuperset(of: changes.removed))
            seen = seen.union(changes.added).subtracting(changes.removed)
            #expect(seen == graph.rows())
            let shown = Set(graph.snapshot())
            let derived = Set(fromScratch(graph, seed: seed).snapshot())
            #expect(shown.symmetricDifference(derived) == [])
            if shown != derived { return }
        }
    }

    private func edit(_ graph: RandomGraph, _ random: inout SeededGenerator) {
        let table = graph.tables[Int.random(in: 0..<3, using: &random)]
        let key = Int.random(in: 0..<RandomGraph.keys, using: &random)
        let removes = Int.random(in: 0..<4, using: &random) == 0
        graph.engine.set(table, key, removes ? nil : Int.random(in: 0..<40, using: &random))
    }

    private func fromScratch(_ graph: RandomGraph, seed: UInt64) -> RandomGraph {
        let fresh = RandomGraph(seed: seed)
        fresh.engine.setPolicy(graph.engine.policy(of: graph.allocator), of: fresh.allocator)
        for (from, to) in zip(graph.tables, fresh.tables) {
            for key in graph.engine.keys(of: from) {
                fresh.engine.set(to, key, graph.engine.value(from, key))
            }
        }
        fresh.engine.run()
        return fresh
    }

    /// Removing everything leaves no cell, no row and no edge behind.
    @Test func emptyInputsLeaveNothing() {
        let graph = RandomGraph(seed: 5)
        var random = SeededGenerator(seed: 5)
        for _ in 0..<200 {
            edit(graph, &random)
            graph.engine.run()
        }
        for table in graph.tables {
            for key in graph.engine.keys(of: table) { graph.engine.set(table, key, nil) }
        }
        graph.engine.run()
        _ = graph.drain()
        graph.engine.run()
        #expect(graph.snapshot() == ["memos 0"])
        for store in graph.engine.statistics {
            #expect(store.cells == 0, "\(store.name) keeps \(store.cells) cells")
        }
    }
}

@Suite struct WaveTests {
    private func names(_ engine: Engine) -> [String] {
        defer { engine.log?.clear() }
        return (engine.log?.events ?? []).map { "\($0.cell) \($0.kind.rawValue)" }
    }

    @Test func onlyReadersOfWhatChangedRun() {
        let engine = Engine()
        let table: Table<Int, Int> = engine.table("t")
        let half = engine.function("half", over: table) { _, value, _ in value / 2 }
        _ = engine.function("next", over: half) { key, value, context in
            value + (context.read(half, key + 1) ?? 0)
        }
        for key in 0..<4 { engine.set(table, key, key * 10) }
        engine.run()
        engine.log = EventLog()
        engine.set(table, 2, 30)
        engine.run()
        #expect(
            names(engine).sorted() == ["half(2) changed", "next(1) changed", "next(2) changed"])
    }

    @Test func anEqualResultStopsTheWave() {
        let engine = Engine()
        let table: Table<Int, Int> = engine.table("t")
        let half = engine.function("half", over: table) { _, value, _ in value / 2 }
        _ = engine.function("double", over: half) { _, value, _ in value * 2 }
        for key in 0..<1000 { engine.set(table, key, 2 * key) }
        engine.run()
        engine.log = EventLog()
        for key in 0..<1000 { engine.set(table, key, 2 * key + 1) }
        #expect(engine.run() == 1000)
        #expect(engine.log?.events.count == 1000)
        #expect(engine.log?.events.allSatisfy { $0.kind == .cutOff && $0.store == "half" } == true)
    }

    @Test func anEqualInputIsNoChange() {
        let engine = Engine()
        let table: Table<Int, Int> = engine.table("t")
        _ = engine.function("same", over: table) { _, value, _ in value }
        engine.set(table, 1, 5)
        engine.run()
        engine.set(table, 1, 6)
        engine.set(table, 1, 6)
        #expect(engine.run() == 1)
        engine.set(table, 1, 6)
        #expect(engine.run() == 0)
    }

    @Test func absenceIsADependency() {
        let engine = Engine()
        let table: Table<Int, Int> = engine.table("t")
        let other: Table<Int, Int> = engine.table("other")
        let sum = engine.function("sum", over: table) { key, value, context in
            value + (context.read(other, key + 100) ?? -1)
        }
        engine.set(table, 1, 5)
        engine.run()
        #expect(engine.value(sum, 1) == 4)
        engine.set(other, 101, 10)
        engine.run()
        #expect(engine.value(sum, 1) == 15)
        engine.set(other, 102, 10)
        #expect(engine.run() == 0)
    }

    @Test func aDurableTableWakesItsReadersOnly() {
        let engine = Engine()
        let options: Table<String, Int> = engine.table("options", durability: .durable)
        let table: Table<Int, Int> = engine.table("t")
        let sum = engine.function("sum", over: table) { key, value, context in
            value + (key % 2 == 0 ? context.read(options, "offset") ?? 0 : 0)
        }
        for key in 0..<100 { engine.set(table, key, key) }
        engine.run()
        engine.set(options, "offset", 1000)
        engine.set(options, "unread", 1)
        #expect(engine.run() == 50)
        #expect(engine.value(sum, 8) == 1008 && engine.value(sum, 9) == 9)
    }

    @Test func aMemoIsSharedAndDiesWithItsLastReader() {
        let engine = Engine()
        let table: Table<Int, String> = engine.table("t")
        let length: Memo<String, Int> = engine.memo("length") { text, _ in text.utf8.count }
        let double = engine.function("double", over: table) { _, text, context in
            2 * context.read(length, text)
        }
        engine.log = EventLog()
        for key in 0..<10 { engine.set(table, key, key < 9 ? "same" : "other") }
        engine.run()
        #expect(engine.log?.events.count { $0.store == "length" } == 2)
        #expect(engine.value(double, 3) == 8)
        engine.set(table, 9, "same")
        engine.run()
        #expect(engine.count(of: length) == 1)
        for key in 0..<10 { engine.set(table, key, nil) }
        engine.run()
        #expect(engine.count(of: length) == 0)
    }

    /// A key that enters a bucket of thousands costs one cell of those who contribute by element.
    @Test func largeSetsChangeByElement() {
        let engine = Engine()
        let table: Table<Int, Int> = engine.table("t")
        let members: Output<[Int]> = engine.output("members")
        engine.emitter("member", over: table) { key, group, context in
            context.emit(members, [group, key])
        }
        for key in 0..<5000 { engine.set(table, key, 1) }
        engine.run()
        #expect(engine.drain(members).added.count == 5000)
        engine.set(table, 7000, 1)
        engine.set(table, 17, 2)
        #expect(engine.run() == 2)
        let changes = engine.drain(members)
        #expect(Set(changes.added) == [[1, 7000], [2, 17]])
        #expect(changes.removed == [[1, 17]])
    }

    @Test func aRowLeavesWithItsLastContributor() {
        let engine = Engine()
        let table: Table<Int, String> = engine.table("t")
        let output: Output<String> = engine.output("o")
        engine.emitter("e", over: table) { _, text, context in context.emit(output, text) }
        engine.set(table, 1, "row")
        engine.set(table, 2, "row")
        engine.run()
        #expect(engine.drain(output).added == ["row"])
        engine.set(table, 1, nil)
        engine.run()
        #expect(engine.drain(output).isEmpty)
        engine.set(table, 2, "other")
        engine.set(table, 3, "row")
        engine.run()
        #expect(engine.drain(output).added == ["other"])
        engine.set(table, 3, nil)
        engine.run()
        #expect(engine.drain(output).removed == ["row"])
    }

    @Test func grantsOutliveOtherRequests() {
        let engine = Engine()
        let table: Table<Int, Bool> = engine.table("t")
        let allocator = engine.allocator("keys", of: table, policy: LowestFree())
        for key in 0..<3 { engine.set(table, key, true) }
        engine.run()
        engine.set(table, 0, nil)
        engine.run()
        #expect((0..<3).map { engine.value(allocator, $0) } == [nil, 1, 2])
        engine.set(table, 7, true)
        engine.run()
        #expect(engine.value(allocator, 7) == 0)
    }

    @Test func aSetThatManyReadIsRemovedFromLazilyAndStaysExact() {
        let engine = Engine()
        let table: Table<Int, Int> = engine.table("t")
        let shared: Table<Int, Int> = engine.table("shared")
        let sum = engine.function("sum", over: table) { _, value, context in
            value % 2 == 0 ? context.read(shared, 0) ?? 0 : 0
        }
        for key in 0..<2000 { engine.set(table, key, 0) }
        engine.run()
        for key in 0..<1900 { engine.set(table, key, key % 3 == 0 ? nil : 1) }
        engine.run()
        engine.set(shared, 0, 9)
        #expect(engine.run() == 100)
        #expect(engine.value(sum, 1950) == 9)
    }
}

@Suite struct FootprintTests {
    /// Bookkeeping of a port as northd will have it: a row, six functions with four reads each,
    /// ten rows contributed.
    @Test func bytesPerPort() {
        let engine = Engine()
        let ports: Table<UInt64, Int> = engine.table("port")
        let switches: Table<Int, Int> = engine.table("switch")
        let options: Table<Int, Int> = engine.table("options", durability: .durable)
        let output: Output<UInt64> = engine.output("flows")
        let parsed = engine.function("parsed", over: ports) { _, value, context in
            value + (context.read(options, 0) ?? 0)
        }
        for number in 0..<5 as Range<UInt64> {
            engine.emitter("feature\(number)", over: parsed) { key, value, context in
                _ = context.read(switches, value % 100)
                _ = context.read(options, 1)
                _ = context.read(options, 2)
                context.emit(output, key * 10 + number * 2)
                context.emit(output, key * 10 + number * 2 + 1)
            }
        }
        let count = 8_000
        for key in 0..<count { engine.set(ports, UInt64(key), key) }
        engine.run()
        _ = engine.drain(output)
        let bytes = engine.stateBytes / count
        #expect(bytes <= 600, "\(bytes) bytes of engine state per port")
    }
}

@Suite struct WordArenaTests {
    /// Random lists against arrays, small and large.
    @Test func listsKeepWhatTheyAreGiven() {
        var random = SeededGenerator(seed: 3)
        var arena = WordArena()
        var blocks: [UInt32] = Array(repeating: 0, count: 40)
        var first: [[UInt32]] = Array(repeating: [], count: 40)
        var second: [[UInt32]] = Array(repeating: [], count: 40)
        func list(_ limit: Int) -> [UInt32] {
            (0..<Int.random(in: 0...limit, using: &random)).map { UInt32($0 * 3) }
        }
        for round in 0..<3000 {
            let index = Int.random(in: 0..<40, using: &random)
            switch round % 3 {
            case 0:
                (first[index], second[index]) = (list(round % 50 == 0 ? 4000 : 12), list(6))
                blocks[index] = arena.store(first[index], second[index], replacing: blocks[index])
            case 1 where second[index].isEmpty:
                for word in 0..<UInt32(round % 40) {
                    blocks[index] = arena.append(word, to: blocks[index])
                    first[index].append(word)
                }
            case 2 where second[index].isEmpty && !first[index].isEmpty:
                let word = first[index][0]
                arena.remove(word, from: blocks[index])
                if let last = first[index].popLast(), !first[index].isEmpty {
                    first[index][0] = last
                }
            default: break
            }
            let shown = arena.first(blocks[index]).map { arena[$0] }
            if shown != first[index]
                || arena.second(blocks[index]).map({ arena[$0] }) != second[index]
            {
                Issue.record("round \(round)")
                return
            }
            if !arena.holds(first[index], second[index], in: blocks[index]) {
                Issue.record("round \(round) doesn't hold")
                return
            }
        }
    }

    /// Readers that come and go against an array: short lists, chains, and chains cleaned up.
    @Test func readersComeAndGo() {
        var random = SeededGenerator(seed: 5)
        var arena = WordArena()
        var lists: [UInt32] = [0, 0, 0]
        var readers: [[UInt32]] = [[], [], []]
        for round in 0..<30_000 {
            let index = round % 3
            // Each grows to its own size, then shrinks, and so on.
            let grows = (round / [60, 600, 9000][index]) % 2 == 0
            if grows || readers[index].isEmpty {
                readers[index].append(UInt32(round))
                lists[index] = arena.addReader(UInt32(round), to: lists[index])
            } else {
                let place = Int.random(in: 0..<readers[index].count, using: &random)
                let isCrowded = arena.removeReader(readers[index][place], from: lists[index])
                readers[index].swapAt(place, readers[index].count - 1)
                readers[index].removeLast()
                if isCrowded {
                    arena.releaseReaders(lists[index])
                    lists[index] = readers[index].reduce(0) { arena.addReader($1, to: $0) }
                }
            }
            guard arena.liveReaders(lists[index]) == readers[index].count else {
                Issue.record("round \(round)")
                return
            }
            guard round % 100 < 3 else { continue }
            var heard = Set<UInt32>()
            arena.forEachReader(lists[index]) { heard.insert($0) }
            guard heard.isSuperset(of: readers[index]) else {
                Issue.record("round \(round) forgets a reader")
                return
            }
        }
        for list in lists { arena.releaseReaders(list) }
        let before = arena.bytes
        for (index, count) in [20, 200, 2500].enumerated() {
            lists[index] = (0..<UInt32(count)).reduce(0) { arena.addReader($1, to: $0) }
        }
        #expect(arena.bytes <= before + 4096, "what was released is used again")
    }
}

@Suite struct BucketMembersTests {
    @Test func membersStayInOrder() {
        var random = SeededGenerator(seed: 8)
        var members = BucketMembers()
        var expected: [[UInt32]] = Array(repeating: [], count: 30)
        for round in 0..<5000 {
            let bucket = Int.random(in: 0..<30, using: &random)
            let member = UInt32.random(in: 0..<(bucket < 10 ? 2 : 50), using: &random)
            if let place = expected[bucket].firstIndex(of: member) {
                expected[bucket].remove(at: place)
                members.remove(member, from: bucket)
            } else {
                expected[bucket] = (expected[bucket] + [member]).sorted()
                members.insert(member, in: bucket) { $0 < member }
            }
            guard members.slots(bucket) == expected[bucket],
                members.first(bucket) == expected[bucket].first,
                members.isEmpty(bucket) == expected[bucket].isEmpty
            else {
                Issue.record("round \(round)")
                return
            }
        }
    }

    /// More contributors than a byte counts.
    @Test func crowdsHoldKeys() {
        let space = KeySpace<Int>()
        let slot = space.intern(7)
        for count in 1...1000 {
            space.hold(slot)
            #expect(space.holds(on: slot) == count)
        }
        for count in (1...1000).reversed() {
            #expect(space.holds(on: slot) == count)
            #expect(space.find(7) == slot)
            space.letGo(slot)
        }
        #expect(space.find(7) == nil)
    }
}
