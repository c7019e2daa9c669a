// The connections of the kernel: dump-conntrack, flush-conntrack and ct-* of ovs-vswitchd(8).
//
// A host may have a million of them. So each command asks on a thread and a socket of its own:
// neither the datapath's nor the control thread waits for the kernel's list.

import Linux
import Netlink
import UnixControl

struct TrackingCommands {
    let control: ControlThread

    func register(in registry: ControlRegistry) {
        register("dump-conntrack", usage: "[-m] [-s] [DP] [zone=N]", 0...5, registry) {
            try Self.list($0)
        }
        register("ct-stats-show", usage: "[-m] [DP] [zone=N]", 0...4, registry) {
            try Self.census($0)
        }
        register(
            "flush-conntrack",
            usage: "[DP] [zone=N] [mark=X[/M]] [labels=Y[/N]] [CT-TUPLE [CT-REPLY]]", 0...6,
            registry
        ) { try Self.flush($0) }
        register("ct-get-nconns", usage: "[DP]", 0...1, registry) { arguments in
            try arguments.end()
            return "\(try Self.numbers().connections)"
        }
        register("ct-get-maxconns", usage: "[DP]", 0...1, registry) { arguments in
            try arguments.end()
            guard let limit = try Self.numbers().limit else {
                throw ControlError("this kernel does not tell; see net.netfilter.nf_conntrack_max")
            }
            return "\(limit)"
        }
        ConnectionLimitCommands(control: control).register(in: registry)
        registerRefusals(registry)
    }

    private func register(
        _ name: String, usage: String, _ count: ClosedRange<Int>, _ registry: ControlRegistry,
        _ answer: @escaping @Sendable (DatapathArguments) throws -> String
    ) {
        registry.register(
            ControlCommand("dpctl/\(name)", usage: usage, arguments: count) { request in
                request.answerAside { try answer(DatapathArguments(request.arguments)) }
            })
    }

    private static func list(_ given: DatapathArguments) throws -> String {
        var arguments = given
        let zone = try arguments.takeZone()
        try arguments.end()
        let text = ConnectionText(
            isVerbose: arguments.isVerbose, hasStatistics: arguments.hasStatistics)
        var lines = ""
        try TrackingControl.open().forEachConnection { connection in
            guard zone ?? connection.zone == connection.zone else { return }
            lines += text.line(connection) + "\n"
        }
        return lines
    }

    private static func census(_ given: DatapathArguments) throws -> String {
        var arguments = given
        arguments.operands.removeAll { $0 == "verbose" }
        let isVerbose = arguments.isVerbose || arguments.operands.count < given.operands.count
        let zone = try arguments.takeZone()
        try arguments.end()
        var census = ConnectionCensus()
        try TrackingControl.open().forEachConnection { connection in
            if zone ?? connection.zone == connection.zone { census.count(connection) }
        }
        return census.text(isVerbose: isVerbose)
    }

    private static func flush(_ arguments: DatapathArguments) throws -> String {
        let match = try ConnectionMatch(parsing: arguments.operands)
        let tracking = try TrackingControl.open()
        if match.isEmpty {
            try tracking.deleteAll()
        } else {
            try tracking.delete { match.covers($0) }
        }
        return ""
    }

    private static func numbers() throws(NetlinkError) -> TrackingControl.Numbers {
        try TrackingControl.open().numbers()
    }

    /// What the kernel's tracker has, but nobody can ask of it this way.
    private func registerRefusals(_ registry: ControlRegistry) {
        registry.refuse(
            "dpctl/ct-set-maxconns", usage: "[DP] MAXCONNS",
            because: "the kernel's limit is the host's: set net.netfilter.nf_conntrack_max")
        registry.refuse(
            "dpctl/ct-bkts", usage: "[DP] [gt=N]",
            because: "the kernel does not tell the buckets of its connections")
        for name in ["enable", "disable", "get"] {
            registry.refuse(
                "dpctl/ct-\(name)-tcp-seq-chk", usage: "[DP]",
                because:
                    "the kernel's checks are the host's: see net.netfilter.nf_conntrack_tcp_be_liberal"
            )
        }
        for name in [
            "set-enabled", "set-disabled", "set-min-frag", "set-max-nfrags", "get-status",
        ] {
            registry.refuse(
                "dpctl/ipf-\(name)", usage: "[DP] ...",
                because: "fragments are put together by the kernel: see net.ipv4.ipfrag_*")
        }
    }
}

extension ControlRegistry {
    /// A command that others have, whose subject does not exist here.
    func refuse(_ name: String, usage: String = "...", because reason: String) {
        register(
            ControlCommand(name, usage: usage, arguments: 0...Int.max) {
                (_) throws(ControlError) in throw ControlError("\(name): \(reason)")
            })
    }
}

extension ControlRequest {
    /// Answers from a thread of its own, in the network namespace of the calling one.
    func answerAside(_ answer: @escaping @Sendable () throws -> String) {
        do {
            _ = try Thread.start(name: "question") {
                do {
                    self.reply(try answer())
                } catch {
                    self.fail("\(error)")
                }
            }
        } catch {
            fail("\(error)")
        }
    }
}
