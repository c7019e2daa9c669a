// The self-check of megaflows: a flow in the kernel is right if any packet that it serves gets what
// a fresh translation would give it. Every flow is asked with a packet of its own, which differs
// from the one that the flow was made of wherever the flow says that it doesn't matter.
//
// A translation that looks at more than the flow compares proves nothing yet: a flow stays when the
// tables change and the questions asked for it are answered as before, although they would be asked
// of other bits now. Then more packets are asked, and one that gets something else is the proof.

import Datapath

package enum MegaflowCheck {
    package enum Difference: Hashable, Sendable {
        /// A translation would do something else with the packet.
        case actions
        /// A translation looks at more of the packet than the flow compares.
        case mask
        /// The packet would not get a flow.
        case notCacheable
    }

    /// A packet that a flow serves and should not.
    package struct Finding: Sendable {
        package let difference: Difference
        package let packet: FlowKey
        package let translation: Translation
    }

    /// How many packets are asked of a flow that compares less than a translation.
    package static let doubts = 32

    /// Asks a flow with packets of its own; nil if it is right for all of them.
    package static func examine<Generator: RandomNumberGenerator>(
        _ flow: Megaflow, using random: inout Generator, translate: (FlowKey) -> Translation
    ) -> Finding? {
        var isDoubtful = false
        for _ in 0..<doubts {
            let packet = packet(in: flow, using: &random)
            let translation = translate(packet)
            switch difference(flow, from: translation) {
            case nil: if !isDoubtful { return nil }
            case .mask?: isDoubtful = true
            case let difference?:
                return Finding(
                    difference: isDoubtful ? .mask : difference, packet: packet,
                    translation: translation)
            }
        }
        return nil
    }

    /// - Parameter translation: of a packet that the flow serves.
    package static func difference(
        _ flow: Megaflow, from translation: Translation
    ) -> Difference? {
        if !translation.isCacheable { return .notCacheable }
        if flow.actions != translation.actions { return .actions }
        return flow.mask.isSuperset(of: translation.mask) ? nil : .mask
    }

    /// A packet that the flow serves: what is not compared is left to chance, as far as any value
    /// of it makes a packet of the same kind.
    package static func packet<Generator: RandomNumberGenerator>(
        in flow: Megaflow, using random: inout Generator
    ) -> FlowKey {
        var key = flow.key
        for field in variableFields(of: flow) {
            let mask = flow.mask[wide: field]
            let chance = UInt128.random(in: 0 ... .max, using: &random)
            key[wide: field] = flow.key[wide: field] & mask | limited(chance, to: field) & ~mask
        }
        return key
    }

    /// A source is never a group, so that bit stays clear; no value is wider than its field.
    private static func limited(_ value: UInt128, to field: KeyField) -> UInt128 {
        switch field {
        case .ethernetSource: value & 0xfeff_ffff_ffff
        case .ethernetDestination: value & 0xffff_ffff_ffff
        case .ipv4Source, .ipv4Destination: value & 0xffff_ffff
        case .sourcePort, .destinationPort: value & 0xffff
        default: value
        }
    }

    /// Fields that a packet with the compared type and protocol has for certain.
    private static func variableFields(of flow: Megaflow) -> [KeyField] {
        var fields: [KeyField] = [.ethernetSource, .ethernetDestination]
        guard flow.mask[.ethernetType] == 0xffff else { return fields }
        switch flow.key[.ethernetType] {
        case 0x0800: fields += [.ipv4Source, .ipv4Destination]
        case 0x86dd: fields += [.ipv6Source, .ipv6Destination]
        default: return fields
        }
        let ports: Set<UInt64> = [6, 17, 132]
        let isWhole = flow.mask[.ipFragment] != 0 && flow.key[.ipFragment] == 0
        if isWhole, flow.mask[.ipProtocol] == 0xff, ports.contains(flow.key[.ipProtocol]) {
            fields += [.sourcePort, .destinationPort]
        }
        return fields
    }
}
