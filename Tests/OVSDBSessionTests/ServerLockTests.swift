import JSON
import Testing

@testable import OVSDBSession

/// A lock table in a test's hand.
private final class Locks {
    private var table = LockTable()
    let a = SessionID(1)
    let b = SessionID(2)
    let c = SessionID(3)

    var owner: SessionID? { table.owner(of: "x") }
    func lock(_ session: SessionID) -> Bool { table.lock("x", for: session) }
    func steal(_ session: SessionID) -> SessionID? { table.steal("x", for: session) }
    func unlock(_ session: SessionID) -> SessionID? { table.unlock("x", for: session) }
}

struct LockTableTests {
    private let locks = Locks()

    @Test func waitersComeInTheOrderOfAsking() {
        #expect(locks.lock(locks.a))
        #expect(!locks.lock(locks.b))
        #expect(!locks.lock(locks.c))
        #expect(locks.unlock(locks.b) == nil, "one who waits leaves silently")
        #expect(locks.unlock(locks.a) == locks.c)
        #expect(locks.unlock(locks.c) == nil)
        #expect(locks.owner == nil)
    }

    @Test func theRobbedComesNext() {
        #expect(locks.lock(locks.a))
        #expect(!locks.lock(locks.b))
        #expect(locks.steal(locks.c) == locks.a)
        #expect(locks.owner == locks.c)
        #expect(locks.unlock(locks.c) == locks.a)
    }

    @Test func aThiefThatIsRobbedDoesNotComeBack() {
        #expect(locks.lock(locks.a))
        #expect(locks.steal(locks.b) == locks.a)
        #expect(locks.steal(locks.c) == locks.b)
        #expect(locks.unlock(locks.c) == locks.a)
        #expect(locks.unlock(locks.b) == nil)
    }

    @Test func stealingWhatNobodyHasRobsNobody() {
        #expect(locks.steal(locks.a) == nil)
        #expect(locks.owner == locks.a)
    }
}

struct ServerLockTests {
    @Test func ownersAreToldWhatTheyDidNotAskFor() throws {
        let server = try ServerHarness()
        let (a, b, c) = (server.connect(), server.connect(), server.connect())
        #expect(server.ask(a, "lock", ["x"]).last?["result"] == ["locked": true])
        #expect(server.ask(b, "lock", ["x"]).last?["result"] == ["locked": false])
        #expect(server.ask(c, "steal", ["x"]).last?["result"] == ["locked": true])
        #expect(server.take(a) == [["id": nil, "method": "stolen", "params": ["x"]]])
        server.handle(.closed(c))
        #expect(server.take(a) == [["id": nil, "method": "locked", "params": ["x"]]])
        #expect(server.ask(a, "unlock", ["x"]).last?["result"] == [:])
        #expect(server.take(b) == [["id": nil, "method": "locked", "params": ["x"]]])
    }

    @Test func assertHoldsForTheOwnerOnly() throws {
        let server = try ServerHarness()
        let (a, b) = (server.connect(), server.connect())
        _ = server.ask(a, "lock", ["x"])
        let assertion: JSON = ["op": "assert", "lock": "x"]
        #expect(server.transact(a, assertion) == [[:]])
        #expect(server.transact(b, assertion)?[0]?["error"] == "not owner")
    }

    @Test func oneRequestPerNameUntilUnlock() throws {
        let server = try ServerHarness()
        let a = server.connect()
        _ = server.ask(a, "lock", ["x"])
        #expect(
            server.ask(a, "lock", ["x"]).last?["error"]?["details"]
                == "must issue \"unlock\" before new \"lock\"")
        #expect(server.ask(a, "unlock", ["y"]).last?["error"]?["error"] == "syntax error")
        #expect(server.ask(a, "lock", ["7"]).last?["error"]?["error"] == "syntax error")
    }

    @Test func aReadOnlySessionLocksAndWritesNothing() throws {
        let server = try ServerHarness()
        let a = server.connect(isReadOnly: true)
        #expect(
            server.ask(a, "lock", ["x"]).last?["error"]
                == "lock and unlock methods not allowed, DB server is read only.")
        #expect(server.transact(a, ServerHarness.insert("cat"))?[0]?["error"] == "not allowed")
        #expect(server.transact(a, ["op": "select", "table": "Animal", "where": []]) != nil)
    }
}
