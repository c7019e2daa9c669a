import Datapath
import Pipeline
import Testing
import Wire

@testable import AgentCore

/// What packets have asked of the pipelines before is not asked again, and is forgotten when it may
/// have become wrong.
@Suite struct LookupMemoTests {
    @Test(arguments: 0..<8 as Range<UInt64>)
    func theIndexFindsWhatIsThere(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var index = HashIndex()
        var model: [UInt32: UInt64] = [:]
        for _ in 0..<2000 {
            let number = UInt32(random.number(0..<200))
            if let hash = model.removeValue(forKey: number) {
                index.remove(number, hash)
            } else {
                // Few hashes, so that many are the same or neighbours.
                let hash = UInt64(random.number(0..<40))
                index.insert(number, hash)
                model[number] = hash
            }
            #expect(index.count == model.count)
            let probe = UInt32(random.number(0..<200))
            let found = (0..<40).filter { index.first($0) { $0 == probe } == probe }
            #expect(found == (model[probe].map { [$0] } ?? []))
        }
    }

    /// Switch 1, whose packets pass twelve tables; the seventh knows `addresses` addresses.
    private static func network(addresses: Int) -> Control {
        let control = Control()
        control.port("p1", 1, 1, .here(vport: 1))
        control.port("p2", 1, 2, .here(vport: 2))
        for table in 0..<12 { control.flow(1, .ingress, table, 0, "1", "next;") }
        for number in 0..<addresses {
            control.flow(1, .ingress, 6, 50, "ip4.dst == 10.1.0.\(number)", "next;")
        }
        control.flow(1, .ingress, 12, 0, "1", "outport = \"p2\"; output;")
        control.flow(1, .egress, 0, 0, "1", "output;")
        return control
    }

    private static func input(_ number: Int) -> TranslationInput {
        SwitchTranslationTests.input(
            Frames.udp(Frames.a, Frames.b, to: "10.1.0.\(number)"), on: 1)
    }

    /// A table that tells packets apart does not make the tables around it be asked anew: each new
    /// packet adds one run, and flows share the others.
    @Test func aTableThatTellsPacketsApartStandsAlone() {
        let control = Self.network(addresses: 200)
        let snapshot = control.snapshot()
        var translator = Translator()
        var table = MegaflowTable(epoch: 1, snapshot: snapshot)
        var before = 0
        for number in 0..<100 {
            let input = Self.input(number)
            let translation = translator.translate(input, in: snapshot)
            #expect(translation.lookups.flatMap(\.lookups).count == 14)
            guard case .put = table.add(translation, key: input.key, under: snapshot, now: 0)
            else {
                Issue.record("packet \(number) made no flow")
                return
            }
            if number == 49 { before = table.lookupCount }
        }
        #expect(table.lookupCount == before + 50)
        let repeated = translator.translate(Self.input(3), in: snapshot)
        let again = translator.translate(Self.input(3), in: snapshot)
        #expect(zip(repeated.lookups, again.lookups).allSatisfy { $0 === $1 })
    }

    /// What is remembered is forgotten with the flows that it came from.
    @Test func changesAreSeen() {
        let control = Self.network(addresses: 20)
        var translator = Translator()
        for _ in 0..<3 {
            for number in 0..<20 {
                let translation = translator.translate(Self.input(number), in: control.snapshot())
                #expect(translation.actions == [.output(2)])
            }
        }
        let rule = control.flow(1, .ingress, 9, 90, "ip4.dst == 10.1.0.7", "drop;")
        let snapshot = control.snapshot()
        let dropped = translator.translate(Self.input(7), in: snapshot)
        #expect(dropped.actions.isEmpty)
        #expect(dropped.drops.first?.flow == rule)
        #expect(translator.translate(Self.input(8), in: snapshot).actions == [.output(2)])
        control.builder.remove(rule)
        let back = translator.translate(Self.input(7), in: control.snapshot())
        #expect(back.actions == [.output(2)])
    }

    /// Snapshots of other builders, and older ones, have answers of their own.
    @Test func aTranslatorMayServeSeveralNetworks() {
        let (open, closed) = (Self.network(addresses: 5), Self.network(addresses: 5))
        closed.flow(1, .ingress, 3, 90, "ip4", "drop;")
        let (first, second) = (open.snapshot(), closed.snapshot())
        open.flow(1, .ingress, 3, 90, "udp", "drop;")
        let later = open.snapshot()
        var translator = Translator()
        for _ in 0..<3 {
            #expect(translator.translate(Self.input(1), in: first).actions == [.output(2)])
            #expect(translator.translate(Self.input(1), in: second).actions.isEmpty)
            #expect(translator.translate(Self.input(1), in: later).actions.isEmpty)
        }
    }
}
