import Wire

// An exporter of IPFIX (RFC 7011) without a socket or a clock: samples in, messages out.
//
// Packets that agree in everything that a record says of them are one flow, whose counts are gathered
// until the flow is as old as the configuration lets it be, or there are more flows than it allows;
// then the oldest are sent. Over UDP nobody knows what has arrived, so every template is sent before
// its first record and again at intervals (RFC 7011 §8.4).
//
// The property that must hold: of every packet taken, each count is in exactly one record.

package struct FlowExporter {
    package private(set) var configuration: ExporterConfiguration
    package private(set) var statistics = ExporterStatistics()

    /// The number of this exporter among those of the agent.
    private let process: UInt32
    private var flows: [GatheredFlow.Key: GatheredFlow] = [:]
    /// The keys of `flows` from `oldest` on, oldest first.
    private var order: [GatheredFlow.Key] = []
    private var oldest = 0
    private var totals = SampleTotals()
    private var sequence: [UInt32: UInt32] = [:]
    private struct SentTemplate: Hashable {
        let domain: UInt32
        let template: RecordTemplate
    }
    /// The seconds in which templates were sent last.
    private var sentTemplates: [SentTemplate: Int64] = [:]
    private var statisticsSecond: Int64?

    /// Domains and templates that are remembered; past it all are sent again.
    private static let templateLimit = 65_536

    package init(_ configuration: ExporterConfiguration, process: UInt32) {
        self.configuration = configuration
        self.process = process
    }

    /// Takes other intervals and limits; nothing that was gathered is lost.
    ///
    /// - Returns: what is due by them.
    package mutating func configure(
        _ configuration: ExporterConfiguration, now: Int64
    ) -> [[UInt8]] {
        let isOther = configuration.virtualObservation != self.configuration.virtualObservation
        let due = isOther ? flush(now: now) : []
        // Whoever is told now has had no template.
        if isOther || configuration.targets != self.configuration.targets { sentTemplates = [:] }
        self.configuration = configuration
        return due + expire(now: now)
    }

    /// Counts a sampled packet.
    ///
    /// - Parameter now: microseconds since 1970, here and everywhere else.
    /// - Returns: the messages that are due.
    package mutating func take(
        _ packet: SampledPacket, from interface: SampledInterface?, now: Int64
    ) -> [[UInt8]] {
        let template = packet.template(interface, showsTunnels: configuration.showsTunnels)
        let key = GatheredFlow.Key(
            domain: packet.cookie.domain, template: template,
            fields: packet.fields(template, interface))
        let difference = SampleDifference(packet, isIP: template.network != .other)
        totals.count(packet, difference)
        statistics.count(template)
        if var flow = flows[key] {
            flow.end = max(flow.end, now)
            flow.difference.add(difference)
            flow.totals = totals
            flows[key] = flow
        } else {
            flows[key] = GatheredFlow(
                start: now, end: now, difference: difference, totals: totals)
            order.append(key)
            statistics.flows += 1
        }
        return expire(now: now)
    }

    /// The messages that are due by the age or the number of flows.
    package mutating func expire(now: Int64) -> [[UInt8]] {
        let limit = now - Int64(configuration.activeTimeoutSeconds) * 1_000_000
        return send(now: now) { flow, count, configuration in
            if flow.start <= limit { return .activeTimeout }
            return count > configuration.largestCache ? .lackOfResources : nil
        }
    }

    /// All that was gathered.
    package mutating func flush(now: Int64) -> [[UInt8]] {
        send(now: now) { _, _, _ in .forced }
    }

    /// When `expire` has something to do; nil if nothing is gathered.
    package var nextExpiry: Int64? {
        guard oldest < order.count, let flow = flows[order[oldest]] else { return nil }
        return flow.start + Int64(configuration.activeTimeoutSeconds) * 1_000_000
    }

    /// Messages that were handed over, and those that could not be.
    package mutating func note(sent: Int, failed: Int) {
        statistics.messages += UInt64(sent)
        statistics.failures += UInt64(failed)
    }

    // MARK: - Sending

    /// Sends flows, oldest first, as long as there is a reason.
    private mutating func send(
        now: Int64, _ reason: (GatheredFlow, Int, ExporterConfiguration) -> GatheredFlow.End?
    ) -> [[UInt8]] {
        // The header has whole seconds, and the times of a record are before it.
        let second = (now + 999_999) / 1_000_000
        var packer: MessagePacker?
        while oldest < order.count {
            let key = order[oldest]
            guard let flow = flows[key], let end = reason(flow, flows.count, configuration) else {
                break
            }
            var open = packer ?? MessagePacker(second: second, sequence: sequence)
            putStatistics(&open, second)
            putTemplate(key, &open, second)
            open.put(
                flow.record(
                    key, end, exportSecond: second,
                    virtualObservation: configuration.virtualObservation),
                in: key.template.number, domain: key.domain)
            packer = open
            flows[key] = nil
            oldest += 1
        }
        shrinkOrder()
        statistics.current = flows.count
        guard let packer else { return [] }
        let (messages, sequence) = packer.finish()
        self.sequence = sequence
        return messages
    }

    private mutating func shrinkOrder() {
        guard oldest > 64, oldest > order.count / 2 else { return }
        order.removeFirst(oldest)
        oldest = 0
    }

    private mutating func putTemplate(
        _ key: GatheredFlow.Key, _ packer: inout MessagePacker, _ second: Int64
    ) {
        let template = SentTemplate(domain: key.domain, template: key.template)
        if let last = sentTemplates[template],
            second < last + Int64(configuration.templateSeconds)
        {
            return
        }
        if sentTemplates.count >= Self.templateLimit { sentTemplates = [:] }
        sentTemplates[template] = second
        packer.put(
            key.template.record(
                hasVirtualObservation: configuration.virtualObservation != nil),
            in: MessagePacker.templates, domain: key.domain)
    }

    /// The exporter's own figures are of no domain (RFC 7011 §4.3).
    private mutating func putStatistics(_ packer: inout MessagePacker, _ second: Int64) {
        if let last = statisticsSecond, second < last + Int64(configuration.statisticsSeconds) {
            return
        }
        statisticsSecond = second
        packer.put(
            RecordTemplate.statisticsRecord, in: MessagePacker.optionsTemplates, domain: 0)
        var record: [UInt8] = []
        record.append(UInt64(process), width: 4)
        record.append(statistics.failures, width: 8)
        packer.put(record, in: RecordTemplate.statisticsNumber, domain: 0)
    }
}

