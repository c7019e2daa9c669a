import Datapath
import LogicalFlow
import Testing
import Wire

@testable import AgentCore

/// Options of services with constants of every kind: what fits an option's kind is encoded, anything else
/// is left out, and nothing traps.
@Suite struct OptionValueTests {
    private static let texts = [
        "", "a.example", "a.example, b.example", "x", ",", "..", "slaac", "HIGH", "MEDIUM",
        "HIGH-fd00::/64", "LOW-fd00::/64,HIGH-fd01::/129", "10.0.0.1",
        String(repeating: "a", count: 64), String(repeating: "ab.", count: 90),
        String(repeating: "x", count: 5000),
    ]

    private static func number(
        _ format: Number.Format, _ random: inout SeededGenerator
    ) -> Constant {
        let bits = UInt128(random.next()) << 64 | UInt128(random.next())
        let value = bits & .ones(random.number(0..<format.width + 1))
        switch random.number(0..<4) {
        case 0:
            let length = random.number(0..<format.width + 1)
            let mask = UInt128.ones(length) << UInt128(format.width - length)
            return .number(Number(value, mask: mask, format: format))
        case 1:
            let mask = (bits >> 3 ^ bits << 5) & .ones(format.width)
            return .number(Number(value, mask: mask, format: format))
        default: return .number(Number(value, format: format))
        }
    }

    /// Numbers or strings: a list of both doesn't parse.
    private static func values(_ random: inout SeededGenerator) -> [Constant] {
        let count = random.number(1..<5)
        if random.number(0..<3) == 0 {
            let length = random.number(0..<3) == 0 ? count : 1
            return (0..<length).map { _ in .string(random.pick(texts)) }
        }
        // What chance seldom makes.
        switch random.number(0..<20) {
        case 0:
            return [.ip4(IPv4Address(0x1e00_0000), random.number(0..<33)), .ip4(IPv4Address(1))]
        case 1: return [.decimal(UInt64(random.number(0..<3)))]
        default: break
        }
        let common = random.pick(Number.Format.allCases)
        let isMixed = random.number(0..<3) == 0
        return (0..<count).map { _ in
            number(isMixed ? random.pick(Number.Format.allCases) : common, &random)
        }
    }

    /// Asks for values until an option has had many; what is wrong with them is told by the body.
    private static func check(
        _ table: OptionTable, except others: Set<String> = [], rounds: Int = 800,
        _ body: (String, OptionTable.Entry, [Constant], Bool) throws -> Bool
    ) rethrows {
        var random = SeededGenerator(seed: 7)
        var wrong: [String] = []
        var fitted: Set<String> = []
        let options = table.all.filter { !others.contains($0.name) }
        for (name, entry) in options {
            for _ in 0..<rounds {
                let values = values(&random)
                let fits = entry.kind.problem(values) == nil
                if fits { fitted.insert(name) }
                if try !body(name, entry, values, fits) { wrong.append("\(name) = \(values)") }
            }
        }
        #expect(wrong.prefix(5) == [])
        #expect(Set(options.map(\.name)).subtracting(fitted) == [], "have had no value that fits")
    }

    private static let discover: DHCPv4Message = {
        var message = DHCPv4Message(
            operation: DHCPv4Message.request, transaction: 77, client: Frames.a)
        message.options = [DHCPv4Option(DHCPv4Code.messageType, [DHCPv4Type.discover.rawValue])]
        return message
    }()

    private static let offer = Action.Option("offerip", [.ip4(IPv4Address(0x0a00_0007))])

    @Test func optionsOfDHCPv4() throws {
        let others: Set = ["offerip", "next_server", "bootfile_name_alt"]
        try Self.check(.dhcpv4, except: others) { name, entry, values, fits in
            let server = try unwrap(DHCPv4Server([Self.offer, Action.Option(name, values)]))
            let message = try unwrap(server.answer(Self.discover)).message
            let read = try unwrap(DHCPv4Message(message.encoded))
            return (read[entry.code] != nil) == fits && read[entry.code] == message[entry.code]
        }
    }

    @Test func addressesOfDHCPv4() throws {
        var random = SeededGenerator(seed: 8)
        let kind = OptionTable.Kind.ip4
        for _ in 0..<2000 {
            let values = Self.values(&random)
            let fits = kind.problem(values) == nil
            #expect((DHCPv4Server([Action.Option("offerip", values)]) != nil) == fits)
            let server = try unwrap(
                DHCPv4Server([Self.offer, Action.Option("next_server", values)]))
            let message = try unwrap(server.answer(Self.discover)).message
            let first = Action.Option("", values).ipv4Addresses.first
            #expect(message.serverAddress == (fits ? first : IPv4Address.zero))
        }
    }

