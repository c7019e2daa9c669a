import LogicalFlow
import Wire

// `put_dhcpv6_opts`: one client, at most one address, all of it in the flow (RFC 8415 §18.3). A
// request becomes the reply; addresses and ports are set by the flow after this one. What carries
// no client identifier, or another server's, is left as it is (§16).

package struct DHCPv6Server: Sendable {
    private let options: [Action.Option]

    /// Options whose values don't fit their kind are left out.
    package init(_ options: [Action.Option]) {
        self.options = OptionTable.dhcpv6.encodable(options)
    }

    private var address: IPv6Address? { options["ia_addr"]?.ipv6Addresses.first }

    /// The frame of the reply to the frame of a request.
    package func answer(_ frame: [UInt8], _ layout: PacketLayout) -> [UInt8]? {
        guard layout.network == .ipv6, let datagram = UDPDatagram(frame, layout),
            let request = DHCPv6Message(datagram.payload), let reply = answer(request),
            let addresses = layout.addresses(frame)
        else { return nil }
        return datagram.frame(
            EthernetHeader(of: frame, layout), addresses, carrying: reply.encoded)
    }

    package func answer(_ request: DHCPv6Message) -> DHCPv6Message? {
        guard let client = request[DHCPv6Code.clientID], isForThisServer(request) else {
            return nil
        }
        var reply = DHCPv6Message(
            type: DHCPv6Type.reply, transaction: request.transaction,
            options: [DHCPv6Option(DHCPv6Code.clientID, client)] + ownIdentifier)
        switch request.type {
        case DHCPv6Type.solicit:
            guard let association = association(request) else { return nil }
            reply.type = DHCPv6Type.advertise
            reply.options += [association] + configured(request)
        case DHCPv6Type.request, DHCPv6Type.renew, DHCPv6Type.rebind:
            guard let association = association(request) else { return nil }
            reply.options += [association] + configured(request)
        case DHCPv6Type.confirm:
            guard let status = confirmation(request) else { return nil }
            reply.options.append(.status(status))
        case DHCPv6Type.release, DHCPv6Type.decline:
            guard request[DHCPv6Code.addresses] != nil else { return nil }
            reply.options.append(.status(DHCPv6Status.success))
        case DHCPv6Type.informationRequest: reply.options += configured(request)
        default: return nil
        }
        return reply
    }

    private var ownIdentifier: [DHCPv6Option] {
        options["server_id"]?.macAddress.map { [.identifier(DHCPv6Code.serverID, $0)] } ?? []
    }

    /// A message that names a server is only for that one.
    private func isForThisServer(_ request: DHCPv6Message) -> Bool {
        guard let wanted = request[DHCPv6Code.serverID], let own = ownIdentifier.first else {
            return true
        }
        return wanted == own.data
    }

    /// The first IA_NA with the address; nil if the client asked for none or there is none.
    private func association(_ request: DHCPv6Message) -> DHCPv6Option? {
        guard let address, let data = request[DHCPv6Code.addresses],
            let asked = DHCPv6Association(data)
        else { return nil }
        var lease: [UInt8] = []
        lease.append(address)
        lease.append(UInt64(UInt32.max), width: 4)
        lease.append(UInt64(UInt32.max), width: 4)
        let granted = DHCPv6Association(
            identifier: asked.identifier, renewal: .max, rebinding: .max,
            options: [DHCPv6Option(DHCPv6Code.address, lease)])
        return DHCPv6Option(DHCPv6Code.addresses, granted.encoded)
    }

    /// Whether the addresses that a client still has are right on this link (§18.3.3).
    private func confirmation(_ request: DHCPv6Message) -> UInt16? {
        guard let address, let data = request[DHCPv6Code.addresses],
            let asked = DHCPv6Association(data)
        else { return nil }
        let held = asked.options.filter { $0.code == DHCPv6Code.address && $0.data.count >= 16 }
            .map { IPv6Address($0.data.uint128(at: 0)) }
        guard !held.isEmpty else { return nil }
        return held.allSatisfy { $0 == address } ? DHCPv6Status.success : DHCPv6Status.notOnLink
    }

    // MARK: - Options

    private func configured(_ request: DHCPv6Message) -> [DHCPv6Option] {
        options.compactMap { option in
            switch option.name {
            case "dns_server":
                var bytes: [UInt8] = []
                for address in option.ipv6Addresses { bytes.append(address) }
                return DHCPv6Option(DHCPv6Code.dnsServers, bytes)
            case "domain_search":
                let names = option.list.compactMap { DomainName(parsing: $0) }
                return DHCPv6Option(DHCPv6Code.domainSearch, names.flatMap(\.encoded))
            case "bootfile_name":
                return Self.isNetworkBoot(request) ? bootfile(option) : nil
            case "bootfile_name_alt":
                return Self.isNetworkBoot(request) ? nil : bootfile(option)
            case "fqdn": return qualifiedName(option, request)
            default: return nil
            }
        }
    }

    private func bootfile(_ option: Action.Option) -> DHCPv6Option {
        DHCPv6Option(DHCPv6Code.bootfile, Array((option.strings.first ?? "").utf8))
    }

    /// The user class `iPXE` (RFC 8415 §21.15).
    private static func isNetworkBoot(_ request: DHCPv6Message) -> Bool {
        guard let data = request[DHCPv6Code.userClass] else { return false }
        var reader = ByteReader(data)
        while let length = reader.uint16(), let name = reader.bytes(Int(length)) {
            if name == Array("iPXE".utf8) { return true }
        }
        return false
    }

    /// RFC 4704 §4.1: this server updates no DNS (N); O says that it overrode the client's S.
    private func qualifiedName(
        _ option: Action.Option, _ request: DHCPv6Message
    ) -> DHCPv6Option? {
        guard let asked = request[DHCPv6Code.qualifiedName], let flags = asked.first,
            let name = option.strings.first.flatMap({ DomainName(parsing: $0) })
        else { return nil }
        let answer: UInt8 = 0x04 | (flags & 0x01 != 0 ? 0x02 : 0)
        return DHCPv6Option(DHCPv6Code.qualifiedName, [answer] + name.encoded)
    }
}
