import Testing

@testable import LogicalFlow

@Suite struct ControlLimitsTests {
    @Test func classesHaveRatesAndBursts() {
        let limits = ControlLimits(parsing: "dhcp=5/3, miss=1000,dns=1/4294967295")
        #expect(limits[.dhcp] == .init(perSecond: 5, burst: 3))
        #expect(limits[.miss] == .init(perSecond: 1000, burst: 2000))
        #expect(limits[.dns] == .init(perSecond: 1, burst: 4_294_967_295))
        #expect(limits[.log] == nil)
    }

    /// Nothing that somebody writes there ends the agent, and what is right beside it holds.
    @Test(arguments: [
        "dhcp=0", "dhcp=0/5", "dhcp=5/0", "dhcp=-1", "dhcp=4294967296", "dhcp=5/3/1", "dhcp",
        "dhcp=", "=5", "dhcp=5=3", "nonsense=5", "dhcp=1.5",
    ])
    func badEntriesAreReported(_ entry: String) {
        var reasons: [String] = []
        let limits = ControlLimits(parsing: "\(entry),dns=1/1") { reasons.append($0) }
        #expect(reasons == ["no class and rate: \"\(entry)\""])
        #expect(limits.limits == [.dns: .init(perSecond: 1, burst: 1)])
    }
}
