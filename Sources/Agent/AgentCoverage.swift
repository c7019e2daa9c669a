import AgentCore
import Linux

/// What an agent counts for `coverage/show`, under the names that operators know from
/// ovn-controller(8) and ovs-vswitchd(8).
enum AgentCoverage {
    /// Compilations of changed logical flows, and of where ports are.
    static let flowRuns = CoverageCounter("lflow_run")
    static let physicalRuns = CoverageCounter("physical_run")
    /// Packets that the datapath handed up.
    static let packetsIn = CoverageCounter("pinctrl_total_pin_pkts")
    /// Times that a port's queue of such packets was full.
    static let overflows = CoverageCounter("netlink_overflow")
    /// Messages in such a queue that are no packets.
    static let malformed = CoverageCounter("netlink_malformed")
    static let puts = CoverageCounter("dpif_flow_put")
    /// Flows that were translated again because something that they depend on has changed.
    static let rechecks = CoverageCounter("dpif_flow_recheck")
    static let refusedPuts = CoverageCounter("dpif_flow_put_error")
    static let deletions = CoverageCounter("dpif_flow_del")
    /// Exchanges of which nobody knows what the kernel did, and lists of its flows to find out.
    static let brokenExchanges = CoverageCounter("netlink_broken")
    static let settlements = CoverageCounter("dpif_flow_settle")
    /// Flows that went because their port, or the host, had all that it may have; flows that compare
    /// more than they need to, because there are as many masks as there may be.
    static let evictions = CoverageCounter("flow_evicted")
    static let narrowings = CoverageCounter("flow_narrowed")
    /// Packets that went on without a flow, because no mask was left that compares enough.
    static let unmasked = CoverageCounter("flow_unmasked")
    static let executions = CoverageCounter("dpif_execute")
    /// Packets on their way that the kernel did not take.
    static let refusedPackets = CoverageCounter("dpif_execute_error")
    /// Services that packets did not get because their port has had what it may have in a second
    /// (`control_limits`), and packets that a meter of the configuration has kept from the agent.
    static let limited = Dictionary(
        uniqueKeysWithValues: ServiceClass.allCases.map {
            ($0, CoverageCounter("control_limit_\($0.control.rawValue)"))
        })
    static let metered = CoverageCounter("control_meter")
    /// Lessons that the datapath thread keeps to itself for now, where ovn-controller has a ring to its main
    /// thread, and those that a full queue to the database gave up.
    static let refusedNeighbours = CoverageCounter("pinctrl_ring_full_put_mac_binding")
    static let refusedAddresses = CoverageCounter("pinctrl_ring_full_put_fdb")
    static let droppedNeighbours = CoverageCounter("pinctrl_drop_put_mac_binding")
    static let droppedAddresses = CoverageCounter("pinctrl_drop_put_fdb")
    /// Stations of provider bridges that were not learned, for the rate of their port.
    static let refusedStations = CoverageCounter("mac_learning_refused")
    /// Packets that made room for others that wait for a next hop, too.
    static let displacedPackets = CoverageCounter("pinctrl_drop_buffered_packets_map")
    /// Events of the CMS, and claims of virtual ports, that were refused or given up.
    static let droppedEvents = CoverageCounter("pinctrl_drop_controller_event")
    static let droppedBindings = CoverageCounter("pinctrl_drop_put_vport_binding")
    /// Packets that came up for collectors, those that the kernel or the exporter had no room or no
    /// collector for, and messages that were sent or could not be.
    static let samples = CoverageCounter("ipfix_samples")
    static let lostSamples = CoverageCounter("ipfix_samples_lost")
    static let exports = CoverageCounter("ipfix_messages")
    static let failedExports = CoverageCounter("ipfix_messages_error")
    static let questions = CoverageCounter("dns_query_total")
    static let addressQuestions = CoverageCounter("dns_query_type_a")
    static let address6Questions = CoverageCounter("dns_query_type_aaaa")
    static let nameQuestions = CoverageCounter("dns_query_type_ptr")
    static let questionsForAll = CoverageCounter("dns_query_type_any")
    static let otherQuestions = CoverageCounter("dns_query_type_other")
    static let knownNames = CoverageCounter("dns_cache_hit")
    static let unknownNames = CoverageCounter("dns_cache_miss")
    static let truncatedQuestions = CoverageCounter("dns_error_truncated")
    static let withoutQuestion = CoverageCounter("dns_error_no_query")
    static let malformedQuestions = CoverageCounter("dns_error_parse_failure")
    static let noQuestions = CoverageCounter("dns_skipped_not_request")
    static let refusedQuestions = CoverageCounter("dns_unsupported_ovn_owned")
    static let nameAnswers = CoverageCounter("dns_response_sent")

    /// Makes all of them known, so that who asks for one that has not counted yet hears of zero.
    static func register() { _ = all }

    private static let all: [CoverageCounter] =
        Array(limited.values) + named
    private static let named = [
        flowRuns, physicalRuns, packetsIn, overflows, puts, rechecks, refusedPuts, deletions,
        brokenExchanges, settlements, evictions, narrowings, unmasked, executions, refusedPackets,
        samples, lostSamples, exports, failedExports, questions, addressQuestions,
        address6Questions, nameQuestions, questionsForAll, otherQuestions, knownNames,
        unknownNames, truncatedQuestions, withoutQuestion, malformedQuestions, noQuestions,
        refusedQuestions, nameAnswers, malformed, metered, refusedNeighbours, refusedAddresses,
        droppedNeighbours, droppedAddresses, refusedStations, displacedPackets, droppedEvents,
        droppedBindings,
    ]
}

extension NameOutcome {
    /// What a packet with this outcome counts for.
    var counters: [CoverageCounter] {
        let type: [CoverageCounter] =
            switch question {
            case .a: [AgentCoverage.addressQuestions]
            case .aaaa: [AgentCoverage.address6Questions]
            case .ptr: [AgentCoverage.nameQuestions]
            case .any: [AgentCoverage.questionsForAll]
            case .other: [AgentCoverage.otherQuestions]
            case nil: []
            }
        return [AgentCoverage.questions] + type + result
    }

    private var result: [CoverageCounter] {
        switch self {
        case .truncated: [AgentCoverage.truncatedQuestions]
        case .noQuery: [AgentCoverage.noQuestions]
        case .withoutQuestion: [AgentCoverage.withoutQuestion]
        case .malformed: [AgentCoverage.malformedQuestions]
        // Types that the rows never have are not looked for.
        case .unknown(.other): []
        case .unknown: [AgentCoverage.unknownNames]
        case .empty(_, isRefused: false): [AgentCoverage.knownNames]
        case .empty(_, isRefused: true):
            [AgentCoverage.knownNames, AgentCoverage.refusedQuestions, AgentCoverage.nameAnswers]
        case .answered: [AgentCoverage.knownNames, AgentCoverage.nameAnswers]
        }
    }
}
