import Pipeline
import Wire

@testable import AgentCore
@testable import Datapath

/// A port whose packets go out by another one, unless check_in_port_sec refuses them: what happens to
/// a packet without the eBPF program.
struct SecurityPipeline: ~Copyable {
    private let snapshot: TranslationSnapshot
    private var translator = Translator()

    init(_ entries: [PortSecurityEntry]) {
        let builder = PipelineBuilder()
        var view = PhysicalView()
        for (key, name) in [(UInt32(1), "workload"), (2, "outside")] {
            let reference = PortReference(datapath: 1, port: key)
            builder.setPort(
                PortRecord(name: name, datapath: DatapathKey(1), key: key, isResident: false))
            view.ports[reference] = PhysicalPort(
                reference: reference, name: name, place: .here(vport: key),
                portSecurity: key == 1 ? entries : [])
            view.inputs[key] = reference
        }
        let flows: [(Stage.Pipeline, Int, UInt16, String, String)] = [
            (.ingress, 0, 100, "eth.src[40]", "drop;"),
            (.ingress, 0, 100, "vlan.present", "drop;"),
            (.ingress, 0, 50, "1", "reg0[15] = check_in_port_sec(); next;"),
            (.ingress, 1, 50, "reg0[15] == 1", "drop;"),
            (.ingress, 1, 0, "1", "outport = \"outside\"; output;"),
            (.egress, 0, 0, "1", "output;"),
        ]
        for (index, flow) in flows.enumerated() {
            builder.add(
                Pipeline.FlowRecord(
                    id: RowIdentifier(high: 0, low: UInt64(index + 1)),
                    stage: Stage(flow.0, flow.1), priority: flow.2,
                    scope: .datapath(DatapathKey(1)), match: flow.3, actions: flow.4))
        }
        snapshot = TranslationSnapshot(revision: 1, pipeline: builder.commit(), view: view)
    }

    mutating func admits(_ frame: [UInt8]) -> Bool {
        var key = FlowKey(of: frame)
        key[.inputPort] = 1
        let translation = translator.translate(
            TranslationInput(key: key, frame: frame, upcallPort: 0), in: snapshot)
        return !translation.actions.isEmpty
    }
}
