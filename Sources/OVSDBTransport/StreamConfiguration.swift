/// What bounds one stream, and how it behaves as a server's or a client's end.
package struct StreamConfiguration: Sendable {
    /// Bytes of one incoming message; a longer one ends the stream.
    package var messageSize = 1 << 30
    /// Messages of more bytes are delivered as text, for a receiver that reads them without a tree.
    package var parsedSize = Int.max
    /// Bytes of messages that were delivered and not yet released by the receiver, past which
    /// nothing more is read. Echo requests behind them go unanswered then, so it is generous.
    package var undeliveredBytes = 32 << 20
    /// Bytes queued for the peer past which a server stops reading its requests.
    package var unsentBytes = 256 << 10
    /// Whether unsent output stops reading. Only servers do: if both ends did, both could wait for
    /// the other for ever.
    package var pausesOnUnsentOutput = false
    /// Silence after which the peer is probed; nil for never.
    package var probeInterval: Duration?
    /// How many probes in a row may be answered by the peer's kernel alone (everything sent was
    /// acknowledged) before its program counts as dead.
    package var acknowledgedProbes = 12

    /// A client's end: probes after five seconds.
    package static let client = StreamConfiguration(probeInterval: .seconds(5))

    /// A server's end for a peer that came by `method`: probes after five seconds over TCP, never
    /// over a Unix socket, where a dead peer's end is closed at once.
    package static func server(for method: ConnectionMethod) -> StreamConfiguration {
        StreamConfiguration(
            undeliveredBytes: 8 << 20, pausesOnUnsentOutput: true,
            probeInterval: method.isUnix ? nil : .seconds(5))
    }

    package init(
        undeliveredBytes: Int = 32 << 20, pausesOnUnsentOutput: Bool = false,
        probeInterval: Duration? = nil
    ) {
        self.undeliveredBytes = undeliveredBytes
        self.pausesOnUnsentOutput = pausesOnUnsentOutput
        self.probeInterval = probeInterval
    }
}
