import JSON
import Linux
import OVSDBModel
import Testing

/// The same requests to a stock server and to ours get the same answers, word for word.
@Suite(.enabled(if: Programs.haveStock, Programs.stockIsMissing))
struct DifferentialTests {
    private struct Step {
        let method: String
        let parameters: JSON

        init(_ method: String, _ parameters: JSON) {
            self.method = method
            self.parameters = parameters
        }

        init(_ operations: JSON...) {
            self.init("transact", .array(["OVN_Northbound"] + operations))
        }
    }

    private static func monitor(_ method: String, _ tables: JSON, _ more: JSON...) -> Step {
        Step(method, .array(["OVN_Northbound", "m", tables] + more))
    }

    private static func change(_ old: JSON, _ new: JSON, _ tables: JSON) -> Step {
        Step("monitor_cond_change", [old, new, tables])
    }

    private static func onSwitch(_ operation: String, _ name: String, _ more: JSON = [:]) -> JSON {
        let members: [JSON.Member] = [
            .init("op", .string(operation)), .init("table", "Logical_Switch"),
            .init("where", [["name", "==", .string(name)]]),
        ]
        return .object(members + (more.members ?? []))
    }

    private static func insert(_ name: String) -> JSON {
        ["op": "insert", "table": "Logical_Switch", "row": ["name": .string(name)]]
    }

    /// Each conversation starts on a fresh connection.
    private static let conversations: [[Step]] = [
        [
            Step("nosuch", []), Step("echo", [1, "a"]), Step("get_schema", []),
            Step("get_schema", [1]), Step("get_schema", ["nosuch"]),
            Step("get_schema", ["OVN_Northbound"]), Step("transact", []), Step("transact", ["x"]),
            Step("transact", ["OVN_Northbound"]), Step("set_db_change_aware", [true]),
            Step("set_db_change_aware", []), Step("set_db_change_aware", [1]),
        ],
        [
            Step("lock", ["x"]), Step("lock", ["x"]), Step("steal", ["x"]), Step("unlock", ["x"]),
            Step("unlock", ["x"]), Step("lock", []), Step("lock", ["1x"]), Step("steal", [1]),
            Step("unlock", []), Step(["op": "assert", "lock": "x"]), Step("steal", ["x"]),
            Step(["op": "assert", "lock": "x"]),
        ],
        [
            monitor("monitor", ["Nope": ["columns": ["name"]]]),
            monitor("monitor", ["NB_Global": ["columns": ["nope"]]]),
            monitor("monitor", ["NB_Global": ["columns": [1]]]),
            monitor("monitor", ["NB_Global": ["columns": "x"]]),
            monitor("monitor", ["NB_Global": [["columns": ["name"]], ["columns": ["name"]]]]),
            monitor("monitor", ["NB_Global": ["x": 1]]),
            monitor("monitor", ["NB_Global": ["select": ["initial": 1]]]),
            monitor("monitor", ["NB_Global": ["select": ["initially": true]]]),
            monitor("monitor", ["NB_Global": ["where": []]]), monitor("monitor", []),
            monitor("monitor", ["NB_Global": 5]),
            monitor("monitor_cond", [:], "x"), Step("monitor_cond", ["OVN_Northbound", "m"]),
            monitor("monitor_cond_since", [:]), monitor("monitor_cond_since", [:], 1),
            monitor("monitor_cond_since", [:], "x"),
            monitor("monitor_cond", ["NB_Global": [["where": [["nope", "==", 1]]]]]),
            monitor("monitor_cond", ["NB_Global": [["where": [["name", "~", "x"]]]]]),
            monitor("monitor_cond", ["NB_Global": [["where": [1]]]]),
            monitor("monitor_cond", ["NB_Global": [["where": 5]]]),
            monitor("monitor", ["NB_Global": ["columns": ["name"]]]),
            monitor("monitor", ["NB_Global": [:]]),
        ],
        [
            monitor(
                "monitor_cond",
                ["Logical_Switch": [["columns": ["name"], "where": [["name", "==", "b"]]]]]),
            Step(insert("b")), Step(insert("c")),
            change("m", "n", ["Logical_Switch": [["where": [["name", "==", "c"]]]]]),
            Step(onSwitch("update", "c", ["row": ["name": "d"]])), change("m", "n", [:]),
            change("n", "n", ["Nope": []]), change("n", "n", ["NB_Global": []]),
            change("n", "n", ["Logical_Switch": 5]),
            change("n", "n", ["Logical_Switch": [["columns": ["name"]]]]), change("n", "n", 5),
            Step("monitor_cond_change", ["n"]),
            change("n", "o", ["Logical_Switch": [["where": [["name", "==", "d"]]]]]),
            change("o", "o", ["Logical_Switch": []]),
            change("o", "o", ["Logical_Switch": [["where": [false]]]]),
            Step("monitor_cancel", ["n"]), Step("monitor_cancel", ["o"]),
            Step("monitor_cancel", ["o"]), Step("monitor_cancel", []),
            Step(onSwitch("delete", "b"), onSwitch("delete", "d")),
        ],
        movements("monitor"), movements("monitor_cond"),
        [
            Step(["op": "comment", "comment": "x"]), Step(["op": "commit", "durable": true]),
            Step(["op": "abort"]), Step(["op": "nosuch"]), Step(5), Step([:]),
            Step(
                "transact", ["_Server", ["op": "insert", "table": "Database", "row": [:]]]),
            Step("transact", ["_Server", ["op": "delete", "table": "Database", "where": []]]),
        ],
    ]

