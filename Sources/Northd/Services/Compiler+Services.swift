import Incremental
import OVSDBModel
import Schemas

extension Compiler {
    /// Services of the chassis, and the Southbound tables that they need.
    func registerServices() {
        registerCatalogues()
        registerMeters()
    }

    /// Rows that depend on nothing are there with the configuration's one global row.
    private func registerCatalogues() {
        let (inputs, outputs) = (inputs, outputs)
        let present = engine.function("configuration", over: inputs.global) { _, _, _ in true }
        engine.emitter("catalogues", over: present) { _, _, context in
            for row in DHCPOptionRow.catalogue { context.emit(outputs.dhcpOptions, row) }
            for row in DHCPv6OptionRow.catalogue { context.emit(outputs.dhcpv6Options, row) }
        }
    }

    private func registerMeters() {
        let (outputs, meters) = (outputs, model.meters)
        engine.emitter("meter", over: meters) { _, row, context in
            context.emit(outputs.meters, row)
        }
    }
}
