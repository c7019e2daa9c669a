import Linux
import Testing

@Suite struct StopwatchTests {
    @Test func reportsWhatItWasGiven() {
        var watch = Stopwatch(name: "step")
        for milliseconds in 1...100 { watch.add(.milliseconds(milliseconds)) }
        #expect(watch.count == 100)
        #expect(watch.minimum == .milliseconds(1))
        #expect(watch.maximum == .milliseconds(100))
        #expect(watch.percentile(0.95) == .milliseconds(95))
        #expect(watch.percentile(0.5) == .milliseconds(50))
        #expect(watch.report.hasPrefix("Statistics for 'step'\n  Total samples: 100\n"))
        #expect(watch.report.contains("  Maximum: 100.000 msec\n"))
        watch.reset()
        #expect(watch.count == 0)
        #expect(watch.percentile(0.95) == .zero)
    }

    @Test func averagesFollowAtTheirPace() {
        var watch = Stopwatch(name: "step")
        watch.add(.milliseconds(10))
        watch.add(.milliseconds(20))
        #expect(watch.shortTerm == 15)
        #expect(watch.longTerm == 10.1)
    }

    @Test func keepsTheLatestSamplesOnly() {
        var watch = Stopwatch(name: "step")
        watch.add(.seconds(1))
        for _ in 0..<Stopwatch.Limits.window { watch.add(.microseconds(1500)) }
        #expect(watch.percentile(1) == .microseconds(1500))
        #expect(watch.maximum == .seconds(1))
        #expect(watch.report.contains("  95th percentile: 1.500 msec\n"))
    }
}
