// Command lines by the rules of getopt_long(3), which the stock tools follow and scripts rely on:
// long options may be cut as long as they stay unique, `-tX`, `-t X`, `--target X` and `--target=X`
// mean the same, an optional value only follows directly, and errors have the C library's words.

/// A command line that names no known option, or lacks a value.
package struct UsageError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

package struct OptionScanner {
    package enum Value: Sendable { case none, optional, required }

    package struct Option: Sendable {
        package let name: String
        package let letter: Character?
        package let value: Value

        package init(_ name: String, _ letter: Character? = nil, _ value: Value = .none) {
            self.name = name
            self.letter = letter
            self.value = value
        }
    }

    package enum Item: Hashable, Sendable {
        case option(String, value: String?)
        case operand(String)
    }

    private let options: [Option]
    private var rest: ArraySlice<String>
    /// Letters of an argument that has several, those not taken yet.
    private var letters: Substring = ""
    private let endsAtOperand: Bool
    private var onlyOperands = false

    /// - Parameter endsAtOperand: options stand before the first operand only; what follows it
    ///   belongs to the command that it names.
    package init(_ arguments: [String], options: [Option], endsAtOperand: Bool = false) {
        rest = arguments[...]
        self.options = options
        self.endsAtOperand = endsAtOperand
    }

    /// The next option or operand; nil at the end.
    package mutating func next() throws(UsageError) -> Item? {
        if !letters.isEmpty { return try nextLetter() }
        guard let argument = rest.popFirst() else { return nil }
        if onlyOperands || argument == "-" || !argument.hasPrefix("-") {
            onlyOperands = onlyOperands || endsAtOperand
            return .operand(argument)
        }
        if argument == "--" {
            onlyOperands = true
            return try next()
        }
        if argument.hasPrefix("--") { return try long(argument) }
        letters = argument.dropFirst()
        return try nextLetter()
    }

    private mutating func nextLetter() throws(UsageError) -> Item {
        let letter = letters.removeFirst()
        guard let option = options.first(where: { $0.letter == letter }) else {
            throw UsageError("invalid option -- '\(letter)'")
        }
        guard option.value != .none else { return .option(option.name, value: nil) }
        let joined = letters.isEmpty ? nil : String(letters)
        letters = ""
        if let joined { return .option(option.name, value: joined) }
        guard option.value == .required else { return .option(option.name, value: nil) }
        guard let value = rest.popFirst() else {
            throw UsageError("option requires an argument -- '\(letter)'")
        }
        return .option(option.name, value: value)
    }

    private mutating func long(_ argument: String) throws(UsageError) -> Item {
        let parts = argument.dropFirst(2)
            .split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let option = try find(String(parts[0]), argument)
        let value = parts.count > 1 ? String(parts[1]) : nil
        switch option.value {
        case .optional: return .option(option.name, value: value)
        case .none:
            guard value == nil else {
                throw UsageError("option '--\(option.name)' doesn't allow an argument")
            }
            return .option(option.name, value: nil)
        case .required:
            guard let value = value ?? rest.popFirst() else {
                throw UsageError("option '--\(option.name)' requires an argument")
            }
            return .option(option.name, value: value)
        }
    }

    private func find(_ name: String, _ argument: String) throws(UsageError) -> Option {
        if let exact = options.first(where: { $0.name == name }) { return exact }
        let candidates = options.filter { $0.name.hasPrefix(name) }
        guard let option = candidates.first else {
            throw UsageError("unrecognized option '\(argument)'")
        }
        guard candidates.count == 1 else {
            let names = candidates.map { " '--\($0.name)'" }.joined()
            throw UsageError("option '\(argument)' is ambiguous; possibilities:\(names)")
        }
        return option
    }
}
