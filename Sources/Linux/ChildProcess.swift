import CLinux
import Glibc

/// A program run to its end, with what it printed.
package struct ChildProcess: Sendable {
    /// The exit status, or 128 + the signal that ended it.
    package let status: Int32
    /// Standard output and error together.
    package let output: String

    /// Runs a program found in PATH and waits; no shell is in between.
    package static func run(_ arguments: [String]) throws(SystemError) -> ChildProcess {
        let pipe = try FileDescriptor.pipe()
        let child = try spawn(arguments, output: pipe.second.rawValue)
        let output = try collect(pipe)
        let status = try checkedNegative("waitpid", place: arguments.first ?? "") {
            clinux_wait(child)
        }
        return ChildProcess(status: status, output: String(decoding: output, as: UTF8.self))
    }

    /// Consumes the pair, so that the write end is closed and the reader sees the child's end.
    private static func collect(_ pipe: consuming DescriptorPair) throws(SystemError) -> [UInt8] {
        let reader = try pipe.first.duplicate()
        _ = consume pipe
        return try reader.readToEnd()
    }

    private static func spawn(_ arguments: [String], output: Int32) throws(SystemError) -> pid_t {
        var vector: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
        vector.append(nil)
        defer { for argument in vector { free(argument) } }
        var child: pid_t = 0
        try checkedNegative("posix_spawn", place: arguments.first ?? "") {
            clinux_spawn(vector, output, &child)
        }
        return child
    }
}
