import Glibc
import Linux

/// A directory of one test, which goes with the value.
final class TestDirectory {
    let path: String

    init() throws {
        var template = Array("/tmp/agent-test.XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw SystemError.last("mkdtemp") }
        path = String(cString: made)
    }

    deinit { _ = try? ChildProcess.run(["rm", "-rf", path]) }
}
