import LogicalFlow
import Wire

// `put_dhcp_opts`: one client, one address, everything the server says stands in the flow. A request
// becomes the reply; Ethernet and IP sources and the ports are set by the flow after this one. The
// property that must hold (RFC 2131 §4.3): what can't be answered is left as it is, so that another
// server on the network may.

package struct DHCPv4Server: Sendable {
    private let options: [Action.Option]
    private let offer: IPv4Address

    /// Options whose values don't fit their kind are left out. Nil without `offerip`.
    package init?(_ options: [Action.Option]) {
        self.options = OptionTable.dhcpv4.encodable(options)
        guard let offer = self.options["offerip"]?.ipv4Addresses.first else { return nil }
        self.offer = offer
    }

    package struct Answer: Hashable, Sendable {
        package let message: DHCPv4Message
        package let destination: IPv4Address
    }

    /// The frame of the reply to the frame of a request.
    package func answer(_ frame: [UInt8], _ layout: PacketLayout) -> [UInt8]? {
        guard layout.network == .ipv4, let datagram = UDPDatagram(frame, layout),
            let request = DHCPv4Message(datagram.payload), let answer = answer(request)
        else { return nil }
        let source = IPv4Address(frame.uint32(at: layout.networkOffset + 12))
        return datagram.frame(
            EthernetHeader(of: frame, layout),
            .v4(source: source, destination: answer.destination),
            carrying: answer.message.encoded)
    }

    /// The reply (RFC 2131 §4.3.1 table 3), and where it goes.
    package func answer(_ request: DHCPv4Message) -> Answer? {
        guard request.operation == DHCPv4Message.request, request.client != nil else { return nil }
        switch request.type {
        case .discover: return reply(.offer, to: request)
        case .request:
            guard isForThisServer(request) else { return nil }
            let wanted = request.address(DHCPv4Code.requestedAddress) ?? request.clientAddress
            return wanted == offer ? reply(.ack, to: request) : refusal(of: request)
        case .inform: return information(for: request)
        case .offer, .decline, .ack, .nak, .release, nil: return nil
        }
    }

    /// A client that has chosen a server names it.
    private func isForThisServer(_ request: DHCPv4Message) -> Bool {
        guard let wanted = request.address(DHCPv4Code.serverID),
            let own = options["server_id"]?.ipv4Addresses.first
        else { return true }
        return wanted == own
    }

    private func reply(_ type: DHCPv4Type, to request: DHCPv4Message) -> Answer {
        var message = blank(type, request)
        message.yourAddress = offer
        message.options += configured(request)
        return Answer(
            message: message, destination: request.wantsBroadcast ? .broadcast : offer)
    }

    private func refusal(of request: DHCPv4Message) -> Answer {
        var message = blank(.nak, request)
        message.serverAddress = .zero
        message.flags |= 0x8000
        message.options += configured(request).filter { $0.code == DHCPv4Code.serverID }
        return Answer(message: message, destination: .broadcast)
    }

    /// RFC 2131 §4.3.5: no address and nothing about a lease, to the address that the client has.
    private func information(for request: DHCPv4Message) -> Answer {
        let left: Set<UInt8> = [
            DHCPv4Code.netmask, DHCPv4Code.leaseTime, DHCPv4Code.renewalTime,
            DHCPv4Code.rebindingTime,
        ]
        var message = blank(.ack, request)
        message.options += configured(request).filter { !left.contains($0.code) }
        let isKnown = request.clientAddress != .zero
        return Answer(
            message: message, destination: isKnown ? request.clientAddress : .broadcast)
    }

    private func blank(_ type: DHCPv4Type, _ request: DHCPv4Message) -> DHCPv4Message {
        var message = request
        message.operation = DHCPv4Message.reply
        message.hops = 0
        message.seconds = 0
        message.serverAddress =
            options["next_server"]?.ipv4Addresses.first ?? request.serverAddress
        message.serverName = [UInt8](repeating: 0, count: 64)
        message.file = [UInt8](repeating: 0, count: 128)
        if type != .ack { message.clientAddress = .zero }
        message.options = [DHCPv4Option(DHCPv4Code.messageType, [type.rawValue])]
        // A client may ask to hear its own identifier (RFC 6842), a relay what it has added.
        for code in [DHCPv4Code.clientID, DHCPv4Code.relayInformation] {
            if let data = request[code] { message.options.append(DHCPv4Option(code, data)) }
        }
        return message
    }

    // MARK: - Options

    private func configured(_ request: DHCPv4Message) -> [DHCPv4Option] {
        let hasBoth = options["bootfile_name"] != nil && options["bootfile_name_alt"] != nil
        let isNetworkBoot = request[DHCPv4Code.etherboot] != nil
        return options.compactMap { option in
            switch option.name {
            case "offerip", "next_server": return nil
            case "bootfile_name" where hasBoth && !isNetworkBoot: return nil
            case "bootfile_name_alt":
                if hasBoth, isNetworkBoot { return nil }
                return Self.bytes(option, .string).map { DHCPv4Option(DHCPv4Code.bootfile, $0) }
            default:
                guard let entry = OptionTable.dhcpv4[option.name],
                    let bytes = Self.bytes(option, entry.kind)
                else { return nil }
                return DHCPv4Option(entry.code, bytes)
            }
        }
    }

    /// Of a value of its kind; nil for kinds that only other services have.
    private static func bytes(_ option: Action.Option, _ kind: OptionTable.Kind) -> [UInt8]? {
        var bytes: [UInt8] = []
        switch kind {
        case .boolean: bytes = [option.numbers.first?.value == 0 ? 0 : 1]
        case .uint8: append(option, 1, to: &bytes)
        case .uint16: append(option, 2, to: &bytes)
        case .uint32: append(option, 4, to: &bytes)
        case .string: bytes = Array((option.strings.first ?? "").utf8)
        case .ip4: for address in option.ipv4Addresses { bytes.append(address) }
        case .host:
            if let name = option.strings.first { return Array(name.utf8) }
            for address in option.ipv4Addresses.prefix(1) { bytes.append(address) }
        case .staticRoutes: bytes = routes(option.numbers)
        case .domains:
            bytes = DomainName.compressed(option.list.compactMap { DomainName(parsing: $0) })
        case .ip6, .ip6Prefix, .ethernet, .names, .domain, .addressMode, .preference, .routes:
            return nil
        }
        return bytes.isEmpty ? nil : bytes
    }

    private static func append(_ option: Action.Option, _ width: Int, to bytes: inout [UInt8]) {
        guard let number = option.numbers.first else { return }
        bytes.append(UInt64(truncatingIfNeeded: number.value), width: width)
    }

    /// Pairs of prefix and next hop (RFC 3442): of the prefix the bytes that its length covers.
    private static func routes(_ numbers: [Number]) -> [UInt8] {
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: numbers.count - numbers.count % 2, by: 2) {
            let length = min(numbers[index].prefixLength(width: 32), 32)
            var prefix: [UInt8] = []
            prefix.append(numbers[index].ipv4Address)
            bytes.append(UInt8(length))
            bytes += prefix.prefix((length + 7) / 8)
            bytes.append(numbers[index + 1].ipv4Address)
        }
        return bytes
    }
}
