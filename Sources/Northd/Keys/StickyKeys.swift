import Incremental
import OVSDBModel

/// Who asks for a key, and with what claim.
package struct KeyRequest: Hashable, Sendable {
    /// Keys are unique within a space.
    package let space: RowUUID
    /// The key that the configuration wants, if any.
    package let wanted: Int?
    /// The key that the Southbound database has for the object, if any.
    package let existing: Int?
    /// The greatest key that can be used now, where that is less than the space has.
    package let limit: Int?
    /// Further keys of the same space, for what comes and goes with the object.
    package let companions: [Companion]

    /// Where the search for a free key begins.
    package let start: Start

    package struct Companion: Hashable, Sendable {
        /// What the key is granted under; of two objects only one may ask for it.
        package let id: RowUUID
        package let existing: Int?
    }

    package enum Start: Hashable, Sendable {
        /// After the key given last, so that one just freed rests for a while.
        case next
        /// At a place that follows from the owner's name. No database keeps such keys; so northds
        /// with different histories choose alike, unless two names meet.
        case name
    }

    package init(
        space: RowUUID, wanted: Int? = nil, existing: Int? = nil, limit: Int? = nil,
        companions: [Companion] = [], start: Start = .next
    ) {
        self.space = space
        self.wanted = wanted
        self.existing = existing
        self.limit = limit
        self.companions = companions
        self.start = start
    }
}

extension RowUUID {
    /// Names what stands beside the object of this name.
    package var companion: RowUUID {
        RowUUID(high: high ^ 0x5c5c_5c5c_5c5c_5c5c, low: low ^ 0x3636_3636_3636_3636)
    }
}

/// Gives out tunnel keys, and keeps them as long as their objects exist.
///
/// Order of precedence: the key that the configuration wants, the key that the database has, the
/// key that the object got before, the next free one. Of two objects that want one key the first
/// gets it. A northd that stands by so follows what the active one chose. An object that gets
/// none has no grant.
package struct StickyKeys: AllocationPolicy {
    package typealias Key = RowUUID
    package typealias Request = KeyRequest?
    package typealias Grant = Int

    fileprivate struct Holding {
        var request: KeyRequest
        var key: Int?
    }

    private let range: ClosedRange<Int>
    private var pools: [RowUUID: KeyPool] = [:]
    private var holdings: [RowUUID: Holding] = [:]
    /// The companions that each object asked for, if any.
    private var companions: [RowUUID: [RowUUID]] = [:]

    package init(_ range: ClosedRange<Int>) { self.range = range }

    package mutating func settle(
        _ changes: [(key: RowUUID, request: KeyRequest??)]
    ) -> [(key: RowUUID, grant: Int?)] {
        var changed = Set(changes.map(\.key))
        for change in changes { accept(change.key, change.request ?? nil) }
        for (id, request) in companionRequests(changes) {
            accept(id, request)
            changed.insert(id)
        }
        let owners = changed.sorted()
        for owner in owners { claim(holdings[owner]?.request.wanted, owner, &changed) }
        for owner in owners where !hasWanted(owner) {
            claim(holdings[owner]?.request.existing, owner, &changed)
        }
        for owner in changed.sorted() { settleByNumber(owner) }
        return changed.sorted().map { ($0, holdings[$0]?.key) }
    }

    /// What becomes of companions; one may pass from one object to another.
    private mutating func companionRequests(
        _ changes: [(key: RowUUID, request: KeyRequest??)]
    ) -> [(RowUUID, KeyRequest?)] {
        var result: [RowUUID: KeyRequest?] = [:]
        for change in changes {
            for id in companions[change.key] ?? [] { result[id] = .some(nil) }
        }
        for change in changes {
            let request = change.request ?? nil
            let asked = request?.companions ?? []
            companions[change.key] = asked.isEmpty ? nil : asked.map(\.id)
            for companion in asked {
                result[companion.id] = KeyRequest(
                    space: request?.space ?? .zero, existing: companion.existing,
                    limit: request?.limit)
            }
        }
        return result.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// Takes note of the request; a key of another space or beyond the limit is given back.
    private mutating func accept(_ owner: RowUUID, _ request: KeyRequest?) {
        if let old = holdings[owner],
            old.request.space != request?.space || request?.admits(old.key) == false
        {
            release(owner)
        }
        if let request {
            holdings[owner, default: Holding(request: request)].request = request
        } else {
            holdings[owner] = nil
        }
    }

    private mutating func release(_ owner: RowUUID) {
        guard let old = holdings[owner], let key = old.key else { return }
        let space = old.request.space
        pools[space]?.free(key)
        if pools[space]?.isEmpty == true { pools[space] = nil }
        holdings[owner]?.key = nil
    }

    private func hasWanted(_ owner: RowUUID) -> Bool {
        guard let holding = holdings[owner], let wanted = holding.request.wanted else {
            return false
        }
        return holding.key == wanted
    }

    /// Gives the owner this key, and takes it from a holder with a lesser claim.
    private mutating func claim(_ key: Int?, _ owner: RowUUID, _ changed: inout Set<RowUUID>) {
        guard let key, let holding = holdings[owner], holding.key != key,
            holding.request.admits(key)
        else { return }
        let space = holding.request.space
        if let holder = pools[space]?.holder(of: key), let rival = holdings[holder] {
            guard rival.rank(key) < holding.rank(key) else { return }
            release(holder)
            changed.insert(holder)
        }
        guard pools[space, default: KeyPool(range)].take(key, for: owner) else { return }
        if let old = holding.key { pools[space]?.free(old) }
        holdings[owner]?.key = key
    }

    private mutating func settleByNumber(_ owner: RowUUID) {
        guard let holding = holdings[owner], holding.key == nil else { return }
        let space = holding.request.space
        let start = holding.request.start == .name ? place(of: owner) : nil
        holdings[owner]?.key = pools[space, default: KeyPool(range)].takeNext(
            for: owner, from: start, limit: holding.request.limit)
    }

    /// Where the search begins for an owner whose key follows from its name; the same in every
    /// northd.
    func place(of owner: RowUUID) -> Int {
        var digest = ContentDigest()
        digest.add(owner)
        return range.lowerBound + Int((digest.uuid.high >> 16) % UInt64(range.count))
    }
}

extension KeyRequest {
    /// The key is within the limit, if there is one.
    fileprivate func admits(_ key: Int?) -> Bool {
        guard let key, let limit else { return true }
        return key <= limit
    }
}

extension StickyKeys.Holding {
    /// How good the owner's claim to the key is.
    fileprivate func rank(_ key: Int) -> Int {
        request.wanted == key ? 2 : request.existing == key ? 1 : 0
    }
}

/// The key spaces of the Southbound database (ovn-sb(5), Datapath_Binding and Port_Binding).
package enum KeyRange {
    /// Keys above are left to interconnection.
    package static let datapaths = 1...16_711_680
    package static let ports = 1...32767
    /// VXLAN carries twelve bits of each, and multicast groups need half of the latter.
    package static let datapathsOverVXLAN = 1...4095
    package static let portsOverVXLAN = 1...2047
    package static let routeGroups = 1...65535
    package static let routeTables = 1...65535
    /// Multicast_Group.tunnel_key of addresses.
    package static let multicastAddresses = 32773...65535
    package static let policyChains = 1...65535
    /// Port_Binding.options:qdisc_queue_id.
    package static let queues = 1...61440
    /// IEEE 802.1Q, without the reserved ones.
    package static let tags = 1...4095
    /// BFD.src_port (RFC 5881 §4).
    package static let sessionPorts = 49152...65535
    package static let acls = 1...32767
}
