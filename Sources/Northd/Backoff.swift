/// NB_Global.options:northd-backoff-interval-ms: under churn a run begins as long after the one
/// before as that one took, up to the option, so that several changes become one.
package struct Backoff: Sendable {
    private var until: Int64 = 0

    package init() {}

    /// A run was from `start` to `end`, in milliseconds.
    package mutating func ran(
        from start: Int64, to end: Int64, options: [String: String]
    ) {
        let limit = options["northd-backoff-interval-ms"].flatMap { Int64($0) } ?? 0
        until = end + min(max(end - start, 0), max(limit, 0))
    }

    /// Milliseconds to wait before the next run.
    package func delay(at now: Int64) -> Int64 { max(0, until - now) }
}
