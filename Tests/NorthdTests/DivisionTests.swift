import OVSDBModel
import OVSDBSession
import Schemas
import Testing

@testable import Northd

/// Who owns what, who is a member, and how far all of them are.
@Suite struct DivisionTests {
    private static let keys = (0..<600 as Range<UInt64>).map { RowUUID(high: $0 << 12, low: $0) }

    private func owners(_ members: [String]) -> [String?] {
        Self.keys.map { Share.Part.owner(of: $0, members) }
    }

    @Test func aMemberThatGoesMovesItsOwnShareOnly() {
        let all = owners(["a", "b", "c", "d", "e"])
        let fewer = owners(["a", "b", "d", "e"])
        for (before, after) in zip(all, fewer) where before != "c" { #expect(before == after) }
        for member in ["a", "b", "c", "d", "e"] {
            let count = all.count { $0 == member }
            #expect((60..<180).contains(count), "\(member): \(count) of 600")
        }
        #expect(owners([]).allSatisfy { $0 == nil })
    }

    @Test func theMapIsReadFromTheRow() {
        let map = DivisionMap([
            "northd.a": "3/7", "northd.b": "2/9", "northd.c": "nonsense", "northd_members": "b a",
            "northd_epoch": "3", "northd_nb_cfg": "8", "neutron:x": "y",
        ])
        #expect(map.members == ["a", "b"])
        #expect(map.epoch == 3 && map.rest == 8)
        #expect(map.offers["a"] == .init(epoch: 3, nbCfg: 7))
        #expect(map.offers["c"] == .init(epoch: 0, nbCfg: 0))
        #expect(!DivisionMap([:]).isDivided)
    }

    /// After any epoch there is another one.
    @Test(arguments: [Int.max, .min, -1, 1 << 40])
    func anEpochThatNobodyWrites(epoch: Int) {
        let map = DivisionMap([
            "northd.a": "\(epoch)/\(epoch)", "northd_members": "a", "northd_epoch": "\(epoch)",
        ])
        #expect(map.epoch == 0)
        #expect(map.offers["a"] == .init(epoch: 0, nbCfg: 0))
    }

    /// What a member said under an earlier division is no word about what it has got since.
    @Test func theNumberWaitsForEveryMember() {
        func covered(_ words: [String: String], _ number: Int, now: Int) -> Int {
            var row = ["northd_members": "a b c", "northd_epoch": "3", "northd.a": "0/0"]
            row.merge(words) { $1 }
            let map = DivisionMap(row)
            let share = Share.part(.init(own: "a", members: map.members, hasRest: true))
            return DivisionMember(id: "a").covered(number, now: now, share, map)
        }
        #expect(covered(["northd.b": "3/7", "northd.c": "3/5"], 7, now: 4) == 5)
        #expect(covered(["northd.b": "3/7", "northd.c": "3/7"], 7, now: 4) == 7)
        #expect(covered(["northd.b": "3/7", "northd.c": "2/7"], 7, now: 4) == 4)
        #expect(covered(["northd.b": "3/7"], 7, now: 4) == 4)
        #expect(covered(["northd.b": "3/2", "northd.c": "3/7"], 7, now: 4) == 4, "never back")
        #expect(covered(["northd.b": "3/9", "northd.c": "3/9"], 1, now: 9) == 1, "but for the CMS")
    }

    // MARK: Members

    private func view(
        _ externalIDs: [String: String], _ locks: [String: LockState], isOn: Bool = true
    ) -> NorthdView {
        var northbound = TestDatabase(NB.schema)
        var southbound = TestDatabase(SB.schema)
        var builder = TransactionBuilder()
        let options = [DivisionMember.option: isOn ? "true" : "false"]
        builder.insert(NB.NBGlobal(nbCfg: 4, options: options), uuid: northbound.makeUUID())
        _ = northbound.commit(builder)
        builder = TransactionBuilder()
        builder.insert(SB.SBGlobal(externalIDs: externalIDs), uuid: southbound.makeUUID())
        _ = southbound.commit(builder)
        return NorthdView(
            northbound: northbound.replica, southbound: southbound.replica, isCurrent: true,
            locks: locks)
    }

    /// What SB_Global.external_ids is after the northd `a` has written.
    private func written(
        _ externalIDs: [String: String], _ locks: [String: LockState], isOn: Bool = true
    ) -> [String: String] {
        let view = view(externalIDs, locks, isOn: isOn)
        var transaction = TransactionBuilder()
        let (a, map) = (DivisionMember(id: "a"), DivisionMap(view.southbound))
        if view.mayWrite {
            a.oversee(view, map, &transaction)
        } else {
            a.report(view, map, &transaction)
        }
        var southbound = TestDatabase(SB.schema)
        var rows = TransactionBuilder()
        rows.insert(SB.SBGlobal(externalIDs: externalIDs), uuid: southbound.makeUUID())
        _ = southbound.commit(rows)
        guard case .success = southbound.commit(transaction) else {
            Issue.record("refused")
            return [:]
        }
        return southbound.replica.only(SB.SBGlobal.self)?.row.externalIDs ?? [:]
    }

    @Test func theHolderListsThoseWhoHoldTheirLock() {
        let main = ["ovn_northd": LockState.held, "ovn_northd_a": .held]
        let offers = ["northd.b": "0/0", "northd.c": "0/0", "x": "y"]
        let first = written(offers, main.merging(["ovn_northd_b": .waiting]) { $1 })
        #expect(first["northd_members"] == "a b", "c has not been seen to hold its lock")
        #expect(first["northd_epoch"] == "1" && first["northd_nb_cfg"] == "4")
        let locks = ["ovn_northd_b": LockState.held, "ovn_northd_c": .waiting]
        let second = written(first, main.merging(locks) { $1 })
        #expect(second["northd_members"] == "a c", "b's lock is free")
        #expect(second["northd_epoch"] == "2")
        #expect(second["northd.b"] == nil)
        #expect(written(second, main.merging(["ovn_northd_c": .waiting]) { $1 }) == second)
        let off = written(second, main, isOn: false)
        #expect(off == ["northd_epoch": "3", "x": "y"], "and nothing of the division is left")
        #expect(written(["x": "y"], main, isOn: false) == ["x": "y"])
    }

    @Test func aMemberSaysHowFarItIs() {
        let row = ["northd_members": "a b", "northd_epoch": "5", "northd.a": "4/9"]
        let locks = ["ovn_northd": LockState.waiting, "ovn_northd_a": .held]
        var rest = row
        rest["northd_nb_cfg"] = "3"
        #expect(written(rest, locks)["northd.a"] == "5/3", "no further than the keys are")
        rest["northd_nb_cfg"] = "8"
        #expect(written(rest, locks)["northd.a"] == "5/4", "nor than the configuration")
        #expect(written([:], locks) == ["northd.a": "0/0"], "which is an offer")
    }

    @Test func locksFollowTheRole() {
        let row = ["northd_members": "b", "northd.c": "0/0"]
        let member = DivisionMember(id: "a")
        func wanted(_ view: NorthdView) -> Set<String> {
            member.wantedLocks(view, DivisionMap(view.southbound))
        }
        #expect(wanted(view(row, [:])) == ["ovn_northd_a"])
        #expect(
            wanted(view(row, ["ovn_northd": .held]))
                == ["ovn_northd_a", "ovn_northd_b", "ovn_northd_c"])
        #expect(wanted(view(row, ["ovn_northd": .held], isOn: false)).isEmpty)
    }
}
