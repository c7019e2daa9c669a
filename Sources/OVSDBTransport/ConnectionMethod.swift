/// How one end of an OVSDB session is reached: the method strings of ovsdb(7),
/// "Connection Methods", such as `tcp:192.0.2.1:6641`, `ptcp:6641:[::]`, `unix:/run/ovn/x.sock`.
///
/// `description` prints the canonical string, which parses back to an equal value.
package enum ConnectionMethod: Hashable, Sendable {
    case tcp(host: String, port: Int)
    case tls(host: String, port: Int)
    case unix(path: String)
    /// Port 0 lets the kernel choose. No host means every IPv4 address, `::` every address.
    case passiveTCP(host: String?, port: Int)
    case passiveTLS(host: String?, port: Int)
    case passiveUnix(path: String)

    /// The port registered for OVSDB (RFC 7047 §7).
    package static let defaultPort = 6640

    /// True for a method that waits for peers, false for one that calls them.
    package var isPassive: Bool {
        switch self {
        case .passiveTCP, .passiveTLS, .passiveUnix: true
        case .tcp, .tls, .unix: false
        }
    }

    package var isUnix: Bool {
        switch self {
        case .unix, .passiveUnix: true
        case .tcp, .tls, .passiveTCP, .passiveTLS: false
        }
    }
}

/// A text that is no connection method.
package struct ConnectionMethodError: Error, Hashable, Sendable, CustomStringConvertible {
    package let text: String
    package let reason: String

    package init(text: String, reason: String) {
        self.text = text
        self.reason = reason
    }

    package var description: String { "\(text): \(reason)" }

    /// A method that waits for peers where one that calls a server is needed.
    package static func passive(_ method: ConnectionMethod) -> ConnectionMethodError {
        ConnectionMethodError(text: "\(method)", reason: "no method to call a server by")
    }
}

extension ConnectionMethod {
    package init(parsing text: String) throws(ConnectionMethodError) {
        guard let colon = text.firstIndex(of: ":") else {
            throw ConnectionMethodError(text: text, reason: "expected METHOD:ADDRESS")
        }
        let rest = text[text.index(after: colon)...]
        switch text[..<colon] {
        case "tcp": self = try Self.active(rest, of: text) { .tcp(host: $0, port: $1) }
        case "ssl": self = try Self.active(rest, of: text) { .tls(host: $0, port: $1) }
        case "ptcp": self = try Self.passive(rest, of: text) { .passiveTCP(host: $0, port: $1) }
        case "pssl": self = try Self.passive(rest, of: text) { .passiveTLS(host: $0, port: $1) }
        case "unix": self = .unix(path: try Self.path(rest, of: text))
        case "punix": self = .passiveUnix(path: try Self.path(rest, of: text))
        default: throw ConnectionMethodError(text: text, reason: "unknown connection method")
        }
    }

    /// A comma-separated list of methods, as clients of a cluster are given.
    ///
    /// A `cid:UUID` element, which names the cluster and no server, is left out.
    package static func list(
        parsing text: String
    ) throws(ConnectionMethodError) -> [ConnectionMethod] {
        var methods: [ConnectionMethod] = []
        for element in text.split(separator: ",") where !element.hasPrefix("cid:") {
            methods.append(try ConnectionMethod(parsing: String(element)))
        }
        if methods.isEmpty { throw ConnectionMethodError(text: text, reason: "no remote given") }
        return methods
    }

    private static func path(
        _ rest: Substring, of text: String
    ) throws(ConnectionMethodError) -> String {
        if rest.isEmpty { throw ConnectionMethodError(text: text, reason: "path is missing") }
        return String(rest)
    }

    /// `HOST[:PORT]`, an IPv6 host in brackets.
    private static func active(
        _ rest: Substring, of text: String, _ make: (String, Int) -> ConnectionMethod
    ) throws(ConnectionMethodError) -> ConnectionMethod {
        let (host, tail) = try splitHost(rest, of: text)
        if host.isEmpty { throw ConnectionMethodError(text: text, reason: "host is missing") }
        return make(String(host), try port(tail, of: text))
    }

    /// `[PORT][:HOST]`.
    private static func passive(
        _ rest: Substring, of text: String, _ make: (String?, Int) -> ConnectionMethod
    ) throws(ConnectionMethodError) -> ConnectionMethod {
        guard let colon = rest.firstIndex(of: ":") else {
            return make(nil, try port(rest, of: text))
        }
        let (host, tail) = try splitHost(rest[rest.index(after: colon)...], of: text)
        guard tail.isEmpty else {
            throw ConnectionMethodError(text: text, reason: "text after the address")
        }
        return make(host.isEmpty ? nil : String(host), try port(rest[..<colon], of: text))
    }

    /// Splits at the colon after the host; the host without its brackets.
    private static func splitHost(
        _ text: Substring, of whole: String
    ) throws(ConnectionMethodError) -> (host: Substring, tail: Substring) {
        guard text.first == "[" else {
            let colon = text.firstIndex(of: ":") ?? text.endIndex
            return (text[..<colon], text[colon...].dropFirst())
        }
        guard let bracket = text.firstIndex(of: "]") else {
            throw ConnectionMethodError(text: whole, reason: "unbalanced bracket")
        }
        let tail = text[text.index(after: bracket)...]
        guard tail.isEmpty || tail.first == ":" else {
            throw ConnectionMethodError(text: whole, reason: "text after the bracket")
        }
        return (text[text.index(after: text.startIndex)..<bracket], tail.dropFirst())
    }

    private static func port(
        _ text: Substring, of whole: String
    ) throws(ConnectionMethodError) -> Int {
        if text.isEmpty { return defaultPort }
        guard let port = UInt16(text) else {
            throw ConnectionMethodError(text: whole, reason: "bad port number \"\(text)\"")
        }
        return Int(port)
    }
}

extension ConnectionMethod {
    /// The method with a relative path taken to be in `directory`, unless that is empty.
    package func resolved(in directory: String) -> ConnectionMethod {
        func absolute(_ path: String) -> String {
            path.hasPrefix("/") || directory.isEmpty ? path : "\(directory)/\(path)"
        }
        return switch self {
        case .unix(let path): .unix(path: absolute(path))
        case .passiveUnix(let path): .passiveUnix(path: absolute(path))
        case .tcp, .tls, .passiveTCP, .passiveTLS: self
        }
    }
}

extension ConnectionMethod: CustomStringConvertible {
    package var description: String {
        switch self {
        case .tcp(let host, let port): "tcp:\(Self.bracketed(host)):\(port)"
        case .tls(let host, let port): "ssl:\(Self.bracketed(host)):\(port)"
        case .unix(let path): "unix:\(path)"
        case .passiveTCP(let host, let port): "ptcp:\(Self.passiveText(host, port))"
        case .passiveTLS(let host, let port): "pssl:\(Self.passiveText(host, port))"
        case .passiveUnix(let path): "punix:\(path)"
        }
    }

    private static func passiveText(_ host: String?, _ port: Int) -> String {
        host.map { "\(port):\(bracketed($0))" } ?? "\(port)"
    }

    static func bracketed(_ host: String) -> String {
        host.contains(":") ? "[\(host)]" : host
    }
}
