import JSON
import OVSDBModel

extension ServerCore {
    mutating func receive(_ message: JSON, from session: SessionID) {
        guard sessions[session] != nil else { return }
        if sessions[session]?.job != nil {
            if sessions[session]?.deferred.count ?? 0 >= limits.outstanding {
                disconnect(session, reason: "too many requests without a reply")
            } else {
                sessions[session]?.deferred.append(message)
            }
            return
        }
        switch ClientMessage(message) {
        case .request(let method, let parameters, let id)?:
            do throws(RequestError) {
                if let result = try answer(method, parameters, id, session) {
                    send(ServerMessage.reply(to: id, result), to: session)
                }
            } catch {
                send(ServerMessage.error(to: id, error), to: session)
            }
        case .notification(let method, let parameters)?:
            if method == "cancel" { cancel(parameters, session) }
        case .reply?, nil: disconnect(session, reason: "received an unexpected message")
        }
    }

    /// Performs a request; nil if the reply is sent separately.
    private mutating func answer(
        _ method: String, _ parameters: [JSON], _ id: JSON, _ session: SessionID
    ) throws(RequestError) -> JSON? {
        switch method {
        case "transact":
            try transact(parameters, id, session)
            return nil
        case "monitor":
            try monitor(parameters, id, session, .update)
            return nil
        case "monitor_cond" where !refusesConditionalMonitors:
            try monitor(parameters, id, session, .update2)
            return nil
        case "monitor_cond_since" where !refusesConditionalMonitors:
            try monitor(parameters, id, session, .update3)
            return nil
        case "monitor_cond_change" where !refusesConditionalMonitors:
            try changeCondition(parameters, id, session)
            return nil
        case "monitor_cancel": return try cancelMonitor(parameters, session)
        case "get_schema":
            return try database(of: method, parameters).database.schema.json
        case "list_dbs": return .array(databaseNames.map { .string($0) })
        case "lock", "steal": return try lock(method, parameters, session)
        case "unlock": return try unlock(parameters, session)
        case "echo": return .array(parameters)
        case "get_server_id": return .string(serverID.description)
        case "set_db_change_aware": return try setChangeAware(parameters, session)
        default: throw .text("unknown method")
        }
    }

    /// The database that a request's first parameter names.
    func database(
        of method: String, _ parameters: [JSON]
    ) throws(RequestError) -> (name: String, database: HostedDatabase) {
        guard let name = parameters.first?.string else {
            throw .syntax(
                "\(method) request params must begin with <db-name>", in: .array(parameters))
        }
        guard let database = databases[name] else {
            throw .syntax(
                "\(method) request specifies unknown database \(name)", in: .array(parameters),
                tag: "unknown database")
        }
        return (name, database)
    }

    private mutating func setChangeAware(
        _ parameters: [JSON], _ session: SessionID
    ) throws(RequestError) -> JSON {
        guard parameters.count == 1, let isAware = parameters[0].bool else {
            throw .syntax(
                "set_db_change_aware: true or false parameter expected", in: .array(parameters))
        }
        sessions[session]?.isChangeAware = isAware
        return [:]
    }
}

// MARK: - Locks

extension ServerCore {
    private func lockName(
        _ method: String, _ parameters: [JSON], _ session: SessionID
    ) throws(RequestError) -> String {
        if sessions[session]?.rights.isReadOnly == true {
            throw .text("lock and unlock methods not allowed, DB server is read only.")
        }
        guard parameters.count == 1, let name = parameters[0].string,
            ObjectReader.isIdentifier(name)
        else { throw .syntax("\(method) request params must be <id>", in: .array(parameters)) }
        return name
    }

    private mutating func lock(
        _ method: String, _ parameters: [JSON], _ session: SessionID
    ) throws(RequestError) -> JSON {
        let name = try lockName(method, parameters, session)
        guard sessions[session]?.locks.contains(name) == false else {
            throw .syntax(
                "must issue \"unlock\" before new \"\(method)\"", in: .array(parameters))
        }
        sessions[session]?.locks.insert(name)
        if method == "lock" { return ["locked": .bool(locks.lock(name, for: session))] }
        if let victim = locks.steal(name, for: session) {
            notify(victim, "stolen", [.string(name)])
        }
        return ["locked": true]
    }

    private mutating func unlock(
        _ parameters: [JSON], _ session: SessionID
    ) throws(RequestError) -> JSON {
        let name = try lockName("unlock", parameters, session)
        guard sessions[session]?.locks.remove(name) != nil else {
            throw .syntax(
                "unlock: \"unlock\" without \"lock\" or \"steal\"", in: .array(parameters))
        }
        passOn(name, from: session)
        return [:]
    }

    /// Takes a session out of a lock's queue and tells who owns it now.
    mutating func passOn(_ lock: String, from session: SessionID) {
        if let owner = locks.unlock(lock, for: session) {
            notify(owner, "locked", [.string(lock)])
        }
    }
}
