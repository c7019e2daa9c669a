import Incremental
import OVSDBModel
import Schemas

extension Compiler {
    /// Services of the chassis, and the Southbound tables that they need.
    func registerServices() {
        registerCatalogues()
        registerCopies()
        registerMeters()
        registerSessions()
        registerPortFeedback()
        registerShaping()
        registerDHCP()
        registerDNS()
        registerMulticast()
        registerDynamicAddresses()
        registerAgeing()
        registerDeploymentChecks()
        registerReferences()
        registerRouterServices()
        registerServiceMonitors()
    }

    private func registerMeters() {
        let outputs = outputs
        engine.emitter("meter", over: model.meters) { _, row, context in
            context.emit(outputs.meters, row)
        }
    }
}
