// A column or an option of a row may hold any integer. Who computes with one keeps to the range that
// its documentation gives, whatever the row says: nothing overflows.

extension Comparable {
    /// The nearest value of the range.
    package func clamped(to range: ClosedRange<Self>) -> Self {
        min(max(self, range.lowerBound), range.upperBound)
    }
}
