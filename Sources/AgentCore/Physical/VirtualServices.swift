// The addresses of load balancers and the backends behind them, as far as the datapath must know
// them beside the logical flows: a packet whose backend is its own sender (a hairpin) has to leave
// with the virtual address as its source, and its answer has to be recognized.

import HashTreeCollections
import OVSDBModel
import Schemas
import Wire

/// A virtual address, or one port of it.
package struct VirtualServiceKey: Hashable, Sendable, Comparable {
    package let address: IPAddress
    /// Both nil: the whole address.
    package let proto: UInt8?
    package let port: UInt16?

    package init(_ address: IPAddress, proto: UInt8? = nil, port: UInt16? = nil) {
        self.address = address
        self.proto = proto
        self.port = port
    }

    package static func < (left: Self, right: Self) -> Bool {
        (left.address, left.proto ?? 0, left.port ?? 0)
            < (right.address, right.proto ?? 0, right.port ?? 0)
    }
}

package struct VirtualService: Hashable, Sendable {
    package struct Backend: Hashable, Sendable, Comparable {
        package let address: IPAddress
        package let port: UInt16?

        package init(_ address: IPAddress, port: UInt16? = nil) {
            self.address = address
            self.port = port
        }

        package static func < (left: Self, right: Self) -> Bool {
            (left.address, left.port ?? 0) < (right.address, right.port ?? 0)
        }
    }

    /// Ascending.
    package var backends: [Backend]
    /// What hairpins get as their source instead of the virtual address, by datapath key.
    package var sources: [UInt32: IPAddress]

    package init(backends: [Backend], sources: [UInt32: IPAddress] = [:]) {
        self.backends = backends
        self.sources = sources
    }
}

package struct VirtualServices: Sendable {
    package var services: TreeDictionary<VirtualServiceKey, VirtualService> = [:]
    /// Every source that a hairpin may have, with the services that give it.
    package var sources: TreeDictionary<IPAddress, [VirtualServiceKey]> = [:]
    /// The keys of `sources` as numbers, ascending, by family.
    package private(set) var sources4: [UInt128] = []
    package private(set) var sources6: [UInt128] = []

    package init() {}

    /// Whether it matters which datapaths have the load balancer.
    package static func differ(byDatapath row: SB.LoadBalancer) -> Bool {
        row.options["hairpin_snat_ip"] != nil
    }

    /// - Parameter rows: load balancers, each with the keys of its local datapaths if they matter.
    package init(
        _ rows: [(SB.LoadBalancer, datapaths: [UInt32])], problem: (String) -> Void
    ) {
        for (row, keys) in rows {
            for (address, backends) in row.vips {
                guard let key = Self.key(address, row.protocol) else {
                    problem("Load_Balancer \(row.name): \"\(address)\" is no address")
                    continue
                }
                add(key, Self.backends(backends), row.options["hairpin_snat_ip"], keys)
            }
        }
        for (key, service) in services {
            let own = service.sources.isEmpty ? [key.address] : []
            for source in Set(Array(service.sources.values) + own) {
                sources[source, default: []].append(key)
            }
        }
        for source in sources.keys {
            sources[source]?.sort()
            if source.v4 != nil {
                sources4.append(source.number)
            } else {
                sources6.append(source.number)
            }
        }
        sources4.sort()
        sources6.sort()
    }

    private mutating func add(
        _ key: VirtualServiceKey, _ backends: [VirtualService.Backend], _ sources: String?,
        _ datapaths: [UInt32]
    ) {
        var service = services[key] ?? VirtualService(backends: [])
        service.backends = Set(service.backends + backends).sorted()
        for text in (sources ?? "").split(separator: " ") {
            guard let address = IPAddress(parsing: String(text)),
                (address.v4 == nil) == (key.address.v4 == nil)
            else { continue }
            for datapath in datapaths { service.sources[datapath] = address }
        }
        services[key] = service
    }

    private static func key(_ text: String, _ transport: String?) -> VirtualServiceKey? {
        guard let (address, port) = endpoint(text[...]) else { return nil }
        guard let port else { return VirtualServiceKey(address) }
        let proto =
            switch transport {
            case "udp"?: IPProtocol.udp
            case "sctp"?: IPProtocol.sctp
            default: IPProtocol.tcp
            }
        return VirtualServiceKey(address, proto: proto, port: port)
    }

    private static func backends(_ text: String) -> [VirtualService.Backend] {
        text.split(separator: ",").compactMap {
            endpoint($0[...].trimmedBlanks).map { VirtualService.Backend($0.0, port: $0.1) }
        }
    }

    /// "ADDRESS", "IPV4:PORT" or "[IPV6]:PORT".
    private static func endpoint(_ text: Substring) -> (IPAddress, UInt16?)? {
        if let address = IPAddress(parsing: String(text)) { return (address, nil) }
        guard let colon = text.lastIndex(of: ":"),
            let port = UInt16(text[text.index(after: colon)...])
        else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        return IPAddress(parsing: String(host)).map { ($0, port) }
    }
}

extension Substring {
    fileprivate var trimmedBlanks: Substring {
        var view = self
        while view.first?.isWhitespace == true { view.removeFirst() }
        while view.last?.isWhitespace == true { view.removeLast() }
        return view
    }
}
