import Testing

@testable import Netlink

@Suite struct PolicingRateTests {
    /// A burst is the time that it takes at the rate.
    @Test(arguments: [
        (UInt64(10_000), UInt64(12_500), UInt64(19_531_250)), (1000, 0, 0),
        (1, .max, .max), (1_000_000_000, 64, 1), (2000, 16_000, 125_000_000),
    ])
    func aBurstIsATime(rate: UInt64, burst: UInt64, ticks: UInt64) {
        #expect(PolicingRate(.bytes, perSecond: rate, burst: burst).burstTicks == ticks)
    }
}
