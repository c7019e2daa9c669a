import Linux

/// Something asked of the kernel's eBPF that was not done.
package struct BPFError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was tried ("load", "attach", "map update").
    package let operation: String
    /// The program, the map or the device.
    package let place: String
    package let code: ErrorCode
    /// What else there is to say. May be empty.
    package let text: String

    package init(_ operation: String, place: String, code: ErrorCode, text: String = "") {
        self.operation = operation
        self.place = place
        self.code = code
        self.text = text
    }

    package var description: String {
        "\(operation) \(place): \(text.isEmpty ? "\(code)" : text)"
    }
}

/// Turns an answer of libbpf, which is `-errno` when it failed, into the error.
@discardableResult
func accepted(
    _ operation: String, _ place: @autoclosure () -> String, _ result: Int32
) throws(BPFError) -> Int32 {
    guard result < 0 else { return result }
    throw BPFError(operation, place: place(), code: ErrorCode(rawValue: -result))
}

/// What an options structure of libbpf says of its size: up to its last field. The bytes that fill it
/// up are whatever was in memory, and libbpf wants zeros where it expects nothing.
func size<Options, Field>(through field: KeyPath<Options, Field>) -> Int {
    MemoryLayout<Options>.offset(of: field).map { $0 + MemoryLayout<Field>.size } ?? 0
}
