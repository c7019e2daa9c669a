import AgentCore
import Linux
import OVSDBModel
import OVSDBSession
import Schemas

extension ControlThread {
    /// A graceful end: gives up the chassis' claims and rows, then the kernel's ports, so that
    /// nothing points to a host that has left.
    func leave(then done: @escaping () -> Void) {
        guard let southbound, southbound.canWrite, let identity else {
            tearDown()
            return done()
        }
        var transaction = TransactionBuilder()
        for port in southbound.replica.rows(SB.PortBinding.self) {
            let released = identity.desired(
                port.row, claim: nil, isInstalled: false, mayTakeOver: true)
            transaction.update(
                port.uuid, from: port.row, to: VirtualPorts.released(released, by: identity))
        }
        for row in southbound.replica.rows(SB.ChassisPrivate.self)
        where row.row.name == identity.name {
            transaction.delete(SB.ChassisPrivate.self, row.uuid)
        }
        for row in southbound.replica.rows(SB.IGMPGroup.self)
        where row.row.chassis == identity.row {
            transaction.delete(SB.IGMPGroup.self, row.uuid)
        }
        transaction.delete(SB.Chassis.self, identity.row)
        transaction.comment("ovn-controller: unregistering chassis '\(identity.name)'")
        self.southbound?.handlers.changed = { _ in }
        southbound.submit(transaction) { [weak self] outcome in
            if case .failed(let failure) = outcome {
                self?.report("Southbound database: \(failure)")
            }
            self?.tearDown()
            done()
        }
    }

    private func tearDown() {
        worker.stop()
        // What is there belongs to another.
        guard driver.isOwner else { return }
        guards.filters?.tearDown(now: .now())
        do {
            try driver.tearDown()
        } catch {
            report("kernel datapath: \(error)")
        }
    }
}
