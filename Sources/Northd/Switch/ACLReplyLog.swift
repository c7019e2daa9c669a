import LogicalFlow

/// Replies and related packets pass before any ACL is asked. Where a rule with a label logs them
/// (ACL.options:log-related), a flow above does the same and logs. They go the other way, so the
/// flow is in the other pipeline.
package struct ACLReplyLog: SwitchFeature {
    package let acl: ACL
    package let surroundings: ACLSurroundings
    package let log: Action.LogEntry

    package init?(acl: ACL, surroundings: ACLSurroundings, log: Action.LogEntry?) {
        guard let log, acl.logsRelated, acl.label != 0, acl.verdict.allowsConnection,
            surroundings.tracking.isStateful
        else { return nil }
        self.acl = acl
        self.surroundings = surroundings
        self.log = log
    }

    package func emit(into flows: inout SwitchFlows) {
        let stage: SwitchStage = acl.stage.isIngress ? .outACLEval : .inACLEval
        let label = Match.equal(.ctLabelLabel, .decimal(UInt64(acl.label)))
        let actions: ActionList = [
            .log(log), .move(SwitchCell.isRedirected, from: FieldRange(.ctLabelNF)),
            .load(SwitchCell.isAllowed, flag: true), .next,
        ]
        for connection in [Connections.isReply, Connections.isRelated] {
            flows.add(stage, 65533, .both(connection, label), actions)
        }
    }
}
