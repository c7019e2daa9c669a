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
            updated(updates, transaction: transaction.flatMap { RowUUID(parsing: $0) }, now)
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
        case .ignored, nil: break
        }
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
