import AgentCore
import OVSDBModel
import Schemas

@testable import Northd

// What becomes of a packet in the network that northd has written, by the translator of the agent.

extension TestNetwork {
    /// The minimal trace without its heading, a line each, indented as it is. `connection` is what
    /// the connection tracker says whenever it is asked: "new", "est", "est,rpl" and so on.
    func trace(
        _ microflow: String, connection: String? = nil, choosing number: Int = 0
    ) throws -> [String] {
        var question = NetworkTrace(microflow: microflow)
        question.forms = [.minimal]
        if let connection {
            let flags = try ConnectionFlags(parsing: connection)
            question.assumptions.connectionStates = Array(repeating: flags, count: 64)
        }
        question.assumptions.choose = { min(number, $0 - 1) }
        return question.answer(TraceNetwork(southbound.replica))
            .split(separator: "\n").dropFirst().map(String.init)
    }

    /// The ports that get the packet, or what is made of it.
    func receivers(
        _ microflow: String, connection: String? = nil, choosing number: Int = 0
    ) throws -> [String] {
        try trace(microflow, connection: connection, choosing: number).compactMap { line in
            let words = line.split(separator: "\"")
            guard words.first?.hasSuffix("output(") == true else { return nil }
            return String(words[1])
        }
    }

    /// As chassis write what they learned of a neighbour.
    func learn(_ address: String, _ mac: String, at port: String) {
        guard let row = binding(port) else { return }
        let uuid = southbound.makeUUID()
        editSouthbound {
            $0.insert(
                SB.MACBinding(logicalPort: port, ip: address, mac: mac, datapath: row.datapath),
                uuid: uuid)
        }
    }
}

/// A question about an IPv4 or IPv6 packet.
struct Packet {
    var inport: String
    var source: (mac: String, ip: String)
    var destination: (mac: String, ip: String)
    var rest = "udp.src == 4000 && udp.dst == 53"

    var microflow: String {
        let family = source.ip.contains(":") ? "ip6" : "ip4"
        return "inport == \"\(inport)\" && eth.src == \(source.mac) && "
            + "eth.dst == \(destination.mac) && \(family).src == \(source.ip) && "
            + "\(family).dst == \(destination.ip) && ip.ttl == 64 && \(rest)"
    }
}
