import Incremental
import OVSDBModel
import Schemas

extension Compiler {
    /// DNS rows, and the flows of the switches that have some.
    func registerDNS() {
        let (inputs, outputs, services, filtering) = (
            inputs, outputs, services, filtering
        )
        engine.emitter("DNS records", over: inputs.dns) { key, row, context in
            guard let switches = context.read(inputs.switchesOfDNS, key)?.all else { return }
            context.emit(
                outputs.dns,
                DNSRow(
                    origin: key, records: row.records.mapValues { $0.lowercased() },
                    switches: switches, isOwned: row.options["ovn-owned"] == "true"))
        }
        engine.emitter("DNS", over: inputs.datapaths) { key, row, context in
            guard case .switch = row, context.first(services.dnsOfSwitch, key) != nil else {
                return
            }
            let isTracked =
                (context.read(filtering.profiles, key) ?? nil)?.tracking.isStateful == true
            context.emit(
                DNSResponder(
                    meter: services.meter("dns", on: key, context), isTracked: isTracked),
                .datapath(key), hint: key, to: outputs)
        }
    }
}
