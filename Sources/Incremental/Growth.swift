extension Array {
    /// Appends with a sixteenth of slack instead of doubling: the large columns of an engine are
    /// long-lived, and their slack would be most of its memory.
    @inlinable mutating func appendTightly(_ element: Element) {
        if count == capacity { reserveCapacity(count + count / 16 + 16) }
        append(element)
    }
}
