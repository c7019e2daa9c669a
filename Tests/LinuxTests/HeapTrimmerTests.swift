import Linux
import Testing

@Suite("Returning free memory of the heap")
struct HeapTrimmerTests {
    @Test("Only a large part that is free is worth it")
    func threshold() {
        #expect(!HeapTrimmer.isWorthwhile(free: 1 << 20, used: 1 << 20))
        #expect(!HeapTrimmer.isWorthwhile(free: 20 << 20, used: 100 << 20))
        #expect(HeapTrimmer.isWorthwhile(free: 30 << 20, used: 100 << 20))
    }

    @Test("Some time after work the process has given back what it freed")
    func givesBack() throws {
        let loop = try EventLoop()
        let trimmer = HeapTrimmer(loop: loop, delay: .milliseconds(1))
        // Kept apart by what stays, so that nothing of it goes back by itself.
        var blocks = (0..<4000).map { _ in [UInt8](repeating: 1, count: 16_000) }
        let stays = (0..<4000).map { _ in [UInt8](repeating: 1, count: 64) }
        let before = try ProcessMemory.current().resident
        blocks.removeAll()
        trimmer.noteWork()
        loop.schedule(after: .milliseconds(50)) { loop.stop() }
        try loop.run()
        let after = try ProcessMemory.current().resident
        #expect(before - after > 30 << 20)
        #expect(stays.count == 4000)
    }
}