    @Test func optionsOfDHCPv6() throws {
        let client = DHCPv6Option.identifier(DHCPv6Code.clientID, Frames.a)
        let asked = DHCPv6Option(DHCPv6Code.qualifiedName, [1])
        let request = DHCPv6Message(
            type: DHCPv6Type.informationRequest, transaction: 5, options: [client, asked])
        try Self.check(.dhcpv6, except: ["ia_addr", "bootfile_name"]) { name, entry, values, fits in
            let server = DHCPv6Server([Action.Option(name, values)])
            let message = try unwrap(server.answer(request))
            let read = try unwrap(DHCPv6Message(message.encoded))
            let code = name == "bootfile_name_alt" ? DHCPv6Code.bootfile : UInt16(entry.code)
            return read == message && (read[code] != nil) == fits
        }
    }

    @Test func optionsOfAdvertisements() {
        Self.check(.routerAdvertisement) { name, _, values, fits in
            let made = RouterAdvertiser.advertisement([Action.Option(name, values)])
            guard fits else { return made == RouterAdvertisement() }
            // The others are bits of the header.
            guard !["addr_mode", "router_preference"].contains(name) else {
                return made.options.isEmpty
            }
            return !made.options.isEmpty && Self.isWhole(made.rest)
        }
    }

    /// Whether the options behind the header of an advertisement are as long as they say.
    private static func isWhole(_ rest: [UInt8]) -> Bool {
        var position = 12
        while position + 1 < rest.count, rest[position + 1] > 0 {
            position += 8 * Int(rest[position + 1])
        }
        return position == rest.count
    }

    /// An option of a configuration is refused just if it would not be served.
    @Test(arguments: [OptionTable.dhcpv4, .dhcpv6, .routerAdvertisement])
    func aConfigurationIsTold(table: OptionTable) {
        Self.check(table) { name, _, values, fits in
            let list = values.map(\.description).joined(separator: ", ")
            let text = values.count == 1 ? list : "{\(list)}"
            let option = try? Action.Option(name, parsing: text, of: table)
            return option == (fits ? Action.Option(name, values) : nil)
        }
    }

    /// What no configuration has, a flow may: the rest is served.
    @Test(arguments: [
        "classless_static_route = {fd00::/64, fd00::1}",
        "classless_static_route = {0x8000000000000000/0xffffffffffffffff, 10.0.0.1}",
        "ms_classless_static_route = {10.0.0.0/255.0.255.0, 10.0.0.1}",
        "ms_classless_static_route = {10.0.0.0/8}", "router = fd00::1", "mtu = 70000",
        "default_ttl = 10.0.0.1", "domain_search_list = \"a..b\"", "lease_time = {1, 2}",
        "netmask = 0a:00:00:00:00:01", "tftp_server = 10.0.0.0/8", "ip_forward_enable = 2",
    ])
    func aFlowIsServedWithoutWhatDoesNotFit(option: String) throws {
        let actions = try ActionList(
            parsing: "reg0[3] = put_dhcp_opts(offerip = 10.0.0.7, \(option), "
                + "server_id = 10.0.0.254); next;")
        guard case .evaluate(_, .putDHCPOptions(let options)) = actions.actions.first else {
            Issue.record("\(actions)")
            return
        }
        let server = try unwrap(DHCPv4Server(options))
        let answer = try unwrap(server.answer(Self.discover)).message
        #expect(answer.yourAddress.description == "10.0.0.7")
        #expect(answer.options.map(\.code) == [DHCPv4Code.messageType, DHCPv4Code.serverID])
    }

    // MARK: - Lengths

    /// What doesn't fit into a packet is not answered.
    @Test func requestsAsLongAsPacketsAreLeftAlone() throws {
        func frame(_ bytes: Int) -> [UInt8] {
            var message = Self.discover
            message.options.append(
                DHCPv4Option(DHCPv4Code.clientID, [UInt8](repeating: 1, count: bytes)))
            return PacketBuilder.udp(
                Frames.ethernet(Frames.a, .broadcast), Frames.ipv4("0.0.0.0", "255.255.255.255"),
                source: UDPPort.dhcpClient, destination: UDPPort.dhcpServer, message.encoded)
        }
        let text = String(repeating: "x", count: 1000)
        let server = try unwrap(
            DHCPv4Server([Self.offer, Action.Option("hostname", [.string(text)])]))
        let relay = DHCPRelay(address: IPv4Address(1), server: IPv4Address(2))
        let short = frame(1000)
        #expect(server.answer(short, try unwrap(PacketLayout(short))) != nil)
        #expect(relay.request(short, try unwrap(PacketLayout(short))) != nil)
        let long = frame(64_700)
        let layout = try unwrap(PacketLayout(long))
        #expect(UDPDatagram(long, layout) != nil)
        #expect(server.answer(long, layout) == nil)
    }
}
