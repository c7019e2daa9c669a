import CLinux

// A daemon reads a database once and then changes of it, so its first minute may leave as much free
// memory within the heap as it goes on using; malloc(3) keeps that. Now and then, when the free part
// is a large one, it goes back to the kernel.

/// Belongs to the thread of its event loop.
package final class HeapTrimmer {
    package enum Limits {
        /// From work to the look at the heap that follows it.
        package static let delay = Duration.seconds(5)
        /// Free bytes that are worth it: what is given back has to be asked for again, page by page,
        /// and a small heap is in use again at once.
        package static let smallest = 32 << 20
    }

    /// Bytes of the heap that are free and in use.
    package typealias Heap = (free: Int, used: Int)

    private let loop: EventLoop
    /// From work to the look at the heap.
    package var delay: Duration
    private let measure: () -> Heap
    private let trim: () -> Void
    private var isDue = false
    /// How often memory was given back.
    package private(set) var trims = 0

    /// `measure` and `trim` are of the heap of this process if nothing else is said.
    package init(
        loop: EventLoop, delay: Duration = Limits.delay,
        measure: @escaping () -> Heap = HeapTrimmer.heap,
        trim: @escaping () -> Void = { malloc_trim(0) }
    ) {
        self.loop = loop
        self.delay = delay
        self.measure = measure
        self.trim = trim
    }

    /// As malloc(3) counts them in all its arenas.
    package static func heap() -> Heap {
        let heap = mallinfo2()
        return (heap.fordblks, heap.uordblks)
    }

    /// Something was done that may have left free memory.
    package func noteWork() {
        guard !isDue else { return }
        isDue = true
        loop.schedule(after: delay) { [weak self] in self?.look() }
    }

    private func look() {
        isDue = false
        guard HeapTrimmer.isWorthwhile(measure()) else { return }
        trim()
        trims += 1
    }

    /// Whether so many free bytes beside so many used ones are worth returning.
    package static func isWorthwhile(_ heap: Heap) -> Bool {
        heap.free >= Limits.smallest && heap.free >= heap.used / 4
    }
}
