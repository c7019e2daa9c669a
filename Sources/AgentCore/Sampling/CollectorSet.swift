import Wire

/// Who gets the samples of a Flow_Sample_Collector_Set, as a flow is concerned.
package struct CollectorSet: Hashable, Sendable {
    /// The agent exports them.
    package var isExported: Bool
    /// The group of the kernel's psample, if the set names one and the kernel has it.
    package var group: UInt32?

    package init(isExported: Bool, group: UInt32? = nil) {
        self.isExported = isExported
        self.group = group
    }
}

/// Where IPFIX messages go, over UDP.
package struct CollectorTarget: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let address: IPAddress
    package let port: UInt16

    /// RFC 7011 §10.3.4.
    package static let standardPort: UInt16 = 4739

    package init(address: IPAddress, port: UInt16 = standardPort) {
        self.address = address
        self.port = port
    }

    /// `ADDRESS`, `ADDRESS:PORT` or `[ADDRESS]:PORT`; nil for anything else. Names are not looked up.
    package init?(parsing text: String) {
        if let address = IPAddress(parsing: text) {
            self.init(address: address)
            return
        }
        let host: Substring
        let rest: Substring
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            host = text[text.index(after: text.startIndex)..<end]
            rest = text[text.index(after: end)...]
            guard IPv6Address(parsing: host) != nil else { return nil }
        } else if let colon = text.lastIndex(of: ":") {
            host = text[..<colon]
            rest = text[colon...]
            guard IPv4Address(parsing: host) != nil else { return nil }
        } else {
            return nil
        }
        guard let address = IPAddress(parsing: host) else { return nil }
        if rest.isEmpty {
            self.init(address: address)
            return
        }
        guard rest.first == ":", let port = UInt16(rest.dropFirst()), port > 0 else { return nil }
        self.init(address: address, port: port)
    }

    package var description: String {
        switch address {
        case .v4(let address): "\(address):\(port)"
        case .v6(let address): "[\(address)]:\(port)"
        }
    }

    package static func < (left: Self, right: Self) -> Bool {
        (left.address, left.port) < (right.address, right.port)
    }
}

/// What an IPFIX row says of the exporter of flow-based samples (ovs-vswitchd.conf.db(5)). Its
/// `sampling`, `obs_domain_id` and `obs_point_id` concern the sampling of whole bridges: a flow says
/// these itself.
package struct ExporterConfiguration: Hashable, Sendable {
    package var targets: [CollectorTarget]
    /// For how long a flow's samples are gathered before its record is sent.
    package var activeTimeoutSeconds: Int
    /// How many flows' samples are gathered at a time.
    package var largestCache: Int
    package var templateSeconds: Int
    package var statisticsSeconds: Int
    /// Records say by which tunnel their packets came.
    package var showsTunnels: Bool
    /// At most 254 bytes that are sent with each record.
    package var virtualObservation: [UInt8]?

    package static let standardInterval = 600
    /// Seconds (vswitch.ovsschema, IPFIX).
    static let activeTimeouts = 0...4200
    static let intervals = 1...3600
    package static let longestVirtualObservation = 254
    /// Above it, an IPFIX.cache_max_flows is this: a gathered flow takes about half a kilobyte.
    package static let mostFlows = 1 << 20

    package init(
        targets: [CollectorTarget], activeTimeoutSeconds: Int = 0, largestCache: Int = 0,
        templateSeconds: Int = standardInterval, statisticsSeconds: Int = standardInterval,
        showsTunnels: Bool = true, virtualObservation: [UInt8]? = nil
    ) {
        self.targets = targets
        self.activeTimeoutSeconds = activeTimeoutSeconds
        self.largestCache = largestCache
        self.templateSeconds = templateSeconds
        self.statisticsSeconds = statisticsSeconds
        self.showsTunnels = showsTunnels
        self.virtualObservation = virtualObservation
    }
}

/// The port that a sampled packet came in by, as records name it.
package struct SampledInterface: Hashable, Sendable {
    package let name: String
    /// Of the device; zero if it has none.
    package let index: UInt32
    /// What the device decapsulates.
    package let tunnel: EncapsulationType?

    package init(name: String, index: UInt32, tunnel: EncapsulationType? = nil) {
        self.name = name
        self.index = index
        self.tunnel = tunnel
    }
}
