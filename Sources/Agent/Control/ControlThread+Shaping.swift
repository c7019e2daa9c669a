import AgentCore
import Linux
import OVSDBModel
import OVSDBSession
import Schemas

// Rates of ports: from the Southbound database to rows of the local one, and from those to the
// devices' queueing disciplines.

extension ControlThread {
    /// The rates that hold here are known once all rows that were asked for are there; before that,
    /// those of an earlier run go on.
    func noteRates(_ inputs: PhysicalInputs, isComplete: Bool) {
        guard isComplete, rates != inputs.portRates else { return }
        rates = inputs.portRates
        evaluateSoon()
    }

    func writeRates(_ system: LocalSystem, into transaction: inout TransactionBuilder) {
        guard let rates else { return }
        let rows = RateRows(system, local.replica, rates)
        stand(.rates, rows.problems)
        rows.write(into: &transaction, placeholder: RowUUID.random)
    }

    /// Once for each change of what is wanted, and whenever the devices are looked at.
    func followShaping(_ system: LocalSystem, isDue: Bool) {
        let wanted = LocalShaping(system, local.replica, driver.ports)
        guard isDue || wanted != shaping else { return }
        do {
            let failures = try driver.shape(wanted)
            stand(.queues, wanted.problems + failures)
            tellDivergences()
            shaping = wanted
        } catch {
            report("queueing disciplines: \(error)")
        }
    }

    /// Limits on what workloads send: as often as shaping.
    func followPolicing(_ system: LocalSystem, isDue: Bool) {
        let wanted = system.ingressLimits(local.replica)
        guard isDue || wanted != ingressLimits else { return }
        stand(.policing, driver.police(wanted))
        tellDivergences()
        ingressLimits = wanted
    }
}
