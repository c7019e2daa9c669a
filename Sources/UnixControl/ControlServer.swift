// The control socket of a daemon: a Unix socket on which `ovn-appctl` and `ovs-appctl` send one
// JSON-RPC 1.0 request per command and print the answer. Framing is that of OVSDB: messages follow
// each other without a separator. Commands run on the daemon's owner thread, in the order received.

import Glibc
import JSON
import Linux
import Logging
import NIOCore
import NIOPosix

/// A control socket in service.
package final class ControlServer: Sendable {
    package let path: String
    private let group: MultiThreadedEventLoopGroup
    private let channel: any Channel

    static let received = CoverageCounter("unixctl_received")
    static let replied = CoverageCounter("unixctl_replied")

    /// The most bytes of one request.
    static let requestSize = 1 << 20

    package enum Failure: Error, CustomStringConvertible {
        case system(SystemError)
        case io(String)

        package var description: String {
            switch self {
            case .system(let error): "\(error)"
            case .io(let text): text
            }
        }
    }

    /// Listens on `path` and runs the registry's commands on `loop`, whose owner calls this.
    package init(
        path: String, registry: ControlRegistry, loop: Linux.EventLoop
    ) throws(Failure) {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let bound = LoopBound(registry, loop: loop)
        let submit: @Sendable (ControlRequest) -> Void = { request in
            loop.post { bound.value.run(request) }
        }
        do {
            let socket = try UnixSocket.bind(path: path)
            channel = try ServerBootstrap(group: group)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(
                            ControlHandler(submit: submit))
                    }
                }
                .withBoundSocket(socket.release()).wait()
        } catch let error as SystemError {
            throw .system(error)
        } catch {
            throw .io("\(error)")
        }
        self.path = path
        self.group = group
    }

    /// The control socket of a daemon that needs nothing before it ends: `exit` stops the loop. Nil
    /// if the options ask for none. `register` adds the daemon's own commands.
    package static func start(
        for options: DaemonOptions, loop: Linux.EventLoop,
        register: (ControlRegistry) -> Void
    ) throws(Failure) -> ControlServer? {
        guard let path = options.controlSocketPath(process: getpid()) else { return nil }
        let registry = ControlRegistry()
        registry.registerStandardCommands(program: options.program, loop: loop) { request in
            request.reply("")
            loop.stop()
        }
        register(registry)
        return try ControlServer(path: path, registry: registry, loop: loop)
    }

    /// Sends the answers that are queued, removes the socket and ends its thread.
    package func close() {
        UnixSocket.remove(path: path)
        do {
            try group.syncShutdownGracefully()
        } catch {
            Logger(label: "unixctl").warning("control socket did not close", error: error)
        }
    }
}

/// One client's connection, confined to its channel's thread.
private final class ControlHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let submit: @Sendable (ControlRequest) -> Void
    private var splitter = JSONStream(limits: .init(size: ControlServer.requestSize))
    private var format = ReplyFormat.text

    init(submit: @escaping @Sendable (ControlRequest) -> Void) { self.submit = submit }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        unwrapInboundIn(data).withUnsafeReadableBytes { splitter.append($0) }
        do {
            while let message = try splitter.nextValue() { handle(message, context: context) }
        } catch {
            context.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func handle(_ message: JSON, context: ChannelHandlerContext) {
        guard let method = message["method"]?.string, let identifier = message["id"],
            !identifier.isNull, let parameters = message["params"]?.array
        else {
            context.close(promise: nil)
            return
        }
        ControlServer.received.hit()
        let channel = context.channel
        let arguments = parameters.compactMap(\.string)
        guard arguments.count == parameters.count else {
            Self.send(
                .failure(ControlError("\"\(method)\" command has non-string argument")),
                to: identifier, on: channel)
            return
        }
        if method == ReplyFormat.command, let wanted = try? ReplyFormat(arguments) {
            format = wanted
        }
        let format = self.format
        submit(
            ControlRequest(command: method, arguments: arguments) { result in
                Self.send(result, to: identifier, on: channel, format)
            })
    }

    private static func send(
        _ result: Result<String, ControlError>, to identifier: JSON, on channel: any Channel,
        _ format: ReplyFormat = .text
    ) {
        ControlServer.replied.hit()
        let reply: JSON =
            switch result {
            case .success(let text):
                ["id": identifier, "result": format.result(ended(text)), "error": nil]
            case .failure(let error):
                ["id": identifier, "result": nil, "error": .string(ended(error.text))]
            }
        channel.writeAndFlush(ByteBuffer(bytes: reply.bytes), promise: nil)
    }

    /// Text ended by a newline: clients before Open vSwitch 3.4 print it as it comes.
    private static func ended(_ text: String) -> String {
        text.isEmpty || text.hasSuffix("\n") ? text : text + "\n"
    }
}
