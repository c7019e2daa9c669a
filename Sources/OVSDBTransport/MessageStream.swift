// An OVSDB session is a stream of JSON messages in both directions. The daemon's one owner thread
// must never do socket work, and a peer must not be able to hold it up or to fill its memory. So a
// stream lives on an I/O thread, which frames and parses what arrives, answers the peer's probes,
// sends its own, and drains the output; the owner sees whole messages and queues whole messages.
//
// Properties that must hold:
// - messages are delivered in the order received and sent in the order queued;
// - after `.closed` nothing more is delivered for that stream;
// - what is delivered but not yet released, and what is queued but not yet sent, is counted; the
//   first stops reading past a limit, the second is visible as `unsentBytes`, so that the owner can
//   merge instead of queueing.

import JSON
import Linux
import NIOCore
import Synchronization

/// Names one stream for the life of the process; a later stream has a greater number.
package struct StreamID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let number: UInt64

    private static let last = Atomic<UInt64>(0)

    static func next() -> StreamID {
        StreamID(number: last.wrappingAdd(1, ordering: .relaxed).newValue)
    }

    package init(number: UInt64) { self.number = number }

    package static func < (left: StreamID, right: StreamID) -> Bool { left.number < right.number }

    package var description: String { "\(number)" }
}

/// A message as the owner gets it.
package enum ReceivedMessage: Sendable {
    case parsed(JSON)
    /// The text of a message of more than the stream's `parsedSize`: balanced, but not checked.
    case text(ArraySlice<UInt8>)
}

/// Messages that arrived together. While it is alive its bytes count against the stream's
/// `undeliveredBytes`: keep it until the messages have been handled, no longer.
package final class ReceivedBatch: Sendable {
    package let contents: [ReceivedMessage]
    /// When the end of the first message was read from the socket.
    package let arrival: MonotonicTime
    private let bytes: Int
    private let stream: MessageStream

    /// All messages, of a stream that parses them all.
    package var messages: [JSON] {
        contents.compactMap { if case .parsed(let message) = $0 { message } else { .none } }
    }

    init(
        contents: [ReceivedMessage], bytes: Int, arrival: MonotonicTime, stream: MessageStream
    ) {
        self.contents = contents
        self.arrival = arrival
        self.bytes = bytes
        self.stream = stream
    }

    deinit { stream.release(bytes) }
}

/// What happens to a stream, delivered on its I/O thread.
package enum StreamEvent: Sendable {
    /// The peer is there; messages may be sent.
    case opened(MessageStream)
    case received(StreamID, ReceivedBatch)
    /// All that was queued has been handed to the kernel.
    case drained(StreamID)
    /// The last event of a stream; also of one that never opened.
    case closed(StreamID, TransportError)
}

package typealias StreamHandler = @Sendable (StreamEvent) -> Void

/// Bytes to send, made once and shared by all streams they go to: each I/O thread copies what the
/// kernel can take at the moment, and no more.
package struct OutgoingBytes: Sendable {
    package let bytes: [UInt8]

    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    package init(_ message: JSON) { self.init(message.bytes) }

    package var count: Int { bytes.count }
}

/// One open stream, as other threads see it.
package final class MessageStream: Sendable {
    package let id: StreamID
    /// The peer's address: `tcp:192.0.2.1:40312`, or `unix`.
    package let peer: String

    let channel: any Channel
    private let outbox = Mutex(Outbox())
    private let unsent = Atomic<Int>(0)
    private let undelivered = Atomic<Int>(0)

    struct Outbox: Sendable {
        var pieces: [OutgoingBytes] = []
    }

    init(id: StreamID, peer: String, channel: any Channel) {
        self.id = id
        self.peer = peer
        self.channel = channel
    }

    /// Bytes queued that the kernel has not taken yet.
    package var unsentBytes: Int { unsent.load(ordering: .relaxed) }

    /// Queues the pieces of one or more messages, in order. Thread-safe, never blocks.
    package func send(_ pieces: [OutgoingBytes]) {
        let count = pieces.reduce(0) { $0 + $1.count }
        if count == 0 { return }
        unsent.wrappingAdd(count, ordering: .relaxed)
        let isFirst = outbox.withLock { outbox in
            defer { outbox.pieces.append(contentsOf: pieces) }
            return outbox.pieces.isEmpty
        }
        // One wake-up of the I/O thread carries everything queued until it runs.
        if isFirst { channel.eventLoop.execute { self.notify(.flush) } }
    }

    package func send(_ message: JSON) { send([OutgoingBytes(message)]) }

    /// Sends what is queued, then closes.
    package func close() {
        channel.eventLoop.execute { self.notify(.close) }
    }

    /// Changes the probe interval; nil ends probing.
    package func setProbeInterval(_ interval: Duration?) {
        channel.eventLoop.execute { self.notify(.probe(interval)) }
    }

    private func notify(_ command: StreamCommand) {
        channel.pipeline.triggerUserOutboundEvent(command, promise: nil)
    }

    // MARK: - For the I/O thread

    func takeOutbox() -> [OutgoingBytes] {
        outbox.withLock { outbox in
            let pieces = outbox.pieces
            outbox.pieces = []
            return pieces
        }
    }

    /// Counts bytes that the kernel took; true when none is left.
    func sent(_ bytes: Int) -> Bool {
        unsent.wrappingSubtract(bytes, ordering: .relaxed).newValue == 0
    }

    var undeliveredBytes: Int { undelivered.load(ordering: .relaxed) }

    func deliver(_ bytes: Int) { undelivered.wrappingAdd(bytes, ordering: .relaxed) }

    fileprivate func release(_ bytes: Int) {
        undelivered.wrappingSubtract(bytes, ordering: .relaxed)
        channel.eventLoop.execute { self.notify(.released) }
    }
}

/// What other threads ask of the handler on the I/O thread.
enum StreamCommand: Sendable {
    case flush
    case close
    case released
    case probe(Duration?)
}
