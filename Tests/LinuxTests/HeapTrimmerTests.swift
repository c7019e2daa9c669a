import Linux
import Testing

@Suite("Returning free memory of the heap")
struct HeapTrimmerTests {
    @Test("Only a large part that is free is worth it")
    func threshold() {
        #expect(!HeapTrimmer.isWorthwhile((free: 20 << 20, used: 20 << 20)))
        #expect(!HeapTrimmer.isWorthwhile((free: 40 << 20, used: 200 << 20)))
        #expect(HeapTrimmer.isWorthwhile((free: 50 << 20, used: 200 << 20)))
    }

    @Test("Much work is one look at the heap, later; what is worth it is given back")
    func looks() throws {
        let loop = try EventLoop()
        var free = 100 << 20
        var looks = 0
        var trims = 0
        var again: HeapTrimmer?
        let trimmer = HeapTrimmer(
            loop: loop, delay: .milliseconds(1),
            measure: {
                looks += 1
                return (free, 100 << 20)
            },
            trim: {
                trims += 1
                free = 0
                again?.noteWork()
            })
        again = trimmer
        for _ in 0..<3 { trimmer.noteWork() }
        #expect(looks == 0)
        loop.schedule(after: .milliseconds(50)) { loop.stop() }
        try loop.run()
        #expect(looks == 2)
        #expect(trims == 1)
    }

    @Test("How long it waits may be changed")
    func delay() throws {
        let loop = try EventLoop()
        var looks = 0
        let trimmer = HeapTrimmer(
            loop: loop, delay: .seconds(600),
            measure: {
                looks += 1
                return (0, 0)
            }, trim: {})
        trimmer.delay = .milliseconds(1)
        trimmer.noteWork()
        loop.schedule(after: .milliseconds(50)) { loop.stop() }
        try loop.run()
        #expect(looks == 1)
    }

    @Test("The heap of a process is in use")
    func heap() { #expect(HeapTrimmer.heap().used > 0) }
}
