import CLinux

// A daemon reads a database once and then changes of it, so its first minute may leave as much free
// memory within the heap as it goes on using; malloc(3) keeps that. Now and then, when the free part
// is a large one, it goes back to the kernel.

/// Belongs to the thread of its event loop.
package final class HeapTrimmer {
    package enum Limits {
        /// From work to the look at the heap that follows it.
        package static let delay = Duration.seconds(5)
        /// Free bytes that are worth the effort.
        package static let smallest = 4 << 20
    }

    private let loop: EventLoop
    private let delay: Duration
    private var isDue = false

    package init(loop: EventLoop, delay: Duration = Limits.delay) {
        self.loop = loop
        self.delay = delay
    }

    /// Something was done that may have left free memory.
    package func noteWork() {
        guard !isDue else { return }
        isDue = true
        loop.schedule(after: delay) { [weak self] in self?.look() }
    }

    private func look() {
        isDue = false
        let heap = mallinfo2()
        guard HeapTrimmer.isWorthwhile(free: heap.fordblks, used: heap.uordblks) else { return }
        malloc_trim(0)
    }

    /// Whether so many free bytes beside so many used ones are worth returning.
    package static func isWorthwhile(free: Int, used: Int) -> Bool {
        free >= Limits.smallest && free >= used / 4
    }
}
