import Glibc
import LogicalFlow
import Pipeline
import Testing
import Wire

@testable import Agent
@testable import AgentCore

/// What a change of the logical flows costs the datapath thread where there are many of them, and many
/// megaflows: only those are asked again whose packets it may concern. With large numbers it prints how
/// long it takes from the changed rows to the answer of the (modelled) kernel.
@Suite struct EditTests {
    struct Scale: CustomTestStringConvertible {
        let flows: Int
        let megaflows: Int

        var testDescription: String { "\(flows) flows, \(megaflows) megaflows" }
    }

    private static let isLong = getenv("OVN_LONG") != nil
    static let scales =
        [Scale(flows: 2000, megaflows: 500)]
        + (isLong ? [Scale(flows: 100_000, megaflows: 20_000)] : [])
    private static let rounds = 20
    /// Address sets, with their numbers of addresses.
    private static let sets = [("few", 10), ("many", 10_000)]

    /// Each pair of these is a megaflow.
    private static func address(_ number: Int) -> IPv4Address {
        IPv4Address(0x0a01_0000 + UInt32(number))
    }

    private static func port(_ number: Int) -> UInt16 { UInt16(2000 + number % 500) }

    private static func member(_ number: Int) -> String {
        IPv4Address(0xac10_0000 + UInt32(2 * number)).description
    }

    private static func frame(_ number: Int) -> [UInt8] {
        PacketBuilder.udp(
            EthernetHeader(destination: Wiring.b, source: Wiring.a),
            .v4(source: IPv4Address(0x0a00_0001), destination: address(number)), ttl: 64,
            source: 1000, destination: port(number), [1])
    }

    /// A list that refuses this to a.
    @discardableResult
    private static func refuse(_ match: String, _ wiring: Wiring) -> RowIdentifier {
        wiring.flow(.ingress, 0, 70, match, "drop;")
    }

    private static func fill(_ wiring: Wiring, _ scale: Scale) {
        for number in 0..<scale.flows {
            wiring.flow(
                .ingress, 0, 60,
                "inport == \"a\" && ip4.dst == \(address(number)) && udp.dst == \(port(number))",
                "next;")
        }
        for (name, count) in sets {
            wiring.builder.setAddressSet(name, (0..<count).map(member))
            refuse("inport == \"a\" && ip4.dst == $\(name)", wiring)
        }
    }

    /// Makes changes one after the other; returns how many flows were asked again for each.
    private func touched(
        _ name: String, _ machine: Machine, _ run: DatapathLoop,
        _ changes: [(Wiring) -> Void]
    ) -> Set<UInt64> {
        var touched: Set<UInt64> = []
        var times: [Duration] = []
        for change in changes {
            let before = run.counters.rechecks
            let begin = ContinuousClock.now
            change(machine.wiring)
            run.install(machine.wiring.snapshot(), isComplete: true)
            times.append(.now - begin)
            touched.insert(run.counters.rechecks - before)
        }
        times.sort()
        if Self.isLong {
            print("\(name): median \(times[times.count / 2]), at most \(times[times.count - 1])")
        }
        return touched
    }

    @Test(arguments: scales)
    func onlyWhatItConcernsIsAskedAgain(_ scale: Scale) throws {
        let machine = try Machine()
        Self.fill(machine.wiring, scale)
        let run = machine.run()
        for number in 0..<scale.megaflows {
            #expect(machine.receive(Self.frame(number), on: 1, run) == [2])
        }
        #expect(machine.flows.kernel.flowCount == scale.megaflows)

        var dropped = 0
        let rules = (0..<Self.rounds).map { number -> [(Wiring) -> Void] in
            var id: RowIdentifier?
            let match = "ip4.dst == \(Self.address(number)) && udp.dst == \(Self.port(number))"
            return [
                { id = Self.refuse(match, $0) },
                { wiring in
                    // The change before took effect on the flow that is there.
                    dropped += machine.receive(Self.frame(number), on: 1, run).isEmpty ? 1 : 0
                    if let id { wiring.builder.remove(id) }
                },
            ]
        }
        #expect(touched("a rule", machine, run, rules.flatMap { $0 }) == [1])

        let news = (0..<Self.rounds).map { number -> (Wiring) -> Void in
            { Self.refuse("inport == \"b\" && udp.src == \(number + 1)", $0) }
        }
        #expect(touched("a rule about a new field", machine, run, news) == [0])

        for (name, count) in Self.sets {
            let members = (0..<Self.rounds).flatMap { number -> [(Wiring) -> Void] in
                let member = Self.address(number).description
                return [
                    { $0.builder.updateAddressSet(name, adding: [member], removing: []) },
                    { wiring in
                        dropped += machine.receive(Self.frame(number), on: 1, run).isEmpty ? 1 : 0
                        wiring.builder.updateAddressSet(name, adding: [], removing: [member])
                    },
                ]
            }
            #expect(touched("an address of \(count)", machine, run, members) == [1])
        }
        #expect(dropped == Self.rounds * (1 + Self.sets.count))
        #expect(machine.flows.kernel.flowCount == scale.megaflows)
    }
}
