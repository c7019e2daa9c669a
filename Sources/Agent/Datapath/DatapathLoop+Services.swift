import AgentCore
import Datapath
import Linux
import Logging
import Netlink

// What services do on the datapath thread: the lines of the ACL log, and packets that the control
// thread sends into the logical network.

extension DatapathLoop {
    func log(_ cookie: LogCookie, _ upcall: Upcall) {
        guard admits(.log, from: PacketSource(upcall.key)) else { return }
        let packet = FlowLine(FlowKey(of: upcall.packet)).text
        aclLog.info("\(cookie.line(packet))")
    }

    /// A packet that an operator has made goes where one from its port would have gone, and teaches what
    /// that would have taught. No flow is made for it.
    func receive(_ arrival: PacketArrival) {
        var key = FlowKey(of: arrival.frame)
        key[.inputPort] = UInt64(arrival.vport)
        handle(
            [Upcall(sending: arrival.frame, key: key)], upcallPort: upcallPort(arrival.vport))
    }

    /// A provider bridge learns of them as of any packet: who announces itself here is no longer
    /// behind the port where others have announced it.
    func inject(_ injections: [Injection]) {
        guard let snapshot = table?.snapshot else { return }
        let port = anyUpcallPort
        var operations: [FlowOperation] = []
        var moved: [PhysicalDependency] = []
        for injection in injections {
            if let question = injection.question {
                waiting.expect(question, from: PacketSource(vport: 0), now: now)
            }
            let sent = translator.inject(injection, upcallPort: port, in: snapshot)
            operations += sent.emissions.map(operation)
            moved += sent.sightings.flatMap(see)
            for drop in sent.drops { count(drop, 1) }
        }
        perform(operations)
        if !moved.isEmpty { recheck(moved) }
    }
}
