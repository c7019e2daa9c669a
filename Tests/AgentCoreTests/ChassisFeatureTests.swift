import Datapath
import OVSDBModel
import OVSDBSession
import Pipeline
import Schemas
import Testing
import Wire

@testable import AgentCore

/// A key that a chassis announces changes the flows of the whole deployment, so behind each there
/// is something that does what those flows ask for.
@Suite struct ChassisFeatureTests {
    /// Actions that a northd writes only where the feature is announced; nil for a promise about
    /// rows.
    private func actions(of feature: ChassisFeature) -> String? {
        switch feature {
        case .macBindingTimestamp, .fdbTimestamp, .portUpNotification: nil
        case .switchGroupColumn: "reg0[6] = chk_lb_hairpin(); next;"
        case .conntrackCommitNAT2, .loadBalancerRelated: "ct_commit_nat;"
        case .conntrackCommitToZone: "ct_commit_to_zone(dnat);"
        case .conntrackNextZone: "ct_next(dnat);"
        case .conntrackLabelFlush: "ct_next;"
        case .conntrackStateSave: "reg0[0..7] = ct_state_save(); next;"
        case .conntrackNoMaskedLabel: "ct_lb_mark(backends=10.0.0.5:80); next;"
        case .sampleWithRegisters:
            "sample(probability=65535,collector_set=1,obs_domain=1,obs_point=reg3); next;"
        }
    }

    /// What a packet that meets these actions is dropped for.
    private func refusals(of actions: String) throws -> [String] {
        let control = SwitchTranslationTests.network()
        control.flow(1, .ingress, 0, 1000, "ip4 && udp", actions)
        let snapshot = control.snapshot()
        try #require(control.builder.problems.isEmpty, "\(actions): \(control.builder.problems)")
        var translator = Translator()
        let translation = translator.translate(
            SwitchTranslationTests.input(Frames.udp(Frames.a, Frames.b), on: 1), in: snapshot)
        return translation.drops.compactMap {
            if case .unsupported(let name) = $0.reason { name } else { nil }
        }
    }

    @Test(arguments: ChassisFeature.allCases)
    func anAnnouncedFeatureIsEvaluated(_ feature: ChassisFeature) throws {
        let actions = actions(of: feature)
        #expect((actions == nil) == (feature.action == nil))
        guard let actions else { return }
        let refused = try refusals(of: actions)
        #expect(
            refused.isEmpty || !ChassisFeature.announced.contains(feature),
            "\(feature.rawValue) is announced, and \(refused) is not evaluated")
        #expect(
            refused.allSatisfy { $0 == feature.action || feature.action == "ct_next" },
            "\(feature.rawValue) names \(feature.action ?? "") and not \(refused)")
    }

    /// The probe would see an action that nobody evaluates.
    @Test func whatIsNotEvaluatedIsSeen() throws {
        #expect(try refusals(of: "next;").isEmpty)
        #expect(try refusals(of: "next(64);") == ["next"])
    }

    // MARK: Promises about rows

    private struct Learned {
        var database = LocalDatabase(SB.schema, indexes: Learning.indexes)

        init(_ lesson: Lesson) throws {
            let datapath = database.insert(SB.DatapathBinding(tunnelKey: 1))
            database.insert(
                SB.PortBinding(logicalPort: "r-s", datapath: datapath, tunnelKey: 2))
            var learning = Learning()
            learning.learn(lesson, from: PacketSource(vport: 1), now: 0, delay: 0)
            var transaction = TransactionBuilder()
            var number: UInt64 = 0
            learning.write(
                database.replica, now: 100, wallClock: 1_700_000_000_123, into: &transaction
            ) {
                number += 1
                return RowUUID(high: 0x77, low: number)
            }
            try database.commit(transaction)
        }
    }

    @Test func aLearnedNeighbourHasATimestamp() throws {
        #expect(ChassisFeature.announced.contains(.macBindingTimestamp))
        let learned = try Learned(
            .neighbour(
                NeighbourKey(
                    port: PortReference(datapath: 1, port: 2),
                    address: .v4(IPv4Address(0x0a00_0001))),
                MACAddress(5), isShared: false))
        let rows = learned.database.replica.rows(SB.MACBinding.self)
        #expect(rows.map(\.row.timestamp) == [1_700_000_000_123])
    }

    @Test func aLearnedStationHasATimestamp() throws {
        #expect(ChassisFeature.announced.contains(.fdbTimestamp))
        let learned = try Learned(
            .address(LearnedAddressKey(datapath: 1, address: MACAddress(5)), port: 2))
        let rows = learned.database.replica.rows(SB.FDB.self)
        #expect(rows.map(\.row.timestamp) == [1_700_000_000_123])
    }

    @Test func upFollowsTheDatapathAsAnnounced() {
        #expect(ChassisFeature.announced.contains(.portUpNotification))
        let me = RowUUID(high: 1, low: 1)
        let identity = ChassisIdentity(row: me, name: "hv1", hostname: "host1", encaps: [])
        let interface = LocalInterface(
            row: RowUUID(high: 9, low: 9), name: "va", logicalPort: "a", vport: 5)
        let row = SB.PortBinding(logicalPort: "a", up: false)
        let claim = identity.claim(
            on: row, interfaces: LocalInterfaces([interface]), parent: { _ in nil })
        let desired = [false, true].map {
            identity.desired(row, claim: claim, isInstalled: $0, mayTakeOver: true).up
        }
        #expect(desired == [false, true])
    }
}
