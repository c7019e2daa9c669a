import Datapath
import Pipeline
import Wire

/// A packet that a service sends into the logical network.
package struct Injection: Hashable, Sendable {
    package enum Place: Hashable, Sendable {
        /// Through the ingress pipeline, as if received on the port.
        case from(PortReference)
        /// Through the egress pipeline of a port, or of the members of a multicast group.
        case to(PortReference)
    }

    package var frame: [UInt8]
    package var place: Place
    /// Stays on this chassis: every chassis sends its own.
    package var isLocal: Bool

    package init(_ frame: [UInt8], _ place: Place, isLocal: Bool = false) {
        self.frame = frame
        self.place = place
        self.isLocal = isLocal
    }
}

extension Translator {
    mutating func inject(_ injection: Injection, _ snapshot: TranslationSnapshot) {
        takeSlowPath(.serves(.event))
        takePlace(injection.frame, service: .event)
        switch injection.place {
        case .from(let port): enterDatapath(port, isLocal: injection.isLocal, snapshot)
        case .to(let port):
            clearRegisters()
            key.load(.flags, 0)
            if injection.isLocal { key.load(KeyField.flagsLocalOnly, 1) }
            key.load(.datapath, UInt64(port.datapath))
            key.load(.inport, 0)
            key.load(.outport, UInt64(port.port))
            output(.ingress, snapshot)
        }
    }
}
