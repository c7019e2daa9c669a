import Datapath
import LogicalFlow

// One question to ovn-trace(8) and its answer as text.

package struct NetworkTrace: Sendable {
    package enum Form: CaseIterable, Hashable, Sendable {
        case detailed, summary, minimal

        fileprivate var banner: String {
            switch self {
            case .detailed: "# Detailed trace.\n"
            case .summary: "# Summary trace.\n"
            case .minimal: "# Minimal trace.\n"
            }
        }

        fileprivate func text(_ nodes: [TraceNode]) -> String {
            switch self {
            case .detailed: nodes.detailedText
            case .summary: nodes.summaryText
            case .minimal: nodes.minimalText
            }
        }
    }

    /// A name or the first digits of a UUID; nil for the datapath of the inport.
    package var datapath: String?
    package var microflow: String
    /// More than one get a banner each.
    package var forms: Set<Form> = [.detailed]
    package var assumptions = TraceAssumptions()

    package init(microflow: String, datapath: String? = nil) {
        self.microflow = microflow
        self.datapath = datapath
    }

    package struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        package let description: String
    }

    /// The trace, or in its place what is wrong with the question: stock prints both alike.
    package func answer(_ network: TraceNetwork) -> String {
        do throws(Failure) {
            let (port, packet) = try input(network)
            let entered = network.entered(at: port)
            var tracer = NetworkTracer(entered, assumptions)
            let nodes = tracer.trace(packet, at: port)
            let texts = Form.allCases.filter(forms.contains).map { form in
                (forms.count > 1 ? form.banner : "") + form.text(nodes)
            }
            return "# \(FlowLine(packet).text)\n" + entered.templates.note + texts.joined()
        } catch {
            return error.description + "\n"
        }
    }

    // MARK: - The packet

    private func input(
        _ network: TraceNetwork
    ) throws(Failure) -> (PortReference, FlowKey) {
        let key = try datapathKey(network)
        let names = Microflow.Names(
            addressSet: network.replica.addressSet,
            portGroup: { network.replica.portGroup($0, datapath: key) },
            port: { name in
                guard let port = network.port(called: name) else {
                    return network.key(of: name, in: key)
                }
                return port.datapath == key ? port.port : nil
            })
        let packet: FlowKey
        do throws(Microflow.Failure) {
            packet = try Microflow(parsing: microflow, names: names, timeToLive: 0).key
        } catch {
            throw Self.failure(error)
        }
        guard packet[.inport] != 0 else {
            throw Failure(description: "microflow does not specify ingress port")
        }
        return (PortReference(datapath: key, port: UInt32(packet[.inport])), packet)
    }

    private func datapathKey(_ network: TraceNetwork) throws(Failure) -> UInt32 {
        if let datapath {
            let found = network.replica.datapaths(called: datapath)
            guard found.count == 1, let row = found.first?.row else {
                throw Failure(description: "unknown datapath \(quoted(datapath))")
            }
            return UInt32(truncatingIfNeeded: row.tunnelKey)
        }
        let name: String
        do throws(Microflow.Failure) {
            name = try Microflow.inport(of: try Microflow.parse(microflow)) {
                network.replica.portGroup($0)
            }
        } catch {
            throw Self.failure(error)
        }
        guard let port = network.port(called: name) else {
            throw Self.failure(.unknownPort(name))
        }
        return port.datapath
    }

    private static func failure(_ failure: Microflow.Failure) -> Failure {
        if case .unknownPort = failure { return Failure(description: failure.description) }
        return Failure(description: "error parsing flow: \(failure)")
    }
}