    /// A row with a child through its life.
    private static func movements(_ method: String) -> [Step] {
        let wish: JSON = [
            "Logical_Switch": [["columns": ["name", "ports", "external_ids", "_uuid"]]],
            "Logical_Switch_Port": [[:]],
        ]
        let parent: JSON = [
            "name": "z", "ports": ["named-uuid", "p"], "external_ids": ["map", [["a", "b"]]],
        ]
        return [
            monitor(method, wish),
            Step(
                [
                    "op": "insert", "table": "Logical_Switch_Port", "row": ["name": "p1"],
                    "uuid-name": "p",
                ], ["op": "insert", "table": "Logical_Switch", "row": parent]),
            Step(
                onSwitch(
                    "mutate", "z",
                    ["mutations": [["external_ids", "insert", ["map", [["c", "d"]]]]]])),
            Step(onSwitch("update", "z", ["row": ["other_config": ["map", [["x", "y"]]]]])),
            Step([
                "op": "update", "table": "Logical_Switch_Port",
                "where": [["name", "==", "p1"]], "row": ["up": true, "tag": 5],
            ]),
            Step([
                "op": "update", "table": "Logical_Switch_Port",
                "where": [["name", "==", "p1"]], "row": ["up": ["set", []], "tag": 6],
            ]),
            Step(onSwitch("delete", "z")),
        ]
    }

    @Test func answersAreTheSame() async throws {
        let ours = try await ServerProcess.started(.ours)
        let stock = try await ServerProcess.started(.stock)
        for conversation in Self.conversations {
            let clients = [try RawClient(ours.socket), try RawClient(stock.socket)]
            for step in conversation {
                let answers = try clients.map { client in
                    Self.normalized(
                        try client.converse(step.method, step.parameters, id: 1))
                }
                #expect(answers[0] == answers[1], "\(step.method) \(step.parameters)")
            }
        }
    }

    /// Messages as text in an order of their own, absent members for null ones, rows in an order
    /// that doesn't depend on their identities.
    private static func normalized(_ messages: [JSON]) -> [String] {
        messages.map { message in
            let members = (message.members ?? []).filter { !$0.value.isNull }
            return anonymous(JSON.object(members)).canonical.description
        }.sorted()
    }

    private static func anonymous(_ json: JSON) -> JSON {
        switch json {
        case .string(let text): return RowUUID(parsing: text) == nil ? json : "uuid"
        case .array(let elements): return .array(elements.map(anonymous))
        case .object(let members):
            let values = members.map { JSON.Member($0.key, anonymous($0.value)) }
            guard let first = members.first, RowUUID(parsing: first.key) != nil else {
                return .object(values)
            }
            return .array(
                values.map(\.value.canonical).sorted { $0.description < $1.description })
        case .null, .bool, .integer, .double: return json
        }
    }
}
