import Incremental
import OVSDBModel
import Wire

/// A port of a switch that gives addresses: what it has, or what it asks for.
package struct AddressClaim: Hashable, Sendable {
    package struct Wish: Hashable, Sendable {
        package let request: DynamicRequest
        /// What the port got earlier, according to the database.
        package let existing: GivenAddresses?
        /// The upper half of Ethernet addresses to give.
        package let macPrefix: UInt64

        package init(
            request: DynamicRequest, existing: GivenAddresses?, macPrefix: UInt64
        ) {
            self.request = request
            self.existing = existing
            self.macPrefix = macPrefix
        }
    }

    package let port: RowUUID
    package let datapath: RowUUID
    package let pool: AddressPool
    /// What the configuration itself gives the port.
    package let fixed: [StationAddress]
    package let wish: Wish?

    package init(
        port: RowUUID, datapath: RowUUID, pool: AddressPool, fixed: [StationAddress], wish: Wish?
    ) {
        self.port = port
        self.datapath = datapath
        self.pool = pool
        self.fixed = fixed
        self.wish = wish
    }
}

extension AddressClaim: Comparable {
    package static func < (left: AddressClaim, right: AddressClaim) -> Bool {
        left.port < right.port
    }
}

/// Gives addresses out, and keeps them as long as their ports may have them.
///
/// Order of precedence: what the configuration gives, what the database says that the port got,
/// what it got before, the lowest free one. An address that the configuration gives to one port
/// is taken from another that had it from here. Ethernet addresses are unique over all switches
/// that give any.
package struct AddressPlan: AllocationPolicy {
    package typealias Key = AddressClaim
    package typealias Request = Nothing
    package typealias Grant = GivenAddresses

    /// The state of one switch.
    private struct Usage {
        /// Ports that have an address by configuration; each as often as it is said.
        var fixed: [IPv4Address: [RowUUID]] = [:]
        var given: [IPv4Address: RowUUID] = [:]
        /// No address below is free.
        var floor: UInt32 = 0

        var isEmpty: Bool { fixed.isEmpty && given.isEmpty }

        func isFree(_ address: IPv4Address, for port: RowUUID) -> Bool {
            (fixed[address] ?? []).allSatisfy { $0 == port } && (given[address] ?? port) == port
        }
    }

    private struct Holding {
        var claim: AddressClaim
        var grant: GivenAddresses?
    }

    private var holdings: [RowUUID: Holding] = [:]
    private var usages: [RowUUID: Usage] = [:]
    private var fixedMACs: [MACAddress: [RowUUID]] = [:]
    private var givenMACs: [MACAddress: RowUUID] = [:]
    /// Ports that got nothing, by switch: something freed is theirs.
    private var waiting: [RowUUID: Set<RowUUID>] = [:]

    package init() {}

    package mutating func settle(
        _ changes: [(key: AddressClaim, request: Nothing?)]
    ) -> [(key: AddressClaim, grant: GivenAddresses?)] {
        var affected: Set<RowUUID> = []
        var memory: [RowUUID: GivenAddresses] = [:]
        var gone: [AddressClaim] = []
        for (claim, request) in changes where request == nil {
            gone.append(claim)
            guard holdings[claim.port]?.claim == claim else { continue }
            memory[claim.port] = withdraw(claim.port)
        }
        for (claim, request) in changes where request != nil {
            if holdings[claim.port] != nil { memory[claim.port] = withdraw(claim.port) }
            affected.insert(claim.port)
            enter(claim, &affected)
        }
        for (claim, _) in changes { affected.formUnion(waiting[claim.datapath] ?? []) }
        let ports = affected.sorted()
        for port in ports {
            guard let known = holdings[port]?.claim.wish?.existing ?? memory[port] else { continue }
            keep(known, port)
        }
        for port in ports {
            if let known = memory[port] { keep(known, port) }
        }
        for port in ports {
            give(port)
            noteWaiting(port)
        }
        return gone.map { ($0, nil) }
            + ports.compactMap { port in
                holdings[port].map { ($0.claim, $0.grant) }
            }
    }
}

// MARK: - Claims

extension AddressPlan {
    /// Takes everything back; returns what had been given.
    private mutating func withdraw(_ port: RowUUID) -> GivenAddresses? {
        guard let holding = holdings.removeValue(forKey: port) else { return nil }
        stopWaiting(port, holding.claim.datapath)
        release(holding.grant, port, holding.claim.datapath)
        for station in holding.claim.fixed {
            fixedMACs[station.mac]?.removeAll { $0 == port }
            if fixedMACs[station.mac]?.isEmpty == true { fixedMACs[station.mac] = nil }
            for address in station.addresses.compactMap(\.v4) {
                change(holding.claim.datapath) { usage in
                    usage.fixed[address]?.removeAll { $0 == port }
                    if usage.fixed[address]?.isEmpty == true { usage.fixed[address] = nil }
                    usage.floor = min(usage.floor, address.bits)
                }
            }
        }
        return holding.grant
    }

    private mutating func release(
        _ grant: GivenAddresses?, _ port: RowUUID, _ datapath: RowUUID
    ) {
        guard let grant else { return }
        if givenMACs[grant.mac] == port { givenMACs[grant.mac] = nil }
        guard let address = grant.v4 else { return }
        change(datapath) { usage in
            if usage.given[address] == port { usage.given[address] = nil }
            usage.floor = min(usage.floor, address.bits)
        }
    }

