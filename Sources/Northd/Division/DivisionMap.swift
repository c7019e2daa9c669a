// How the flows are divided among northds: Docs/decisions/0007-dividing-northd.md.
//
// SB_Global.external_ids says all of it, so whoever follows the Southbound database knows:
//
//     northd.ID        somebody offers to work; as `EPOCH/NB_CFG` how far its flows are
//     northd_members   those among whom the flows are divided, by ID
//     northd_epoch     counts changes of the members, and never goes back
//     northd_nb_cfg    how far all that isn't divided is
//
// Property: who owns what follows from the members and from nothing else. A member that goes or
// comes moves its own share only (rendezvous hashing: Thaler, Ravishankar, 1998).

import OVSDBModel
import OVSDBSession
import Schemas

package struct DivisionMap: Hashable, Sendable {
    /// How far a member's flows are with the configuration, as divided under an epoch.
    package struct Progress: Hashable, Sendable, CustomStringConvertible {
        package var epoch: Int
        package var nbCfg: Int

        package init(epoch: Int, nbCfg: Int) {
            self.epoch = epoch
            self.nbCfg = nbCfg
        }

        init?(parsing text: String) {
            let parts = text.split(separator: "/").compactMap { Int($0) }
            guard parts.count == 2, DivisionMap.epochs.contains(parts[0]) else { return nil }
            self.init(epoch: parts[0], nbCfg: parts[1])
        }

        package var description: String { "\(epoch)/\(nbCfg)" }
    }

    enum Key {
        static let offer = "northd."
        static let members = "northd_members"
        static let epoch = "northd_epoch"
        static let rest = "northd_nb_cfg"
    }

    /// What no northd has written counts as zero: there is always a next epoch.
    private static let epochs = 0...Int(UInt32.max)

    /// Zero if there have never been members.
    package let epoch: Int
    /// In order; none if the flows aren't divided.
    package let members: [String]
    package let offers: [String: Progress]
    /// The configuration's number that is covered by all that isn't divided.
    package let rest: Int

    package init(_ externalIDs: [String: String]) {
        epoch =
            externalIDs[Key.epoch].flatMap { Int($0) }
            .flatMap { Self.epochs.contains($0) ? $0 : nil } ?? 0
        members = (externalIDs[Key.members] ?? "").split(separator: " ").map { String($0) }.sorted()
        rest = externalIDs[Key.rest].flatMap { Int($0) } ?? 0
        var offers: [String: Progress] = [:]
        for (key, value) in externalIDs where key.hasPrefix(Key.offer) {
            offers[String(key.dropFirst(Key.offer.count))] =
                Progress(parsing: value) ?? Progress(epoch: 0, nbCfg: 0)
        }
        self.offers = offers
    }

    package init(_ southbound: Replica) {
        self.init(southbound.only(SB.SBGlobal.self)?.row.externalIDs ?? [:])
    }

    package var isDivided: Bool { !members.isEmpty }

    /// What all members but one have reached; nil while one of them has not said so since the
    /// members changed last.
    func reached(apartFrom own: String) -> Int? {
        var least = Int.max
        for member in members where member != own {
            guard let progress = offers[member], progress.epoch == epoch else { return nil }
            least = min(least, progress.nbCfg)
        }
        return least
    }
}

/// Which flows a northd writes, and whether it writes the rest of the Southbound database.
package enum Share: Hashable, Sendable {
    /// Nothing is divided.
    case everything
    case part(Part)

    package struct Part: Hashable, Sendable {
        package let own: String
        package let members: [String]
        package let hasRest: Bool

        /// Whether the flows of a datapath or of a group are in this part.
        func owns(_ key: RowUUID) -> Bool { Part.owner(of: key, members) == own }

        /// The member with the greatest digest of its name and the key.
        static func owner(of key: RowUUID, _ members: [String]) -> String? {
            var best: (digest: RowUUID, member: String)?
            for member in members {
                var digest = ContentDigest()
                digest.add(member)
                digest.add(key)
                if best.map({ $0.digest < digest.uuid }) ?? true { best = (digest.uuid, member) }
            }
            return best?.member
        }
    }

    var hasRest: Bool {
        switch self {
        case .everything: true
        case .part(let part): part.hasRest
        }
    }
}
