import Glibc
import Testing

@testable import Linux

/// Names of sockets (unix(7)).
@Suite struct UnixSocketTests {
    /// One socket has a name of the abstract namespace, until it is closed.
    @Test func anAbstractNameHasOneOwner() throws {
        let name = "swift-ovn-test/\(getpid())"
        do {
            let owner = try UnixSocket.bind(abstract: name)
            // Not a prefix of it, nor a longer one.
            _ = try UnixSocket.bind(abstract: "\(name).")
            let failure = #expect(throws: SystemError.self) {
                _ = try UnixSocket.bind(abstract: name)
            }
            #expect(failure?.code == .addressInUse)
            #expect(failure.map { "\($0)" } == "bind @\(name): Address already in use")
            #expect(owner.rawValue >= 0)
        }
        _ = try UnixSocket.bind(abstract: name)
    }
}
