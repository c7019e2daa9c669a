import Datapath
import Pipeline
import Wire

// A packet that goes through the kernel in the middle of its pipelines is translated in several
// passes, each of which becomes a flow of its own. A trace makes them all: what the kernel would
// know of the packet when it comes back is what the pass before left of it, and what is assumed of
// its connection.

struct TraceJourney {
    /// Passes of one trace.
    private static let limit = 64

    private let names: FlowDirectory
    private var assumptions: TraceAssumptions
    private(set) var text = ""
    /// Packets that will come back, by number.
    private var waiting: [(number: UInt32, key: FlowKey)] = []
    private var passes = 0

    init(_ names: FlowDirectory, _ assumptions: TraceAssumptions) {
        self.names = names
        self.assumptions = assumptions
    }

    /// The packet that comes back next.
    mutating func next() -> (number: UInt32, key: FlowKey)? {
        guard !waiting.isEmpty, passes < Self.limit else { return nil }
        return waiting.removeFirst()
    }

    /// One pass: its steps, then the flow that the kernel would get.
    mutating func run(
        _ key: FlowKey, _ translator: inout Translator, _ snapshot: TranslationSnapshot
    ) {
        passes += 1
        let collector = StepCollector()
        translator.trace = { collector.steps.append($0) }
        let translation = translator.translate(
            TranslationInput(key: key, frame: key.frame, upcallPort: 0), in: snapshot)
        translator.trace = nil
        var steps = TranslationText(names)
        var tracking: ConnectionTracking?
        for step in collector.steps {
            steps.append(step)
            switch step {
            case .track(let found): tracking = found
            case .recirculate(_, let number, let packet):
                waiting.append((number, packet.returned(number, tracking)))
                tracking = nil
            default: break
            }
        }
        text += steps.text + AgentTrace.summary(translation, key, names)
    }

    mutating func resume(
        _ number: UInt32, _ key: FlowKey, _ translator: inout Translator,
        _ snapshot: TranslationSnapshot
    ) {
        var key = key
        var title = "recirc(0x\(String(number, radix: 16)))"
        if key[.ctState] != 0 {
            let (state, comment) = assumptions.nextState()
            key[.ctState] |= state.rawValue
            let flags = ConnectionFlags(rawValue: key[.ctState])
            title += " - resume conntrack with ct_state=\(flags.text)\(comment)"
        }
        let rule = String(repeating: "=", count: title.utf8.count)
        text += "\n\(rule)\n\(title)\n\(rule)\n"
        run(key, &translator, snapshot)
    }

    /// Hears the steps of one translation.
    private final class StepCollector {
        var steps: [TranslationStep] = []
    }
}

extension FlowKey {
    /// This packet when it comes back from the kernel; tracked, if it was on the way.
    fileprivate func returned(_ number: UInt32, _ tracking: ConnectionTracking?) -> FlowKey {
        var key = self
        for word in 0..<FlowKey.firstKernelWord { key.words[word] = 0 }
        key[.recirculationID] = UInt64(number)
        guard let tracking else { return key }
        key[.ctState] = ConnectionState.tracked
        key[.ctZone] = UInt64(tracking.zone)
        if let mark = tracking.mark { key[.ctMark] = UInt64(mark.value) }
        if let label = tracking.label { key[wide: .ctLabel] = label.value }
        key.rememberTuple(of: self)
        if let translation = tracking.translation { key.apply(translation) }
        return key
    }

    private mutating func apply(_ translation: ConnectionTracking.Translation) {
        guard let direction = translation.direction,
            let address = translation.addresses?.lowerBound
        else { return }
        let isSource = direction == .source
        switch address {
        case .v4(let address):
            self[isSource ? .ipv4Source : .ipv4Destination] = UInt64(address.bits)
        case .v6(let address):
            self[wide: isSource ? .ipv6Source : .ipv6Destination] = address.bits
        }
        if let port = translation.ports?.lowerBound {
            self[isSource ? .sourcePort : .destinationPort] = UInt64(port)
        }
        self[.ctState] |=
            isSource ? ConnectionState.sourceNAT : ConnectionState.destinationNAT
    }
}
