// What all switches have in common, and the fallback of every stage.

import LogicalFlow
import Wire

/// The flows of switches with a trait.
package struct SharedSwitchFlows: SwitchFeature {
    /// Options of NB_Global that concern all switches.
    package struct Settings: Hashable, Sendable {
        package var dropsByDefault = false
        package var translatesTransport = false
        package var dropsInvalid = true

        package init() {}
    }

    package let trait: SwitchTrait
    package let settings: Settings

    package init(trait: SwitchTrait, settings: Settings = Settings()) {
        self.trait = trait
        self.settings = settings
    }

    package func emit(into flows: inout SwitchFlows) {
        switch trait {
        case .any:
            admission(&flows)
            bypasses(&flows)
            verdicts(&flows)
            ConntrackActions().emit(into: &flows)
            NetworkFunctionDefaults().emit(into: &flows)
            lookup(&flows)
            egress(&flows)
            fallbacks(&flows)
        case .untagged:
            flows.drop(.inCheckPortSecurity, 100, .symbol(.vlanPresent), because: .taggedPacket)
        case .floodsUnknown:
            flows.add(
                .inL2Unknown, 50, .outport("none"),
                ActionList(Action.output(to: MulticastGroup.unknown.name)))
        case .dropsUnknown:
            flows.drop(.inL2Unknown, 50, .outport("none"), because: .noDestination)
        case .multicast(let delivery): MulticastSwitch(delivery: delivery).emit(into: &flows)
        case .sparesRouters(let floodsUnknown):
            let group = Action.output(to: MulticastGroup.unknown.name)
            flows.add(
                .inL2Lookup, 72,
                .both(.symbol(.ethMcast), .either(.equal(.arpOp, 1), .symbol(.ndNS))),
                floodsUnknown ? ActionList(group) : .drop, ifDropped: .noDestination)
        case .unfiltered, .watched, .unjudged, .judgedByTracker, .judged, .tracked, .stateful:
            filtering(&flows)
        case .balanced: BalancedSwitch().emit(into: &flows)
        case .balancedStateless: BalancedStatelessSwitch().emit(into: &flows)
        case .helped: HelpedConnections().emit(into: &flows)
        }
    }

    private func filtering(_ flows: inout SwitchFlows) {
        switch trait {
        case .unfiltered: unfiltered(&flows)
        case .watched: watched(&flows)
        case .unjudged:
            for stage in ACLStage.allCases { flows.fallback(stage.action) }
        case .judgedByTracker:
            ACLVerdicts(tiers: ACLTiers(), dropsByDefault: false, rejects: false)
                .emit(into: &flows)
        case .judged(let tiers):
            ACLVerdicts(tiers: tiers, dropsByDefault: settings.dropsByDefault)
                .emit(into: &flows)
        case .tracked:
            FilteredTracking(translatesTransport: settings.translatesTransport)
                .emit(into: &flows)
        case .stateful(let tiers, let balancesStateless):
            StatefulFiltering(
                tiers: tiers, dropsInvalid: settings.dropsInvalid && !balancesStateless
            ).emit(into: &flows)
        default: break
        }
    }

    private func admission(_ flows: inout SwitchFlows) {
        flows.drop(.inCheckPortSecurity, 105, .isTunnelTooBig, because: .tooBigForTunnel)
        flows.drop(
            .inCheckPortSecurity, 100, .test(Symbol.ethSrc[40]), because: .multicastSource)
        flows.add(
            .inCheckPortSecurity, 50, .always,
            [.evaluate(SwitchCell.isRefused, .check(.inPortSecurity)), .next])
        flows.drop(
            .inApplyPortSecurity, 50, .equal(SwitchCell.isRefused, 1), because: .senderSecurity)
    }

    /// What conntrack and load balancing never see.
    private func bypasses(_ flows: inout SwitchFlows) {
        flows.add(.inPreACL, 110, .equal(.ethDst, .serviceMonitor), [.next])
        flows.add(.outPreACL, 110, .equal(.ethSrc, .serviceMonitor), [.next])
        let both: [Match] = [
            .symbol(.ethMcast), .neighbourDiscovery, .equal(SwitchCell.isStateless, 1),
        ]
        for match in both + [.equal(.ethDst, .serviceMonitor), .isTunnelTooBig] {
            flows.add(.inPreLoadBalancer, 110, match, [.next])
        }
        for match in both + [.equal(.ethSrc, .serviceMonitor)] {
            flows.add(.outPreLoadBalancer, 110, match, [.next])
        }
    }

    /// Without ACLs and load balancers everything is allowed.
    private func unfiltered(_ flows: inout SwitchFlows) {
        for stage in [SwitchStage.inACLHint, .outACLHint, .inACLEval, .outACLEval] {
            flows.add(stage, 65535, .always, [.next])
        }
    }

    /// Health checks and what answers them pass.
    private func watched(_ flows: inout SwitchFlows) {
        let allow: ActionList = [.load(SwitchCell.isAllowed, flag: true), .next]
        flows.add(.inACLEval, 34000, .equal(.ethDst, .serviceMonitor), allow)
        flows.add(.outACLEval, 34000, .equal(.ethSrc, .serviceMonitor), allow)
    }

    /// IPv6 control messages pass whatever the ACLs say.
    private func verdicts(_ flows: inout SwitchFlows) {
        for stage in ACLStage.allCases.map(\.evaluation) {
            flows.add(
                stage, 65532, .neighbourDiscovery, [.load(SwitchCell.isAllowed, flag: true), .next])
        }
    }

    private func lookup(_ flows: inout SwitchFlows) {
        flows.add(
            .inL2Lookup, 110,
            .both(
                .equal(.ethDst, .serviceMonitor),
                .either(.symbol(.tcp), .symbol(.icmp), .symbol(.icmp6))),
            [.handleServiceCheck(port: FieldRange(.inport))])
        let flood = ActionList(Action.output(to: MulticastGroup.flood.name))
        let mcast = Match.symbol(.ethMcast)
        flows.add(
            .inL2Lookup, 72,
            .both(mcast, .either(.symbol(.ndNA), .symbol(.ndRS), .symbol(.ndRA))), flood)
        flows.add(.inL2Lookup, 71, .both(mcast, .symbol(.arp)), flood)
        flows.fallback(
            .inL2Lookup, [.evaluate(FieldRange(.outport), .getFDB(FieldRange(.ethDst))), .next])
        flows.fallback(.inL2Unknown, [.output])
    }

    private func egress(_ flows: inout SwitchFlows) {
        flows.add(
            .outCheckPortSecurity, 100, .symbol(.ethMcast),
            [.load(SwitchCell.isRefused, flag: false), .next])
        flows.fallback(
            .outCheckPortSecurity,
            [.evaluate(SwitchCell.isRefused, .check(.outPortSecurity)), .next])
        flows.drop(
            .outApplyPortSecurity, 50, .equal(SwitchCell.isRefused, 1), because: .receiverSecurity)
        flows.fallback(.outApplyPortSecurity, [.output])
    }

    /// `next` in every stage that says nothing else above.
    private func fallbacks(_ flows: inout SwitchFlows) {
        let special: Set<SwitchStage> = [
            .inL2Lookup, .inL2Unknown, .outCheckPortSecurity, .outApplyPortSecurity,
            .inACLAction, .inACLAfterLoadBalancerAction, .outACLAction,
        ]
        for stage in SwitchStage.allCases where !special.contains(stage) { flows.fallback(stage) }
    }
}

extension Constant {
    /// The addresses that health checks come from.
    static let serviceMonitor = Constant.addressSet("svc_monitor_mac")
}
