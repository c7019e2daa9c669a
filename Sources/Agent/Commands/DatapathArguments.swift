import UnixControl

/// The arguments that the dpctl/ commands of ovs-vswitchd(8) have in common: options first, then
/// the datapath, if it is named, then what each command takes.
struct DatapathArguments: Equatable {
    var isVerbose = false
    var hasStatistics = false
    /// Nil where nothing is said.
    var hasNames: Bool?
    /// What follows the datapath.
    var operands: [String] = []

    init(_ words: [String]) throws(ControlError) {
        let options = words.prefix { $0.hasPrefix("-") && $0 != "-" }
        for option in options { try take(option) }
        operands = Array(words.dropFirst(options.count))
        guard let first = operands.first else { return }
        if Self.datapath.contains(first) {
            operands.removeFirst()
        } else if first.contains("@") {
            throw ControlError("no datapath \(first) (there is \(Self.datapath[0]))")
        }
    }

    private static let datapath = [
        "system@\(KernelDriver.datapathName)", KernelDriver.datapathName,
    ]

    private mutating func take(_ option: String) throws(ControlError) {
        switch option {
        case "--statistics": hasStatistics = true
        case "--more": isVerbose = true
        case "--names": hasNames = true
        case "--no-names": hasNames = false
        case _ where option.hasPrefix("--"): throw ControlError("Unrecognized option \(option)")
        default:
            for letter in option.dropFirst() {
                switch letter {
                case "m": isVerbose = true
                case "s": hasStatistics = true
                default: throw ControlError("Unrecognized option -\(letter)")
                }
            }
        }
    }

    /// Takes `zone=N`, the last operand, if it is there.
    mutating func takeZone() throws(ControlError) -> UInt16? {
        guard let word = operands.last, word.hasPrefix("zone=") else { return nil }
        guard let zone = UInt16(word.dropFirst("zone=".count)) else {
            throw ControlError("failed to parse zone (\(word))")
        }
        operands.removeLast()
        return zone
    }

    /// For commands that take nothing more.
    func end() throws(ControlError) {
        guard let word = operands.first else { return }
        throw ControlError("no datapath \(word) (there is \(Self.datapath[0]))")
    }
}
