import Datapath
import Pipeline
import Wire

// Connections that came by one of several next hops go back by it (`ecmp_symmetric_reply` of releases
// before 23.06.1; later ones commit with every request and need no table).

extension Translator {
    /// `chk_ecmp_nh_mac`: a request of a connection that has been committed, by the same next hop.
    mutating func isKnownRequest() -> Bool {
        guard let connection = connection() else { return false }
        depend(on: .nextHop(connection))
        let address = MACAddress(key.read(.ethernetSource))
        guard nextHops[connection] == address else { return false }
        effect(.nextHopUse(connection))
        return true
    }

    /// `chk_ecmp_nh`: an answer of a connection that has been committed.
    mutating func isKnownAnswer() -> Bool {
        guard let connection = connection()?.reversed else { return false }
        depend(on: .nextHop(connection))
        guard nextHops.contains(connection) else { return false }
        effect(.nextHopUse(connection))
        return true
    }

    /// `commit_ecmp_nh`. The kernel may serve such packets: those that it has served teach the same.
    mutating func commitNextHop(_ family: Instruction.Family, proto: UInt8) {
        guard let connection = connection(), connection.proto == proto,
            (connection.source.v4 != nil) == (family == .ip4)
        else { return }
        effect(.nextHop(connection, MACAddress(key.read(.ethernetSource))))
    }

    /// The connection whose first packet has these headers; nil without ports.
    private mutating func connection() -> ConnectionKey? {
        guard let (source, destination) = addresses() else { return nil }
        let proto = UInt8(truncatingIfNeeded: key.read(.ipProtocol))
        guard IPProtocol.hasPorts(proto) else { return nil }
        return ConnectionKey(
            datapath: UInt32(key.read(.datapath)), proto: proto,
            source: (source, UInt16(truncatingIfNeeded: key.read(.sourcePort))),
            destination: (destination, UInt16(truncatingIfNeeded: key.read(.destinationPort))))
    }
}

// MARK: - What packets teach the translator

extension Translator {
    /// Keeps what an effect says for the packets to come.
    ///
    /// - Returns: what flows find otherwise from now on.
    package mutating func keep(_ effect: SideEffect, now: Milliseconds) -> [PhysicalDependency] {
        switch effect {
        case .affinity(let key, let binding):
            return affinities.bind(key, to: binding, now: now) ? [.affinity(key)] : []
        case .affinityUse(let key): affinities.refresh(key, now: now)
        case .nextHop(let key, let address):
            return nextHops.commit(key, by: address, now: now) ? [.nextHop(key)] : []
        case .nextHopUse(let key): nextHops.refresh(key, now: now)
        case .station(let sighting):
            return stations.see(sighting, now: now).map { .station($0) }
        case .neighbour, .address, .uses, .wait, .service, .question, .asked: break
        }
        return []
    }

    /// Forgets what no packet has used for too long.
    ///
    /// - Returns: what flows find otherwise from now on.
    package mutating func expire(now: Milliseconds) -> [PhysicalDependency] {
        affinities.expire(now: now).map { .affinity($0) }
            + nextHops.expire(now: now).map { .nextHop($0) }
            + stations.expire(now: now).map { .station($0) }
    }
}
