/// Which remote is tried next, and after which wait.
///
/// After a loss the other remotes are tried at once; when all have failed there is a wait, from the
/// minimum and doubled each time up to the maximum, less a random part so that the clients of one
/// server don't return as one. A connection that lasted longer than the wait starts it over.
struct ClientRemotes: Sendable {
    private var list: [String]
    private var position = -1
    private var backoff: Int64 = 0
    /// How many remotes may still be tried without waiting.
    private var freeTries: Int
    private let limits: ClientConfiguration.Limits
    private let shuffles: Bool
    private var random: ClientRandom

    init(_ configuration: ClientConfiguration, seed: UInt64) {
        limits = configuration.limits
        shuffles = configuration.shufflesRemotes
        random = ClientRandom(state: seed)
        list = configuration.remotes
        freeTries = max(0, list.count - 1)
        if shuffles { list.shuffle(using: &random) }
    }

    var current: String? { list.indices.contains(position) ? list[position] : nil }

    /// Moves on to the next remote; nil if there is none.
    mutating func next() -> String? {
        guard !list.isEmpty else { return nil }
        position = (position + 1) % list.count
        return list[position]
    }

    /// Whether the current remote is in the new list, too.
    mutating func replace(_ remotes: [String]) -> Bool {
        let used = current
        list = remotes
        if shuffles { list.shuffle(using: &random) }
        position = used.flatMap { list.firstIndex(of: $0) } ?? -1
        freeTries = position < 0 ? list.count : max(0, list.count - 1)
        return position >= 0
    }

    /// How long to wait; `duration` is how long the connection was open, nil if it never was.
    mutating func failed(afterLasting duration: Int64?) -> Int64 {
        if let duration, duration >= max(backoff, limits.minimumBackoff) {
            backoff = 0
            freeTries = max(0, list.count - 1)
        }
        if freeTries > 0 {
            freeTries -= 1
            return 0
        }
        freeTries = max(0, list.count - 1)
        backoff = min(limits.maximumBackoff, max(limits.minimumBackoff, backoff * 2))
        return backoff - Int64.random(in: 0...backoff / 8, using: &random)
    }
}

/// A small deterministic generator (SplitMix64, Steele, Lea and Flood 2014).
struct ClientRandom: RandomNumberGenerator, Sendable {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
        return word ^ word >> 31
    }
}
