import JSON
import OVSDBEngine
import OVSDBModel

// The client half of this module has change and outcome types of its own.
typealias StoredRowChange = OVSDBEngine.RowChange
typealias ExecutionOutcome = OVSDBEngine.TransactionOutcome

/// A JSON-RPC 1.0 message from a client (RFC 7047 §4). Members that are absent count as null.
enum ClientMessage {
    case request(method: String, parameters: [JSON], id: JSON)
    case notification(method: String, parameters: [JSON])
    case reply(id: JSON)

    init?(_ json: JSON) {
        guard json.members != nil else { return nil }
        let id = json["id"] ?? .null
        switch json["method"] {
        case .string(let method)?:
            guard let parameters = json["params"]?.array else { return nil }
            self =
                id.isNull
                ? .notification(method: method, parameters: parameters)
                : .request(method: method, parameters: parameters, id: id)
        case nil, .null?:
            if id.isNull { return nil }
            self = .reply(id: id)
        default: return nil
        }
    }
}

/// Why a request as a whole is refused. Most faults are objects, a few are plain strings.
enum RequestError: Error {
    case object(OVSDBError)
    case text(String)

    static func syntax(_ details: String, in json: JSON?, tag: String? = nil) -> RequestError {
        .object(.syntax(details, in: json, tag: tag))
    }

    var json: JSON {
        switch self {
        case .object(let error): error.json
        case .text(let text): .string(text)
        }
    }
}

/// Messages to a client, printed.
enum ServerMessage {
    static func reply(to id: JSON, _ result: JSON) -> [UInt8] {
        JSON.object([.init("id", id), .init("result", result), .init("error", .null)]).bytes
    }

    static func error(to id: JSON, _ error: RequestError) -> [UInt8] {
        JSON.object([.init("id", id), .init("result", .null), .init("error", error.json)]).bytes
    }

    static func notification(_ method: String, _ parameters: [JSON]) -> [UInt8] {
        let message: JSON = [
            "id": nil, "method": .string(method), "params": .array(parameters),
        ]
        return message.bytes
    }
}
