/// Why a stream could not be opened or has ended.
package enum TransportError: Error, Hashable, Sendable, CustomStringConvertible {
    /// TLS methods parse but nothing carries them yet.
    case notSupported(ConnectionMethod)
    /// A method that calls was given where one that listens is needed, or the reverse.
    case wrongDirection(ConnectionMethod)
    case cannotConnect(ConnectionMethod, reason: String)
    case cannotListen(ConnectionMethod, reason: String)
    /// The peer closed its end in order.
    case closedByPeer
    /// This end asked for it.
    case closedHere
    /// A read or write failed.
    case broken(String)
    /// The peer sent something that is not JSON, or past a limit.
    case badMessage(String)
    /// Nothing was heard for two probe intervals.
    case noResponse

    package var description: String {
        switch self {
        case .notSupported(let method): "\(method): TLS is not supported yet"
        case .wrongDirection(let method): "\(method): this kind of method is not usable here"
        case .cannotConnect(let method, let reason):
            "\(method): connection attempt failed (\(reason))"
        case .cannotListen(let method, let reason): "\(method): listen failed (\(reason))"
        case .closedByPeer: "connection closed by peer"
        case .closedHere: "connection closed"
        case .broken(let reason): "connection dropped (\(reason))"
        case .badMessage(let reason): "bad message (\(reason))"
        case .noResponse: "no response to inactivity probe"
        }
    }
}
