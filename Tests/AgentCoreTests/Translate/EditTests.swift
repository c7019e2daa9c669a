import Glibc
import Pipeline
import Testing
import Wire

@testable import AgentCore

/// What a change of the logical flows costs where there are many of them, and many megaflows: only
/// those are asked again whose packets it may concern. (The times are printed for large numbers.)
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

    /// Each pair of these is a megaflow.
    private static func address(_ number: Int) -> IPv4Address {
        IPv4Address(0x0a01_0000 + UInt32(number))
    }

    private static func port(_ number: Int) -> UInt16 { UInt16(2000 + number % 500) }

    private static func member(_ number: Int) -> String {
        IPv4Address(0xac10_0000 + UInt32(2 * number)).description
    }

    /// A list that refuses this to p1.
    @discardableResult
    private static func refuse(_ match: String, _ control: Control) -> RowIdentifier {
        control.flow(1, .ingress, 0, 70, match, "drop;")
    }

    private static func network(_ scale: Scale) -> Control {
        let control = SwitchTranslationTests.network()
        for number in 0..<scale.flows {
            control.flow(
                1, .ingress, 0, 60,
                "inport == \"p1\" && ip4.dst == \(address(number)) && udp.dst == \(port(number))",
                "next;")
        }
        for (name, count) in [("few", 10), ("many", 10_000)] {
            control.builder.setAddressSet(name, (0..<count).map(member))
            refuse("inport == \"p1\" && ip4.src == $\(name) && udp.dst == 9", control)
        }
        return control
    }

    private static func host(_ control: Control, _ scale: Scale) -> Host {
        var host = Host(control.snapshot(), ports: SwitchTranslationTests.ports)
        for number in 0..<scale.megaflows {
            let frame = Frames.udp(
                Frames.a, Frames.b, to: address(number).description, port: port(number))
            _ = host.receive(frame, on: 1)
        }
        return host
    }

    /// Makes changes one after the other, from the change to the last flow that was asked again; returns
    /// how many were.
    private func touched(
        _ name: String, _ host: inout Host, _ control: Control,
        _ changes: [(Control) -> Void]
    ) throws -> Set<Int> {
        var touched: Set<Int> = []
        var times: [Duration] = []
        for change in changes {
            let begin = ContinuousClock.now
            change(control)
            touched.insert(try host.swap(to: control.snapshot()))
            times.append(.now - begin)
        }
        times.sort()
        if Self.isLong {
            print("\(name): median \(times[times.count / 2]), at most \(times[times.count - 1])")
        }
        return touched
    }

    @Test(arguments: scales)
    func onlyWhatItConcernsIsAskedAgain(_ scale: Scale) throws {
        let control = Self.network(scale)
        var host = Self.host(control, scale)
        #expect(host.table.count == scale.megaflows)

        let rules = (0..<Self.rounds).map { number -> [(Control) -> Void] in
            var id: RowIdentifier?
            let match = "ip4.dst == \(Self.address(number)) && udp.dst == \(Self.port(number))"
            return [
                { id = Self.refuse(match, $0) },
                { control in if let id { control.builder.remove(id) } },
            ]
        }
        #expect(try touched("a rule", &host, control, rules.flatMap { $0 }) == [1])

        let news = (0..<Self.rounds).map { number -> (Control) -> Void in
            { Self.refuse("inport == \"p2\" && udp.src == \(number + 1)", $0) }
        }
        #expect(try touched("a rule about a new field", &host, control, news) == [0])

        for (name, count) in [("few", 10), ("many", 10_000)] {
            let members = (0..<Self.rounds).flatMap { number -> [(Control) -> Void] in
                let member = Self.member(count + number)
                return [
                    { $0.builder.updateAddressSet(name, adding: [member], removing: []) },
                    { $0.builder.updateAddressSet(name, adding: [], removing: [member]) },
                ]
            }
            #expect(try touched("an address of \(count)", &host, control, members) == [0])
        }
    }
}
