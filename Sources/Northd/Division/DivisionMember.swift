// One northd's place among those that divide the flows: which locks it asks for, and what it
// writes into SB_Global.external_ids.
//
// Each one that offers to work holds a lock of its own. The holder of the lock `ovn_northd` queues
// for all of these: where it has to wait, somebody is there; what it gets, nobody holds any more.
// So no clock decides who is alive. Only the holder changes the members, and counts the epoch.
//
// Properties that must hold:
// * nobody is a member who has not been seen to hold its lock;
// * a member that can't see the configuration leaves;
// * SB_Global.nb_cfg is a number that the flows of all members cover, each as far as it had to
//   under the present division.

import OVSDBModel
import OVSDBSession
import Schemas

package struct DivisionMember: Sendable {
    /// Held in the Southbound database by the northd that owns what isn't divided.
    package static let mainLock = "ovn_northd"
    /// NB_Global.options: whether northds divide the flows.
    package static let option = "northd_division"

    /// Names this northd among others; it takes part in no division without.
    let id: String?

    static func lock(of id: String) -> String { "\(mainLock)_\(id)" }

    /// Lets a northd take part: a name that no other one has.
    package static func makeID(_ generator: inout some RandomNumberGenerator) -> String {
        let text = String(generator.next(), radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }
}

extension DivisionMember {
    /// This northd's name, if it is to take part.
    private func offered(_ view: NorthdView) -> String? {
        let options = view.northbound.only(NB.NBGlobal.self)?.row.options ?? [:]
        return view.isCurrent && options[DivisionMember.option] == "true" ? id : nil
    }

    /// Whether it has the right to a share: then others know that it is there.
    func isPresent(_ view: NorthdView) -> Bool {
        offered(view).map { view.state(of: $0) == .held } ?? false
    }

    /// Locks to ask for besides the main one.
    func wantedLocks(_ view: NorthdView, _ map: DivisionMap) -> Set<String> {
        guard let own = offered(view) else { return [] }
        guard view.mayWrite else { return [DivisionMember.lock(of: own)] }
        return Set((map.offers.keys + map.members + [own]).map(DivisionMember.lock))
    }

    /// What to write; nil for a northd that only watches.
    func share(_ view: NorthdView, _ map: DivisionMap) -> Share? {
        guard let id else { return view.mayWrite ? .everything : nil }
        if view.mayWrite, !map.isDivided { return .everything }
        guard view.mayWrite || isPresent(view) else { return nil }
        return .part(Share.Part(own: id, members: map.members, hasRest: view.mayWrite))
    }

    /// Makes a transaction void if its division is past, or if the lock that allows it is lost; the
    /// main one is asserted anyway.
    func guardTransaction(
        of share: Share, _ map: DivisionMap, _ transaction: inout TransactionBuilder
    ) {
        guard let id else { return }
        if !share.hasRest { transaction.require(lock: DivisionMember.lock(of: id)) }
        guard map.epoch > 0 else { return }
        transaction.require(
            SB.SBGlobal.self, .externalIDs,
            includes: Datum([DivisionMap.Key.epoch: String(map.epoch)]))
    }
}

// MARK: - What it writes

extension DivisionMember {
    /// A member's word of how far it is, once the transaction is done; an offer, if it has no share.
    func report(
        _ view: NorthdView, _ map: DivisionMap, _ transaction: inout TransactionBuilder
    ) {
        guard let id, let global = view.southbound.only(SB.SBGlobal.self) else { return }
        var progress = DivisionMap.Progress(epoch: 0, nbCfg: 0)
        if map.members.contains(id) {
            let number = view.northbound.only(NB.NBGlobal.self)?.row.nbCfg ?? 0
            progress = DivisionMap.Progress(epoch: map.epoch, nbCfg: min(number, map.rest))
        }
        guard map.offers[id] != progress else { return }
        transaction.insert([DivisionMap.Key.offer + id: progress.description], in: global.uuid)
    }

    /// The number that SB_Global.nb_cfg may show when the holder's own part has reached `number`.
    func covered(_ number: Int, now current: Int, _ share: Share, _ map: DivisionMap) -> Int {
        guard case .part(let part) = share else { return number }
        let reached = min(map.reached(apartFrom: part.own) ?? current, number)
        return max(reached, min(current, number))
    }

    /// The holder's changes of the members, and its word of how far the rest is.
    func oversee(
        _ view: NorthdView, _ map: DivisionMap, _ transaction: inout TransactionBuilder
    ) {
        guard id != nil, let global = view.southbound.only(SB.SBGlobal.self) else { return }
        let members = members(view, map)
        var wanted: [String: String] = [:]
        for (offer, progress) in map.offers where !isGone(offer, view) {
            wanted[DivisionMap.Key.offer + offer] = progress.description
        }
        if let own = members.first(where: { $0 == id }), map.offers[own] == nil {
            wanted[DivisionMap.Key.offer + own] =
                DivisionMap.Progress(epoch: 0, nbCfg: 0).description
        }
        let epoch = members == map.members ? map.epoch : map.epoch + 1
        if epoch > 0 { wanted[DivisionMap.Key.epoch] = String(epoch) }
        if !members.isEmpty {
            let number = view.northbound.only(NB.NBGlobal.self)?.row.nbCfg ?? 0
            wanted[DivisionMap.Key.members] = members.joined(separator: " ")
            wanted[DivisionMap.Key.rest] = String(number)
        }
        let actual = global.row.externalIDs.filter { DivisionMember.isOurs($0.key) }
        let removed = actual.keys.filter { wanted[$0] == nil }.sorted()
        if !removed.isEmpty {
            transaction.mutate(
                SB.SBGlobal.self, global.uuid, .externalIDs,
                .delete(Datum(set: removed.map { .string($0) })))
        }
        transaction.insert(wanted.filter { actual[$0.key] != $0.value }, in: global.uuid)
    }

    private static func isOurs(_ key: String) -> Bool {
        key.hasPrefix(DivisionMap.Key.offer)
            || [DivisionMap.Key.members, DivisionMap.Key.epoch, DivisionMap.Key.rest].contains(key)
    }

    /// Those among whom the flows shall be divided, as far as the holder knows who is there.
    private func members(_ view: NorthdView, _ map: DivisionMap) -> [String] {
        guard let own = offered(view) else { return [] }
        return Set(map.offers.keys).union([own]).filter { id in
            if id == own { return view.state(of: id) == .held }
            if map.members.contains(id) { return !isGone(id, view) }
            return view.state(of: id) == .waiting
        }.sorted()
    }

    /// Somebody else's offer that nobody stands behind.
    private func isGone(_ offer: String, _ view: NorthdView) -> Bool {
        guard let own = offered(view) else { return true }
        return offer != own && view.state(of: offer) == .held
    }
}

extension NorthdView {
    fileprivate func state(of member: String) -> LockState {
        locks[DivisionMember.lock(of: member)] ?? .none
    }
}

extension TransactionBuilder {
    /// Sets keys of SB_Global.external_ids and leaves the others, which may be somebody else's.
    fileprivate mutating func insert(_ pairs: [String: String], in global: RowUUID) {
        guard !pairs.isEmpty else { return }
        mutate(SB.SBGlobal.self, global, .externalIDs, .insert(Datum(pairs)))
    }
}
