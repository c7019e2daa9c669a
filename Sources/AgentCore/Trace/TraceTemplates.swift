import LogicalFlow

// What `^NAME` stands for in a trace. Each chassis has its own variables, and a trace knows one chassis
// only: that of the port where the packet comes in. A stock ovn-trace has no variables at all, and leaves
// flows with templates out without a word.

struct TraceTemplates: Hashable, Sendable {
    /// Nil without a chassis that has the port.
    var chassis: String?
    var variables: [String: String] = [:]
    /// Variables of flows that have no value, so that the flows are left out.
    var missing: [String] = []

    /// The flow as the chassis reads it.
    func expanded(_ flow: FlowDescription) -> FlowDescription {
        guard !Template.variables(in: flow.match + flow.actions).isEmpty,
            case .text(let match) = Template.expand(flow.match, variables),
            case .text(let actions) = Template.expand(flow.actions, variables)
        else { return flow }
        var flow = flow
        flow.match = (try? Match(parsing: match))?.description ?? match
        flow.actions = actions
        return flow
    }

    /// A line of what is left out, empty if nothing is.
    var note: String {
        if missing.isEmpty { return "" }
        let names = missing.map { "^" + $0 }.joined(separator: ", ")
        let place = chassis.map { "on chassis \($0)" } ?? "as no chassis has the inport"
        return "# without flows of templates that have no value \(place): \(names)\n"
    }
}