    /// Notes what the configuration gives, and takes it from those who have it from here.
    private mutating func enter(_ claim: AddressClaim, _ affected: inout Set<RowUUID>) {
        holdings[claim.port] = Holding(claim: claim)
        for station in claim.fixed {
            fixedMACs[station.mac, default: []].append(claim.port)
            if let rival = givenMACs[station.mac] { evict(rival, &affected) }
            for address in station.addresses.compactMap(\.v4) {
                if let rival = usages[claim.datapath]?.given[address] { evict(rival, &affected) }
                change(claim.datapath) { $0.fixed[address, default: []].append(claim.port) }
            }
        }
    }

    private mutating func evict(_ port: RowUUID, _ affected: inout Set<RowUUID>) {
        guard let holding = holdings[port] else { return }
        release(holding.grant, port, holding.claim.datapath)
        holdings[port]?.grant = nil
        affected.insert(port)
    }

    private mutating func change(_ datapath: RowUUID, _ body: (inout Usage) -> Void) {
        var usage = usages.removeValue(forKey: datapath) ?? Usage()
        body(&usage)
        if !usage.isEmpty { usages[datapath] = usage }
    }
}

// MARK: - Waiting

extension AddressPlan {
    private mutating func noteWaiting(_ port: RowUUID) {
        guard let holding = holdings[port] else { return }
        if holding.claim.wish != nil, holding.grant == nil {
            waiting[holding.claim.datapath, default: []].insert(port)
        } else {
            stopWaiting(port, holding.claim.datapath)
        }
    }

    private mutating func stopWaiting(_ port: RowUUID, _ datapath: RowUUID) {
        waiting[datapath]?.remove(port)
        if waiting[datapath]?.isEmpty == true { waiting[datapath] = nil }
    }
}

// MARK: - Giving

extension AddressPlan {
    /// Gives the port what it had, as far as it may still have that.
    private mutating func keep(_ known: GivenAddresses, _ port: RowUUID) {
        guard let holding = holdings[port], holding.grant == nil, let wish = holding.claim.wish
        else { return }
        let claim = holding.claim
        let mac = wish.request.mac ?? known.mac
        guard mac == known.mac, isAvailable(mac, wish, port) else { return }
        var v4 = wish.request.v4
        if v4 == nil, claim.pool.subnet != nil {
            guard let address = known.v4, claim.pool.mayGive(address),
                usages[claim.datapath]?.isFree(address, for: port) ?? true
            else { return }
            v4 = address
        }
        grant(port, mac, v4)
    }

    private func isAvailable(
        _ mac: MACAddress, _ wish: AddressClaim.Wish, _ port: RowUUID
    ) -> Bool {
        if wish.request.mac != nil { return true }
        return mac.bits >> 24 == wish.macPrefix && fixedMACs[mac] == nil
            && (givenMACs[mac] ?? port) == port
    }

    /// Gives the port what is free; nothing if the switch has no address left.
    private mutating func give(_ port: RowUUID) {
        guard let holding = holdings[port], holding.grant == nil, let wish = holding.claim.wish
        else { return }
        var v4 = wish.request.v4
        if v4 == nil, holding.claim.pool.subnet != nil {
            v4 = nextAddress(holding.claim, port)
            if v4 == nil { return }
        }
        guard let mac = wish.request.mac ?? nextMAC(wish.macPrefix, v4, port) else { return }
        grant(port, mac, v4)
    }

    private mutating func grant(_ port: RowUUID, _ mac: MACAddress, _ v4: IPv4Address?) {
        guard let claim = holdings[port]?.claim else { return }
        let v6 =
            claim.wish?.request.v6
            ?? claim.pool.prefix.map { IPv6Address(high: $0, low: mac.modifiedEUI64) }
        holdings[port]?.grant = GivenAddresses(mac: mac, v4: v4, v6: v6)
        givenMACs[mac] = port
        if let v4 { change(claim.datapath) { $0.given[v4] = port } }
    }

    private mutating func nextAddress(_ claim: AddressClaim, _ port: RowUUID) -> IPv4Address? {
        guard let range = claim.pool.range else { return nil }
        let usage = usages[claim.datapath] ?? Usage()
        var bits = max(range.lowerBound, usage.floor)
        while bits <= range.upperBound {
            let address = IPv4Address(bits)
            if claim.pool.mayGive(address), usage.isFree(address, for: port) {
                change(claim.datapath) { $0.floor = bits }
                return address
            }
            bits += 1
        }
        return nil
    }

    /// Begins at the IPv4 address or, without one, anywhere, so that neighbours rarely meet.
    private func nextMAC(_ prefix: UInt64, _ v4: IPv4Address?, _ port: RowUUID) -> MACAddress? {
        let start = v4.map { UInt64($0.bits) } ?? port.high ^ port.low
        for offset in 0..<UInt64(1 << 24) {
            let mac = MACAddress(prefix << 24 | (start &+ offset) & 0xff_ffff)
            if fixedMACs[mac] == nil, givenMACs[mac] == nil { return mac }
        }
        return nil
    }
}
