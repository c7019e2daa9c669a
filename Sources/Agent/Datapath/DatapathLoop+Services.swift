import AgentCore
import Datapath
import Linux
import Logging
import Netlink

// What services do on the datapath thread: the lines of the ACL log, and packets that the control
// thread sends into the logical network.

extension DatapathLoop {
    func log(_ cookie: LogCookie, _ upcall: Upcall) {
        guard limiter.admits(.log, from: UInt32(upcall.key[.inputPort]), now: now) else { return }
        let packet = FlowLine(FlowKey(of: upcall.packet)).text
        aclLog.info("\(cookie.line(packet))")
    }

    func inject(_ injections: [Injection]) {
        guard let snapshot = table?.snapshot else { return }
        let port = anyUpcallPort
        var operations: [FlowOperation] = []
        for injection in injections {
            operations += translator.inject(injection, upcallPort: port, in: snapshot)
                .map(operation)
        }
        perform(operations)
    }
}
