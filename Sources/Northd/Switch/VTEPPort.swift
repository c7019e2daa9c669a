import LogicalFlow

/// A port to a hardware VTEP: what comes from it has no station behind it here, so it goes straight
/// to the lookup, except on the chassis of a gateway port, which answers it.
package struct VTEPPort: SwitchFeature {
    package let port: SwitchPort

    package func emit(into flows: inout SwitchFlows) {
        flows.add(
            .inCheckPortSecurity, 70, .inport(port.name),
            [.load(SwitchCell.isFromVTEPPort, flag: true), SwitchStage.inHairpin.jump],
            port: port.name)
    }
}

/// What a switch with such a port does.
package struct VTEPSwitch: SwitchFeature {
    /// The ports that stand for the switch's gateway ports on their chassis.
    package let redirects: [String]

    package func emit(into flows: inout SwitchFlows) {
        let isFromVTEP = Match.equal(SwitchCell.isFromVTEPPort, 1)
        flows.add(.inHairpin, 1000, isFromVTEP, [SwitchStage.inL2Lookup.jump])
        for redirect in redirects {
            flows.add(.inHairpin, 2000, .both(isFromVTEP, .isChassisResident(redirect)), [.next])
        }
        flows.add(
            .inNeighbourResponse, 65535,
            .both(isFromVTEP, .either(.symbol(.arp), .symbol(.ndNS))),
            [.load(.flagsLoopback, flag: true), .next])
    }
}
