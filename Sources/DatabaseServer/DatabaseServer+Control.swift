// The control commands of a database server (ovsdb-server(1), "Runtime Management Commands"), as
// far as they make sense for databases that are kept in files.

import Linux
import OVSDBTransport
import UnixControl

extension DatabaseServer {
    package func registerCommands(on registry: ControlRegistry) {
        registerDatabaseCommands(registry)
        registerRemoteCommands(registry)
        registerStatusCommands(registry)
        registry.reportMemory { [unowned self] in core.memoryUsage }
    }

    private func registerDatabaseCommands(_ registry: ControlRegistry) {
        registry.register(
            ControlCommand("ovsdb-server/compact", usage: "[DB]", arguments: 0...1) {
                [unowned self] request in compact(request)
            })
        registry.register(
            ControlCommand("ovsdb-server/add-db", usage: "DB", arguments: 1...1) {
                [unowned self] (arguments) throws(ControlError) in
                do throws(StorageFailure) {
                    try open(file: arguments[0])
                    return ""
                } catch {
                    throw ControlError(error.description)
                }
            })
        registry.register(
            ControlCommand("ovsdb-server/remove-db", usage: "DB", arguments: 1...1) {
                [unowned self] (arguments) throws(ControlError) in
                guard remove(database: arguments[0]) else {
                    throw ControlError("Database not found")
                }
                return ""
            })
        registry.register(
            ControlCommand("ovsdb-server/list-dbs") { [unowned self] _ in
                core.databaseNames.map { $0 + "\n" }.joined()
            })
        registry.register(
            ControlCommand("ovsdb-server/get-db-storage-status", usage: "DB", arguments: 1...1) {
                [unowned self] (arguments) throws(ControlError) in
                guard core.snapshot(of: arguments[0]) != nil else {
                    throw ControlError("Database not found")
                }
                let failure = storages[arguments[0]]?.failure
                return failure.map { "status: error: \($0)" } ?? "status: ok"
            })
    }

    private func compact(_ request: ControlRequest) {
        let names = request.arguments.isEmpty ? storages.keys.sorted() : request.arguments
        for name in names where storages[name] == nil {
            return request.fail("not a known database")
        }
        var left = names.count
        if left == 0 { return request.reply("") }
        var failures: [String] = []
        for name in names {
            Self.logger.info("compacting \(name) database by user request")
            compact(name) { result in
                if case .failure(let failure) = result { failures.append("\(name): \(failure)") }
                left -= 1
                if left > 0 { return }
                failures.isEmpty
                    ? request.reply("") : request.fail(failures.joined(separator: "\n"))
            }
        }
    }

    private func registerRemoteCommands(_ registry: ControlRegistry) {
        registry.register(
            ControlCommand("ovsdb-server/add-remote", usage: "REMOTE", arguments: 1...1) {
                [unowned self] (arguments) throws(ControlError) in
                do throws(ConnectionMethodError) {
                    try addRemote(arguments[0])
                    return ""
                } catch {
                    throw ControlError(error.description)
                }
            })
        registry.register(
            ControlCommand("ovsdb-server/remove-remote", usage: "REMOTE", arguments: 1...1) {
                [unowned self] (arguments) throws(ControlError) in
                guard removeRemote(arguments[0]) else { throw ControlError("no such remote") }
                return ""
            })
        registry.register(
            ControlCommand("ovsdb-server/list-remotes") { [unowned self] _ in
                remoteTexts.map { $0 + "\n" }.joined()
            })
        registry.register(
            ControlCommand("ovsdb-server/reconnect") { [unowned self] _ in
                closeSessions()
                return ""
            })
    }

    private func registerStatusCommands(_ registry: ControlRegistry) {
        registry.register(
            ControlCommand("ovsdb-server/sync-status") { _ in "state: active" })
        registry.register(
            ControlCommand("ovsdb-server/disable-monitor-cond") { [unowned self] _ in
                core.refusesConditionalMonitors = true
                closeSessions()
                return ""
            })
        registry.register(
            ControlCommand(
                "ovsdb-server/memory-trim-on-compaction", usage: "on|off", arguments: 1...1
            ) { (arguments) throws(ControlError) in
                // Memory is given back without being told; scripts that ask for it are not refused.
                guard ["on", "off"].contains(arguments[0]) else {
                    throw ControlError("invalid argument")
                }
                return ""
            })
        registry.register(
            ControlCommand("ovsdb-server/perf-counters-show") { _ in
                "performance counter is not supported on this platform"
            })
        registry.register(ControlCommand("ovsdb-server/perf-counters-clear") { _ in "" })
    }
}