/// What an exporter has done, as `ovs-ofctl dump-ipfix-flow` shows it of a collector set.
package struct ExporterStatistics: Hashable, Sendable {
    package fileprivate(set) var flows: UInt64 = 0
    package fileprivate(set) var current = 0
    package private(set) var packets: UInt64 = 0
    package private(set) var ipv4: UInt64 = 0
    package private(set) var ipv6: UInt64 = 0
    /// Packets of protocols that no record has ports or types for.
    package private(set) var ipv4Others: UInt64 = 0
    package private(set) var ipv6Others: UInt64 = 0
    package fileprivate(set) var messages: UInt64 = 0
    package fileprivate(set) var failures: UInt64 = 0

    fileprivate mutating func count(_ template: RecordTemplate) {
        packets += 1
        switch (template.network, template.transport) {
        case (.ipv4, .other): ipv4Others += 1
        case (.ipv4, _): ipv4 += 1
        case (.ipv6, .other): ipv6Others += 1
        case (.ipv6, _): ipv6 += 1
        case (.other, _): break
        }
    }

    /// Two lines, in the words of ovs-ofctl(8).
    package func text(collectorSet: UInt32) -> String {
        let number = String(collectorSet)
        let indent = String(repeating: " ", count: max(0, 3 - number.count))
        return """
              id \(indent)\(number): flows=\(flows), current flows=\(current), \
            sampled pkts=\(packets), ipv4 ok=\(ipv4), ipv6 ok=\(ipv6), tx pkts=\(messages)
                      pkts errs=\(ipv4Others + ipv6Others), ipv4 errs=\(ipv4Others), \
            ipv6 errs=\(ipv6Others), tx errs=\(failures)
            """
    }
}
