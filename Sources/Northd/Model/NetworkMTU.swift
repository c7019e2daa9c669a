// How long packets may be on the networks of a router, as far as the configuration tells, and where
// a route therefore narrows: a packet that another network of the router may have let in is too
// long for this one.

import Incremental
import OVSDBModel
import Schemas

/// The longest packets of a network, in bytes without the Ethernet header; nil where nothing is said.
package struct NetworkMTU: Hashable, Sendable {
    package enum Limits {
        /// What every network carries (RFC 791 §3.2, RFC 8200 §5).
        package static let minimum4 = 68
        package static let minimum6 = 1280
        /// What a header can say (RFC 791 §3.1).
        package static let maximum = 65535
        static let sizes6 = minimum6...maximum
    }

    package let v4: Int?
    package let v6: Int?

    package init(v4: Int?, v6: Int?) {
        self.v4 = v4
        self.v6 = v6.map { max($0, Limits.minimum6) }
    }

    package static let unknown = NetworkMTU(v4: nil, v6: nil)

    /// The part of it that is less than `other` may have let through.
    package func narrower(than other: NetworkMTU) -> NetworkMTU {
        func part(_ mine: Int?, _ theirs: Int?) -> Int? {
            mine.flatMap { mine in theirs.map { $0 > mine } ?? true ? mine : nil }
        }
        return NetworkMTU(v4: part(v4, other.v4), v6: part(v6, other.v6))
    }
}

/// One of the packet sizes that a router's networks have.
struct RouterWidth: Hashable, Sendable {
    let router: RowUUID
    let mtu: NetworkMTU
    /// Ports of this size have options:gateway_mtu, and flows of their own.
    let isExplicit: Bool
}

/// The packet sizes of router ports.
struct PathMTU: Sendable {
    /// By port; nil for one that has options:gateway_mtu.
    let ofPort: Function<RowUUID, NetworkMTU?>
    /// Ports of whose network something is known.
    let known: Function<RowUUID, NetworkMTU?>
    private let widths: Index<RowUUID, RouterWidth>

    init(
        _ engine: Engine, _ inputs: Inputs, _ routerPorts: Function<RowUUID, RouterPort?>,
        _ attachments: Function<RowUUID, Attachment?>,
        _ settings: Function<RowUUID, SwitchSettings?>
    ) {
        let present: Relation<RouterWidth> = engine.relation("width of a router's network")
        ofPort = engine.function("network MTU", over: routerPorts) { key, port, context in
            guard let port else { return NetworkMTU?.none }
            if let mtu = port.mtu {
                let own = NetworkMTU(v4: mtu, v6: mtu)
                context.emit(
                    present, RouterWidth(router: port.router, mtu: own, isExplicit: true))
                return nil
            }
            let datapath = (context.read(attachments, key) ?? nil)?.switchDatapath
            let network = datapath.flatMap { context.read(settings, $0) ?? nil }?.mtu
            let sizes = [network, port.advertisedMTU].compactMap(\.self)
            let own = NetworkMTU(v4: network, v6: sizes.min())
            context.emit(present, RouterWidth(router: port.router, mtu: own, isExplicit: false))
            return own
        }
        known = engine.subset("ports with a known MTU", of: ofPort) { _, mtu in
            mtu.map { $0 != .unknown } ?? false
        }
        widths = engine.index("widths of router", of: engine.collect(present)) { width, _ in
            [width.router]
        }
    }

    /// What of a network's size another network of the router exceeds.
    func narrowing(
        _ mtu: NetworkMTU, of router: RowUUID, _ context: Context
    ) -> NetworkMTU {
        let parts = context.members(widths, router).map { mtu.narrower(than: $0.mtu) }
        return NetworkMTU(
            v4: parts.lazy.compactMap(\.v4).first, v6: parts.lazy.compactMap(\.v6).first)
    }

    /// The sizes of the router's networks that what comes in from a network of size `mtu` may
    /// exceed, in order.
    func narrower(
        than mtu: NetworkMTU, of router: RowUUID, _ context: Context
    ) -> (v4: [Int], v6: [Int]) {
        let parts = context.members(widths, router).filter { !$0.isExplicit }
            .map { $0.mtu.narrower(than: mtu) }
        return (
            Set(parts.compactMap(\.v4)).sorted(), Set(parts.compactMap(\.v6)).sorted()
        )
    }
}

extension RouterWidth: Comparable {
    private var order: (RowUUID, Int, Int, Int) {
        (router, mtu.v4 ?? 0, mtu.v6 ?? 0, isExplicit ? 1 : 0)
    }

    static func < (left: RouterWidth, right: RouterWidth) -> Bool { left.order < right.order }
}
