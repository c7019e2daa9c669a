import Datapath
import LogicalFlow
import OVSDBSession
import Pipeline
import Schemas
import Wire

// `ovn-appctl trace`: what this chassis would do with a packet that arrives on one of its ports. The
// packet goes through the same translator, on the same snapshot, as the datapath thread's misses;
// nothing is put into the kernel and nothing is learned.

/// A packet at a kernel port.
package struct PacketArrival: Hashable, Sendable {
    package let frame: [UInt8]
    package let vport: UInt32

    package init(frame: [UInt8], vport: UInt32) {
        self.frame = frame
        self.vport = vport
    }
}

package struct AgentTrace {
    package enum Failure: Error, Hashable, Sendable, CustomStringConvertible {
        case noSnapshot
        case unknownDatapath(String)
        case unknownPort(String)
        case ambiguousDatapath(String)
        case portElsewhere(String, datapath: String)
        case notBound(String)
        case microflow(Microflow.Failure)

        package var description: String {
            switch self {
            case .noSnapshot: "the Southbound database is not known yet"
            case .unknownDatapath(let name): "unknown datapath \(quoted(name))"
            case .unknownPort(let name): "unknown port \(quoted(name))"
            case .ambiguousDatapath(let name): "name \(quoted(name)) matches multiple datapaths"
            case .portElsewhere(let port, let datapath):
                "port \(quoted(port)) is not in datapath \(quoted(datapath))"
            case .notBound(let port): "port \(quoted(port)) is not bound on this chassis"
            case .microflow(let failure): "error parsing flow: \(failure)"
            }
        }
    }

    private let snapshot: TranslationSnapshot
    private let replica: Replica
    private let directory: FlowDirectory
    /// The netlink port of the exporter of samples; zero if there is none.
    package var samplePort: UInt32 = 0

    /// - Parameter names: nil takes them from the replica.
    package init(
        snapshot: TranslationSnapshot, replica: Replica, names: FlowDirectory? = nil
    ) {
        self.snapshot = snapshot
        self.replica = replica
        directory = names ?? FlowDirectory(replica)
    }

    /// The trace of a microflow, as text. `datapath` is a name or the beginning of a UUID; nil takes
    /// the datapath of the inport. Where the packet comes back from the kernel the trace goes on,
    /// with what `assumptions` say of its connection.
    package func run(
        _ text: String, datapath: String? = nil,
        assumptions: TraceAssumptions = TraceAssumptions()
    ) throws(Failure) -> String {
        let input = try self.input(text, datapath: datapath)
        var translator = Translator()
        translator.samplePort = samplePort
        var journey = TraceJourney(directory, assumptions)
        journey.run(input.translation.key, &translator, snapshot)
        while let (number, key) = journey.next() {
            journey.resume(number, key, &translator, snapshot)
        }
        return "# \(FlowLine(input.shown).text)\n" + journey.text
    }

    /// The packet of a microflow, to be sent from its inport.
    package func injection(_ text: String) throws(Failure) -> Injection {
        let port = try localPort(try inport(text))
        return Injection(try microflow(text, port.reference).frame, .from(port.reference))
    }

    /// The packet of a microflow, as its inport's device would hand it over.
    package func arrival(_ text: String) throws(Failure) -> PacketArrival {
        let port = try localPort(try inport(text))
        return PacketArrival(frame: try microflow(text, port.reference).frame, vport: port.vport)
    }

    // MARK: - The packet

    private struct Input {
        /// With the logical port, as a reader knows it.
        var shown: FlowKey
        /// With the kernel's port, as the packet arrives.
        var translation: TranslationInput
    }

    private func input(_ text: String, datapath: String?) throws(Failure) -> Input {
        let name = try inport(text)
        let (port, vport) = try localPort(name)
        if let datapath { try check(name, port, datapath) }
        let shown = try microflow(text, port)
        var key = shown
        for word in 0..<FlowKey.firstKernelWord { key.words[word] = 0 }
        key[.inputPort] = UInt64(vport)
        return Input(
            shown: shown,
            translation: TranslationInput(key: key, frame: key.frame, upcallPort: 0))
    }

    private func localPort(
        _ name: String
    ) throws(Failure) -> (reference: PortReference, vport: UInt32) {
        let port = try reference(name)
        guard case .here(let vport)? = snapshot.view.ports[port]?.place else {
            throw .notBound(name)
        }
        return (port, vport)
    }

    private func inport(_ text: String) throws(Failure) -> String {
        do throws(Microflow.Failure) {
            return try Microflow.inport(of: try Microflow.parse(text)) { replica.portGroup($0) }
        } catch {
            throw .microflow(error)
        }
    }

    private func microflow(_ text: String, _ port: PortReference) throws(Failure) -> FlowKey {
        let names = Microflow.Names(
            addressSet: replica.addressSet,
            portGroup: { replica.portGroup($0, datapath: port.datapath) },
            port: { key(of: $0, in: port.datapath) })
        do throws(Microflow.Failure) {
            return try Microflow(parsing: text, names: names).key
        } catch {
            throw .microflow(error)
        }
    }

    private func reference(_ name: String) throws(Failure) -> PortReference {
        guard let port = replica.ports(called: name).first?.row,
            let datapath = replica[SB.DatapathBinding.self, port.datapath]
        else { throw .unknownPort(name) }
        return PortReference(
            datapath: UInt32(truncatingIfNeeded: datapath.tunnelKey),
            port: UInt32(truncatingIfNeeded: port.tunnelKey))
    }

    private func key(of name: String, in datapath: UInt32) -> UInt32? {
        if let port = try? reference(name) { return port.datapath == datapath ? port.port : nil }
        return directory.ports.first {
            $0.key.datapath == datapath && $0.value.name == name
        }?.key.port
    }

    private func check(
        _ name: String, _ port: PortReference, _ datapath: String
    ) throws(Failure) {
        let found = replica.datapaths(called: datapath)
        guard let row = found.first?.row else { throw .unknownDatapath(datapath) }
        guard found.count == 1 else { throw .ambiguousDatapath(datapath) }
        guard UInt32(truncatingIfNeeded: row.tunnelKey) == port.datapath else {
            throw .portElsewhere(name, datapath: datapath)
        }
    }

    // MARK: - The end

    /// The flow that the kernel would get, as `ofproto/trace` ends.
    static func summary(
        _ translation: Translation, _ key: FlowKey, _ names: FlowDirectory
    ) -> String {
        let text = FlowText(portName: names.device)
        var lines = ["", "Megaflow: " + text.key(key, mask: translation.mask)]
        if let reason = translation.slowPath {
            lines.append("Datapath actions: userspace")
            lines.append("This flow is handled by the slow path because it \(reason.text).")
            for emission in translation.emissions ?? [] {
                lines.append("Packet: \(FlowLine(FlowKey(of: emission.frame)).text)")
                lines.append("Packet actions: " + text.actions(emission.actions))
            }
        } else {
            lines.append("Datapath actions: " + text.actions(translation.actions))
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

extension SlowPathReason {
    fileprivate var text: String {
        switch self {
        case .generates(let generator): "makes a packet (\(generator.name))"
        case .serves(let service): "is looked at by a service (\(service))"
        case .sets(let field): "sets \(field), which the kernel can't"
        case .actionLimit: "has more actions than the kernel takes"
        case .matchesAnswers: "tells whether a router has asked"
        case .bindsClient: "binds a client to a backend"
        case .effectsByLength: "teaches different things for packets of different length"
        }
    }
}
