import Testing

@testable import OVSDBTransport

struct ConnectionMethodTests {
    @Test(arguments: [
        ("tcp:192.0.2.1:6641", ConnectionMethod.tcp(host: "192.0.2.1", port: 6641)),
        ("tcp:db.example.org", .tcp(host: "db.example.org", port: 6640)),
        ("ssl:[2001:db8::1]:6642", .tls(host: "2001:db8::1", port: 6642)),
        ("tcp:[::1]", .tcp(host: "::1", port: 6640)),
        ("unix:/run/ovn/ovnnb_db.sock", .unix(path: "/run/ovn/ovnnb_db.sock")),
        ("unix:a:b", .unix(path: "a:b")),
        ("ptcp:", .passiveTCP(host: nil, port: 6640)),
        ("ptcp:6641", .passiveTCP(host: nil, port: 6641)),
        ("ptcp:0:127.0.0.1", .passiveTCP(host: "127.0.0.1", port: 0)),
        ("ptcp:6641:[::]", .passiveTCP(host: "::", port: 6641)),
        ("ptcp::127.0.0.1", .passiveTCP(host: "127.0.0.1", port: 6640)),
        ("pssl:6641:0.0.0.0", .passiveTLS(host: "0.0.0.0", port: 6641)),
        ("punix:db.sock", .passiveUnix(path: "db.sock")),
    ])
    func parses(text: String, method: ConnectionMethod) throws {
        #expect(try ConnectionMethod(parsing: text) == method)
        #expect(try ConnectionMethod(parsing: method.description) == method)
    }

    @Test(arguments: [
        "", "tcp", "tcp:", "tcp::6640", "tcp:h:x", "tcp:h:70000", "tcp:[::1", "tcp:[::1]6640",
        "udp:h:1", "unix:", "ptcp:70000", "ptcp:1:[::1]:2", "127.0.0.1:6640",
    ])
    func refuses(text: String) {
        #expect(throws: ConnectionMethodError.self) { try ConnectionMethod(parsing: text) }
    }

    @Test func listsTheServersOfACluster() throws {
        let methods = try ConnectionMethod.list(
            parsing: "tcp:a:1,cid:12345678-1234-1234-1234-123456789abc,ssl:b:2")
        #expect(methods == [.tcp(host: "a", port: 1), .tls(host: "b", port: 2)])
        #expect(throws: ConnectionMethodError.self) { try ConnectionMethod.list(parsing: ",") }
    }
}
