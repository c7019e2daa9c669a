import Pipeline

/// One table of a logical datapath.
package struct LogicalStage: Hashable, Sendable {
    package let datapath: DatapathKey
    package let stage: Stage

    package init(_ datapath: DatapathKey, _ stage: Stage) {
        self.datapath = datapath
        self.stage = stage
    }
}

extension LogicalStage {
    /// The table after this one; nil after the last.
    var next: LogicalStage? {
        guard stage.table + 1 < PipelineLimits.tables else { return nil }
        return LogicalStage(datapath, Stage(stage.pipeline, stage.table + 1))
    }
}

extension Instruction.Generator {
    /// The action's name in the language.
    package var name: String {
        switch self {
        case .arp: "arp"
        case .ndNS: "nd_ns"
        case .ndNA: "nd_na"
        case .ndNARouter: "nd_na_router"
        case .icmp4: "icmp4"
        case .icmp4Error: "icmp4_error"
        case .icmp6: "icmp6"
        case .icmp6Error: "icmp6_error"
        case .tcpReset: "tcp_reset"
        case .sctpAbort: "sctp_abort"
        case .reject: "reject"
        }
    }
}

extension KeySpan {
    /// The word of the key and the place in it of bit `index` of this run.
    func place(_ index: Int) -> (word: Int, bit: Int) {
        let bit = Int(shift) + index
        return (Int(word) - bit / 64, bit & 63)
    }

    /// How many bits from `index` on are next to each other in one word.
    func runLength(from index: Int) -> Int {
        min(Int(width) - index, 64 - ((Int(shift) + index) & 63))
    }

    /// reg0...reg9.
    static func register(_ number: Int) -> KeySpan { KeySpan(.register(number)) }
}
