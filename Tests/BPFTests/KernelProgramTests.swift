import Glibc
import Testing

@testable import BPF

/// The suites of this target once more in the guest's kernel, as root: there programs may be loaded, so
/// that none of them holds nothing.
@Suite(.serialized, .enabled(if: getenv("OVN_VM") != nil))
struct KernelProgramTests {
    @Test func programsMayBeLoaded() throws { _ = try VIFPrograms() }

    @Test(arguments: EquivalenceTests.rules) func ordinaryPackets(_ rules: [String]) throws {
        try EquivalenceTests().ordinaryPacketsAreJudgedAsByThePipeline(rules)
    }

    @Test(arguments: EquivalenceTests.rules) func oddPackets(_ rules: [String]) throws {
        try EquivalenceTests().whatIsOddIsLeftToThePipeline(rules)
    }

    @Test func rulesAtRandom() throws { try EquivalenceTests().rulesAtRandom() }

    @Test func filters() throws {
        let suite = IngressFilterTests()
        try suite.aFilterComesAndGoes()
        try suite.aLaterRunTakesOver()
        try suite.filtersOfOthersStay(priority: 20, isBeside: false)
        try suite.filtersOfOthersStay(priority: 49152, isBeside: true)
        try suite.aDeviceThatIsNotThereIsNamed()
    }

    @Test func budgets() throws {
        let suite = MissBudgetTests()
        try suite.missesBeyondTheBudgetDoNotArrive()
        try suite.whatFlowsSendUpArrives()
        try suite.withoutABudgetEverythingArrives()
    }
}
