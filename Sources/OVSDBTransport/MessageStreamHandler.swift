import JSON
import Linux
import NIOCore

/// The I/O thread's side of one stream: frames, parses, answers probes, drains the output.
///
/// Confined to its channel's event loop.
final class MessageStreamHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// The most bytes written in one piece: the grain of progress.
    static let writeSize = 256 << 10
    /// Bytes that the channel holds; the rest waits in `output`, where it isn't copied.
    static let bytesUnderWayLimit = 1 << 20
    /// How long a stream that is being closed waits for its peer to take the rest.
    static let closingPatience = TimeAmount.seconds(5)

    let id: StreamID
    var configuration: StreamConfiguration
    private let deliver: StreamHandler
    private var splitter: JSONStream
    private var messages: [ReceivedMessage] = []
    private var messageBytes = 0
    private var arrival: MonotonicTime?
    private var isReadPending = false
    private var output = OutputQueue()
    private var bytesUnderWay = 0
    private var isClosing = false
    private var closeReason: TransportError?
    private(set) var stream: MessageStream?
    var probe = ProbeState()

    init(id: StreamID, configuration: StreamConfiguration, deliver: @escaping StreamHandler) {
        self.id = id
        self.configuration = configuration
        self.deliver = deliver
        self.splitter = JSONStream(limits: .init(size: configuration.messageSize))
    }

    // MARK: - Life

    func channelActive(context: ChannelHandlerContext) {
        let stream = MessageStream(
            id: id, peer: PeerAddress.text(context.remoteAddress), channel: context.channel)
        self.stream = stream
        deliver(.opened(stream))
        startProbing(context: context)
        readIfAllowed(context: context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        finish(.closedByPeer)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        finish(.closedHere)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        close(context: context, reason: .broken("\(error)"))
    }

    /// Closes when all queued output is gone, or after a while if the peer doesn't take it.
    private func closeWhenSent(context: ChannelHandlerContext) {
        drainOutbox(context: context)
        if bytesUnderWay == 0 {
            close(context: context, reason: .closedHere)
            return
        }
        isClosing = true
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: Self.closingPatience) {
            let (handler, context) = bound.value
            if handler.stream != nil { handler.close(context: context, reason: .closedHere) }
        }
    }

    /// Ends the stream; the first reason given is the one reported.
    func close(context: ChannelHandlerContext, reason: TransportError) {
        if closeReason == nil { closeReason = reason }
        context.close(promise: nil)
    }

    private func finish(_ reason: TransportError) {
        guard let stream else { return }
        self.stream = nil
        probe.timer?.cancel()
        deliver(.closed(stream.id, closeReason ?? reason))
    }

    // MARK: - Commands from other threads

    func triggerUserOutboundEvent(
        context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?
    ) {
        guard let command = event as? StreamCommand else {
            context.triggerUserOutboundEvent(event, promise: promise)
            return
        }
        switch command {
        case .flush: drainOutbox(context: context)
        case .close: closeWhenSent(context: context)
        case .released: readIfAllowed(context: context)
        case .probe(let interval):
            configuration.probeInterval = interval
            startProbing(context: context)
        }
        promise?.succeed()
    }
}

// MARK: - Receiving

extension MessageStreamHandler {
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        if messages.isEmpty { arrival = .now() }
        heard()
        buffer.withUnsafeReadableBytes { splitter.append($0) }
        do {
            while let bytes = try splitter.next() {
                if bytes.count > configuration.parsedSize {
                    keep(.text(bytes), bytes: bytes.count)
                } else {
                    receive(try JSON.parse(bytes), bytes: bytes.count, context: context)
                }
            }
        } catch {
            deliverMessages()
            close(context: context, reason: .badMessage("\(error)"))
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isReadPending = false
        deliverMessages()
        readIfAllowed(context: context)
    }

    /// Keeps a message for the owner, unless it belongs to a probe.
    private func receive(_ message: JSON, bytes: Int, context: ChannelHandlerContext) {
        switch ProbeMessage(message) {
        case .request(let identifier, let parameters):
            write(ProbeMessage.reply(to: identifier, parameters), context: context)
        case .reply: break
        case nil: keep(.parsed(message), bytes: bytes)
        }
    }

    private func keep(_ message: ReceivedMessage, bytes: Int) {
        messages.append(message)
        messageBytes += bytes
    }

    private func deliverMessages() {
        guard let stream, !messages.isEmpty else { return }
        stream.deliver(messageBytes)
        deliver(
            .received(
                id,
                ReceivedBatch(
                    contents: messages, bytes: messageBytes, arrival: arrival ?? .now(),
                    stream: stream)))
        messages = []
        messageBytes = 0
    }

    func readIfAllowed(context: ChannelHandlerContext) {
        guard let stream, !isReadPending else { return }
        if stream.undeliveredBytes > configuration.undeliveredBytes { return }
        if configuration.pausesOnUnsentOutput, stream.unsentBytes > configuration.unsentBytes {
            return
        }
        isReadPending = true
        context.read()
    }
}

// MARK: - Sending

extension MessageStreamHandler {
    private func drainOutbox(context: ChannelHandlerContext) {
        guard let stream else { return }
        for piece in stream.takeOutbox() { output.append(piece) }
        fill(context: context)
    }

    /// Hands the next bytes to the channel, as long as little of it is under way.
    private func fill(context: ChannelHandlerContext) {
        var hasWritten = false
        while bytesUnderWay < Self.bytesUnderWayLimit {
            var buffer = context.channel.allocator.buffer(
                capacity: min(Self.writeSize, output.count))
            output.take(upTo: Self.writeSize, into: &buffer)
            if buffer.readableBytes == 0 { break }
            write(buffer, context: context)
            hasWritten = true
        }
        if hasWritten { context.flush() }
    }

    private func write(_ buffer: ByteBuffer, context: ChannelHandlerContext) {
        let count = buffer.readableBytes
        bytesUnderWay += count
        let promise = context.eventLoop.makePromise(of: Void.self)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        promise.futureResult.whenSuccess {
            let (handler, context) = bound.value
            handler.didWrite(count, context: context)
        }
        context.write(wrapOutboundOut(buffer), promise: promise)
    }

    private func didWrite(_ count: Int, context: ChannelHandlerContext) {
        bytesUnderWay -= count
        guard let stream else { return }
        probe.bytesWritten += count
        if stream.sent(count) { deliver(.drained(id)) }
        fill(context: context)
        if isClosing, bytesUnderWay == 0 { close(context: context, reason: .closedHere) }
        readIfAllowed(context: context)
    }

    /// Writes a message of the stream's own, past the outbox and its count.
    func write(_ message: JSON, context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: message.bytes)), promise: nil)
    }
}
