import JSON
import OVSDBModel

// What arrives (RFC 7047 §4): requests and notifications have a method, replies an id we chose.

extension ClientSession {
    mutating func receive(_ message: JSON, _ now: Int64) {
        if let method = message["method"]?.string {
            receive(method, message["params"] ?? [], message["id"], now)
        } else if let id = message["id"]?.integer {
            let error = message.present("error")
            let result = error == nil ? message.present("result") : .none
            receiveReply(id, result, error, now)
        } else if message["id"]?.string != "echo" {
            drop("unexpected message \(message.summary)", now)
        }
    }

    private mutating func receive(
        _ method: String, _ parameters: JSON, _ id: JSON?, _ now: Int64
    ) {
        switch method {
        case "echo": send(["id": id ?? nil, "result": parameters, "error": nil])
        case "update", "update2", "update3": receiveUpdate(method, parameters, now)
        case "locked", "stolen": lockNotified(method, parameters[0]?.string)
        case "monitor_canceled": monitorCanceled(parameters[0] ?? .null, now)
        default:
            diagnose(.unexpected(method))
            if let id, !id.isNull { send(["id": id, "result": nil, "error": "unknown method"]) }
        }
    }

    private mutating func receiveUpdate(_ method: String, _ parameters: JSON, _ now: Int64) {
        guard let id = parameters[0], let updates = parameters[method == "update3" ? 2 : 1] else {
            return drop("\(method): malformed parameters", now)
        }
        if isServerMonitor(id) {
            updateServer(updates, now)
        } else if id == dataMonitorID {
            let transaction = method == "update3" ? parameters[1]?.string : nil
            updated(.tree(updates), transaction: transaction.flatMap { RowUUID(parsing: $0) }, now)
        }
    }

    private mutating func receiveReply(_ id: Int64, _ result: JSON?, _ error: JSON?, _ now: Int64) {
        var purpose: ClientRequest?
        updateOnline { purpose = $0.requests.removeValue(forKey: id) }
        switch purpose {
        case .serverSchema: serverSchemaReplied(result, error, now)
        case .serverMonitor: serverMonitorReplied(result, error, now)
        case .dataSchema: dataSchemaReplied(result, error, now)
        case .dataMonitor(let method, let isResumption):
            monitorReplied(method, isResumption: isResumption, result, error, now)
        case .conditionChange: conditionReplied(result, error, now)
        case .lock: lockReplied(id, result, now)
        case .transaction: transactionReplied(id, result, error)
        case .lookUp(let lookUp, let table): lookUpReplied(lookUp, table, result)
        case .ignored, nil: break
        }
    }
}

// MARK: - Large messages

extension ClientSession {
    /// Reads the updates of the database straight from the text; anything else is parsed.
    mutating func receive(text: ArraySlice<UInt8>, _ now: Int64) {
        do {
            let message = try MessageEnvelope(text)
            if try receiveUpdate(message, now) { return }
            if try receiveDump(message, now) { return }
            receive(try JSON.parse(text), now)
        } catch {
            drop("bad message: \(error)", now)
        }
    }

    /// False if it is something else.
    private mutating func receiveUpdate(
        _ message: MessageEnvelope, _ now: Int64
    ) throws(JSONError) -> Bool {
        let method = try message.member("method")?.string
        guard method == "update2" || method == "update3",
            try message.element("params", 0) == dataMonitorID,
            let updates = message.elementText("params", method == "update3" ? 2 : 1)
        else { return false }
        let transaction = method == "update3" ? try message.element("params", 1)?.string : nil
        updated(
            .text(updates), transaction: transaction.flatMap { RowUUID(parsing: $0) }, now)
        return true
    }

    /// False if it is something else.
    private mutating func receiveDump(
        _ message: MessageEnvelope, _ now: Int64
    ) throws(JSONError) -> Bool {
        guard let id = try message.member("id")?.integer,
            case .dataMonitor(.since, let isResumption) = online?.requests[id],
            message.elementCount("result") == 3, let found = try message.element("result", 0),
            let transaction = try message.element("result", 1),
            let updates = message.elementText("result", 2),
            let reply = MonitorReply(found: found, transaction: transaction, .text(updates))
        else { return false }
        updateOnline { $0.requests[id] = nil }
        begin(reply, isResumption: isResumption, now)
        return true
    }
}

extension JSON {
    /// The member called `key`, unless it is null.
    fileprivate func present(_ key: String) -> JSON? {
        guard let value = self[key], !value.isNull else { return .none }
        return value
    }

    /// The beginning of the text, for messages.
    var summary: String { String(description.prefix(200)) }
}
