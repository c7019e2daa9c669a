import AgentCore
import OVSDBModel
import Schemas
import Testing

@Suite struct IngressLimitTests {
    private func limit(_ change: (inout OVS.Interface) -> Void) -> IngressLimit? {
        var row = OVS.Interface(name: "vif")
        change(&row)
        return IngressLimit(row)
    }

    @Test func anInterfaceHasNoLimitByItself() {
        #expect(limit { _ in } == nil)
        #expect(limit { $0.ingressPolicingBurst = 100 } == nil)
    }

    @Test func kilobitsAreBytes() {
        let bytes = limit {
            $0.ingressPolicingRate = 80
            $0.ingressPolicingBurst = 100
        }
        #expect(bytes == IngressLimit(bytes: .init(perSecond: 10_000, burst: 12_500), packets: nil))
        let standard = limit { $0.ingressPolicingRate = 1 }
        #expect(
            standard == IngressLimit(bytes: .init(perSecond: 125, burst: 1_000_000), packets: nil))
    }

    @Test func packetsAreLimitedBesides() {
        let both = limit {
            $0.ingressPolicingRate = 8
            $0.ingressPolicingBurst = 8
            $0.ingressPolicingKpktsRate = 2
        }
        #expect(both?.bytes == .init(perSecond: 1000, burst: 1000))
        #expect(both?.packets == .init(perSecond: 2000, burst: 16_000))
    }

    /// More than a number holds is no limit.
    @Test func aRateBeyondNumbersIsNone() {
        #expect(limit { $0.ingressPolicingRate = .max } == nil)
    }
}
