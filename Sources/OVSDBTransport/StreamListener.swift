import Linux
import NIOCore
import NIOPosix
import Synchronization

/// A passive connection method in service: accepts peers until it is closed.
package final class StreamListener: Sendable {
    package let method: ConnectionMethod
    /// The TCP port in use; nil for a Unix socket.
    package let boundPort: Int?

    private let channel: any Channel

    /// Connections that the kernel holds until they are accepted.
    private static let backlog: Int32 = 64

    /// Binds and listens; when this returns, peers can connect. Not for an I/O thread.
    ///
    /// The events of all accepted streams go to `deliver`, on I/O threads.
    package init(
        on method: ConnectionMethod, threads: IOThreads, configuration: StreamConfiguration? = nil,
        deliver: @escaping StreamHandler
    ) throws(TransportError) {
        self.method = method
        let bootstrap = Self.bootstrap(
            threads, configuration ?? .server(for: method), isTCP: !method.isUnix, deliver)
        do {
            switch method {
            case .passiveTCP(let host, let port):
                channel = try bootstrap.bind(host: host ?? "0.0.0.0", port: port).wait()
            case .passiveUnix(let path):
                channel = try bootstrap.withBoundSocket(
                    UnixSocket.bind(path: path).release()
                ).wait()
            case .passiveTLS: throw TransportError.notSupported(method)
            case .tcp, .tls, .unix: throw TransportError.wrongDirection(method)
            }
        } catch let error as TransportError {
            throw error
        } catch {
            throw .cannotListen(method, reason: FailureText.describe(error))
        }
        boundPort = channel.localAddress?.port
    }

    /// Stops accepting and removes a Unix socket's name; when this returns, the port is free.
    /// Accepted streams live on. Not for an I/O thread.
    package func close() {
        do {
            try channel.close().wait()
        } catch {
            // It was closed before.
        }
        if case .passiveUnix(let path) = method { UnixSocket.remove(path: path) }
    }

    private static func bootstrap(
        _ threads: IOThreads, _ configuration: StreamConfiguration, isTCP: Bool,
        _ deliver: @escaping StreamHandler
    ) -> ServerBootstrap {
        let bootstrap = ServerBootstrap(group: threads.group)
            .serverChannelOption(.backlog, value: backlog)
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        MessageStreamHandler(
                            id: .next(), configuration: configuration, deliver: deliver))
                }
            }
        guard isTCP else { return bootstrap }
        return
            bootstrap
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
    }
}
