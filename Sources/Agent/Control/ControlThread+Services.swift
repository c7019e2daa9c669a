import AgentCore
import Linux
import OVSDBModel
import OVSDBSession
import OVSDBTransport
import Schemas

// The control thread's half of the services: their tables, their timers, their rows.

extension ControlThread {
    func requestServices(_ system: LocalSystem, _ southbound: OVSDBClient) {
        let wanted = ServiceConditions(
            datapaths: datapaths, chassis: identity?.row,
            everything: system.configuration.monitorsEverything)
        guard wanted != serviceConditions else { return }
        serviceConditions = wanted
        southbound.setCondition(SB.DNS.self, wanted.names)
        southbound.setCondition(SB.IPMulticast.self, wanted.multicast)
        southbound.setCondition(SB.IGMPGroup.self, wanted.multicastGroups)
        wantedConditions = southbound.setCondition(SB.ControllerEvent.self, wanted.events)
    }
}
