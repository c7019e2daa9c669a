import UnixControl

/// What `ofproto/trace` is asked (ovs-vswitchd(8)), as words.
struct TraceArguments: Hashable {
    /// A bridge, if one is named.
    private(set) var bridge: String?
    private(set) var flow: String
    /// For `trace`: what is assumed of connections.
    private(set) var options: [String] = []
    /// Whether the packet is also sent on its way.
    private(set) var isSent = false

    init(_ words: [String]) throws(ControlError) {
        var operands: [String] = []
        var rest = words[...]
        flow = ""
        while let word = rest.popFirst() {
            switch word {
            case "--ct-next":
                guard let flags = rest.popFirst() else {
                    throw ControlError("--ct-next needs flags such as trk,est")
                }
                options.append("--ct=" + Self.states(flags))
            case "-generate", "--generate": isSent = true
            case "-consistent", "--consistent", "-names", "--names", "ovs-system",
                "system@ovs-system":
                break
            default: operands.append(word)
            }
        }
        guard let last = operands.popLast(), operands.count <= 1 else {
            throw ControlError("a flow is required, or a bridge and a flow")
        }
        flow = last
        bridge = operands.first
    }

    /// Every packet that comes back is tracked; the rest of the flags is its state.
    private static func states(_ flags: String) -> String {
        flags.split(separator: ",").filter { $0 != "trk" }.joined(separator: ",")
    }
}
