import Glibc

/// The memory of this process as the kernel counts it, in bytes (proc(5), /proc/PID/status).
package struct ProcessMemory: Equatable, Sendable {
    /// VmRSS: in physical memory now.
    package var resident: Int
    /// VmHWM: the largest `resident` so far.
    package var peakResident: Int
    /// VmSize: mapped addresses.
    package var virtual: Int

    package static func current() throws(SystemError) -> ProcessMemory {
        try ProcessMemory(parsing: readFile("/proc/self/status"))
    }

    /// Reads the text of a status file; a line that is missing counts as zero.
    package init(parsing status: [UInt8]) {
        resident = Self.bytes(of: "VmRSS:", in: status)
        peakResident = Self.bytes(of: "VmHWM:", in: status)
        virtual = Self.bytes(of: "VmSize:", in: status)
    }

    private static func bytes(of key: String, in status: [UInt8]) -> Int {
        for line in status.split(separator: UInt8(ascii: "\n")) where line.starts(with: key.utf8) {
            let digits = line.filter { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            return (Int(String(decoding: digits, as: UTF8.self)) ?? 0) * 1024
        }
        return 0
    }
}
