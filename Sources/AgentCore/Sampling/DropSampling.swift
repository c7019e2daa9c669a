import Pipeline

/// Who gets what is dropped outside of logical flows (NB_Global.options:debug_drop_collector_set,
/// debug_drop_domain_id); those of logical flows have an action `sample` of northd's.
package struct DropSampling: Hashable, Sendable {
    package let collectorSet: UInt32
    package let domain: UInt8

    package init(collectorSet: UInt32, domain: UInt8) {
        self.collectorSet = collectorSet
        self.domain = domain
    }

    /// - Parameter options: SB_Global.options; nil is returned if they ask for nothing.
    package init?(options: [String: String]) {
        guard let set = options["debug_drop_collector_set"].flatMap({ UInt32($0) }), set != 0 else {
            return nil
        }
        collectorSet = set
        domain = options["debug_drop_domain_id"].flatMap { UInt8($0) } ?? 0
    }
}

extension PacketDrop.Reason {
    /// The observation point of the drop: the number of the OpenFlow table in which ovn-controller
    /// would have dropped the packet (ovn-architecture(7)). Nil for drops that it has no table for.
    ///
    /// - Parameter pipeline: the last in which the packet was; nil if it was in none.
    func observationPoint(_ pipeline: Stage.Pipeline?) -> UInt32? {
        switch (self, pipeline) {
        case (.unknownInput, nil): 0
        case (.noOutport, .some), (.unknownPort, .ingress), (.notBound, .ingress): 56
        case (.loopback, .some): 57
        case (.unknownPort, .egress), (.notBound, .egress): 89
        default: nil
        }
    }
}
