/// The options about TLS, as stock daemons spell them.
///
/// Start scripts pass them whether or not a remote uses TLS, so they are read although nothing here
/// speaks TLS yet: a remote that asks for it (`ssl:`, `pssl:`) is refused by its own name.
package struct SecurityOptions: Equatable, Sendable {
    /// PEM files.
    package var privateKey: String?
    package var certificate: String?
    package var authority: String?
    /// Where to keep the authority that the first peer presents.
    package var bootstrapAuthority: String?
    /// The authority that clients are shown (ovsdb-server).
    package var peerAuthority: String?
    package var protocols: String?
    package var ciphers: String?
    package var cipherSuites: String?
    package var serverName: String?

    package init() {}

    private typealias Place = WritableKeyPath<SecurityOptions, String?> & Sendable

    private static let places: [String: Place] = [
        "--private-key": \.privateKey, "-p": \.privateKey,
        "--certificate": \.certificate, "-c": \.certificate,
        "--ca-cert": \.authority, "-C": \.authority,
        "--bootstrap-ca-cert": \.bootstrapAuthority, "--peer-ca-cert": \.peerAuthority,
        "--ssl-protocols": \.protocols, "--ssl-ciphers": \.ciphers,
        "--ssl-ciphersuites": \.cipherSuites, "--ssl-server-name": \.serverName,
    ]

    /// Whether a word, such as `--certificate` or `-c`, is one of these options; each has a value.
    static func has(_ name: some StringProtocol) -> Bool { places[String(name)] != nil }

    /// Sets what an option of this set stands for.
    mutating func set(_ name: some StringProtocol, to value: String) {
        guard let place = Self.places[String(name)] else { return }
        self[keyPath: place] = value
    }
}
