// What transactions reply. The same cases run on a stock server's tool where one is installed, so
// the expectations are not only ours.

import Testing

struct TransactionCase: Sendable, CustomTestStringConvertible {
    var name: String
    /// Transactions that come before; each must succeed.
    var before: [String] = []
    /// The operations, separated by commas.
    var operations: String
    /// The reply's result.
    var expected: String
    /// Stock servers of some years ago said it in other words or in another order.
    var hasNewWords = false

    var testDescription: String { name }
}

private func insert(_ table: String, _ n: UInt64, _ row: String) -> String {
    #"{"op":"insert","table":"\#(table)","uuid":"\#(id(n))","row":{\#(row)}}"#
}

private func select(_ table: String, _ columns: String, where clause: String = "") -> String {
    #"{"op":"select","table":"\#(table)","where":[\#(clause)],"columns":[\#(columns)]}"#
}

private func byUUID(_ n: UInt64) -> String { #"["_uuid","==",\#(u(n))]"# }

private func update(_ table: String, _ n: UInt64, _ row: String) -> String {
    #"{"op":"update","table":"\#(table)","where":[\#(byUUID(n))],"row":{\#(row)}}"#
}

private func mutate(_ table: String, _ n: UInt64, _ mutations: String) -> String {
    #"{"op":"mutate","table":"\#(table)","where":[\#(byUUID(n))],"mutations":[\#(mutations)]}"#
}

private func delete(_ table: String, _ n: UInt64) -> String {
    #"{"op":"delete","table":"\#(table)","where":[\#(byUUID(n))]}"#
}

/// A root with the name `name` and the identity `n`.
private func root(_ n: UInt64, _ name: String, _ more: String = "") -> String {
    insert("Root", n, #""name":"\#(name)""# + (more.isEmpty ? "" : "," + more))
}

/// The element of the result for a wrong operation, the first of `total`.
private func malformed(_ operation: String, _ reason: String, total: Int = 1) -> String {
    let syntax = operation.replacing("\"", with: "\\\"")
    return
        #"{"error":"syntax error","details":"Parsing ovsdb operation 1 of \#(total) failed: \#(reason)","syntax":"\#(syntax)"}"#
}

private func violation(_ details: String) -> String {
    #"{"error":"constraint violation","details":"\#(details)"}"#
}

let operationCases: [TransactionCase] = [
    TransactionCase(name: "no operation", operations: "", expected: "[]"),
    TransactionCase(
        name: "insert gives defaults",
        operations: root(1, "a") + ","
            + #"{"op":"select","table":"Root","where":[],"columns":["name","number","ratio","flag","maybe","options","fixed","children"]}"#,
        expected: #"""
            [{"uuid":\#(u(1))},{"rows":[{"name":"a","number":0,"ratio":0.0,"flag":false,
             "maybe":["set",[]],"options":["map",[]],"fixed":"","children":["set",[]]}]}]
            """#),
    TransactionCase(
        name: "insert refuses a taken identity", before: [root(1, "a")],
        operations: root(1, "b"),
        expected: #"""
            [{"error":"duplicate uuid","details":"This UUID would duplicate a UUID already present within the \"Root\" table or deleted from this table within the same transaction.","syntax":"\"\#(id(1))\""}]
            """#, hasNewWords: true),
    TransactionCase(
        name: "insert refuses the identity of a row deleted before", before: [root(1, "a")],
        operations: delete("Root", 1) + "," + root(1, "b"),
        expected: #"""
            [{"count":1},{"error":"duplicate uuid","details":"This UUID would duplicate a UUID already present within the \"Root\" table or deleted from this table within the same transaction.","syntax":"\"\#(id(1))\""}]
            """#, hasNewWords: true),
    TransactionCase(
        name: "insert takes the identity of a row inserted and deleted before",
        operations: [root(1, "a"), delete("Root", 1), root(1, "b"), select("Root", "\"name\"")]
            .joined(separator: ","),
        expected: #"[{"uuid":\#(u(1))},{"count":1},{"uuid":\#(u(1))},{"rows":[{"name":"b"}]}]"#),
    TransactionCase(
        name: "a name for a row may be used before it is defined",
        operations: root(1, "a", #""child":["named-uuid","c"]"#) + ","
            + #"{"op":"insert","table":"Child","uuid":"\#(id(2))","uuid-name":"d","row":{}},"#
            + mutate("Root", 1, #"["children","insert",["named-uuid","d"]]"#) + ","
            + #"{"op":"update","table":"Root","where":[],"row":{"child":["named-uuid","d"]}},"#
            + select("Root", #""child","children""#),
        expected: #"""
            [{"uuid":\#(u(1))},{"uuid":\#(u(2))},{"count":1},{"count":1},
             {"rows":[{"child":\#(u(2)),"children":\#(u(2))}]}]
            """#),
    TransactionCase(
        name: "a name is given once",
        operations:
            #"{"op":"insert","table":"Child","uuid":"\#(id(1))","uuid-name":"x","row":{}},{"op":"insert","table":"Child","uuid-name":"x","row":{}}"#,
        expected: #"""
            [{"uuid":\#(u(1))},{"error":"duplicate uuid-name","details":"This \"uuid-name\" appeared on an earlier \"insert\" operation.","syntax":"\"x\""}]
            """#),
    TransactionCase(
        name: "results after an error are null",
        operations: root(1, "a") + #",{"op":"abort"},{"op":"comment","comment":"x"},{}"#,
        expected: #"""
            [{"uuid":\#(u(1))},{"error":"aborted","details":"aborted by request"},null,null]
            """#),
    TransactionCase(
        name: "an abort leaves nothing", before: [root(1, "a")],
        operations: select("Root", "\"name\""), expected: #"[{"rows":[{"name":"a"}]}]"#),
    TransactionCase(
        name: "update counts matches and changes them",
        before: [root(1, "a", #""number":1"#) + "," + root(2, "b", #""number":2"#)],
        operations:
            #"{"op":"update","table":"Root","where":[["number",">=",1]],"row":{"number":5,"tags":["set",["y","x"]]}},"#
            + select("Root", #""name","number","tags""#, where: byUUID(2)),
        expected: #"""
            [{"count":2},{"rows":[{"name":"b","number":5,"tags":["set",["x","y"]]}]}]
            """#),
    TransactionCase(
        name: "update of an immutable column", before: [root(1, "a")],
        operations: #"{"op":"update","table":"Root","where":[],"row":{"fixed":"x"}}"#,
        expected: #"""
            [{"error":"constraint violation","details":"Cannot update immutable column fixed in table Root.","syntax":"{\"op\":\"update\",\"row\":{\"fixed\":\"x\"},\"table\":\"Root\",\"where\":[]}"}]
            """#),
    TransactionCase(
        name: "mutate by arithmetic",
        before: [
            root(1, "a", #""number":7,"ratio":1.5,"few":["set",[1,2]],"reals":["set",[1,2.5]]"#)
        ],
        operations: mutate(
            "Root", 1,
            #"["number","+=",3],["number","*=",4],["number","-=",1],["number","/=",2],["number","%=",10],["ratio","*=",2],["few","+=",1],["reals","/=",2]"#
        ) + "," + select("Root", #""number","ratio","few","reals""#),
        expected: #"""
            [{"count":1},{"rows":[{"number":9,"ratio":3.0,"few":["set",[2,3]],"reals":["set",[0.5,1.25]]}]}]
            """#),
    TransactionCase(
        name: "mutate divides by zero", before: [root(1, "a")],
        operations: mutate("Root", 1, #"["number","/=",0]"#),
        expected: #"[{"error":"domain error","details":"Division by zero."}]"#),
    TransactionCase(
        name: "mutate overflows", before: [root(1, "a", #""number":9223372036854775807"#)],
        operations: mutate("Root", 1, #"["number","+=",1]"#),
        expected: #"""
            [{"error":"range error","details":"Result of \"+=\" operation is out of range."}]
            """#),
    TransactionCase(
        name: "mutate makes duplicates", before: [root(1, "a", #""few":["set",[1,2]]"#)],
        operations: mutate("Root", 1, #"["few","*=",0]"#),
        expected: "[\(violation(#"Result of \"*=\" operation contains duplicates."#))]"),
    TransactionCase(
        name: "mutate leaves the range", before: [root(1, "a", #""few":["set",[1,9]]"#)],
        operations: mutate("Root", 1, #"["few","+=",1]"#),
        expected: "[\(violation("10 is not in the valid range 0 to 9 (inclusive)"))]"),
    TransactionCase(
        name: "mutate inserts and deletes",
        before: [
            root(
                1, "a",
                #""tags":["set",["x","y"]],"options":["map",[["k","1"],["l","2"],["m","3"]]]"#)
        ],
        operations: mutate(
            "Root", 1,
            #"["tags","insert",["set",["y","z"]]],["tags","delete","x"],["options","delete",["map",[["k","1"],["l","other"]]]],["options","delete",["set",["m"]]],["options","insert",["map",[["l","new"],["n","4"]]]]"#
        ) + "," + select("Root", #""tags","options""#),
        expected: #"""
            [{"count":1},{"rows":[{"tags":["set",["y","z"]],"options":["map",[["l","2"],["n","4"]]]}]}]
            """#),
    TransactionCase(
        name: "mutate stores too much", before: [root(1, "a", #""few":["set",[1,2]]"#)],
        operations: mutate("Root", 1, #"["few","insert",["set",[3,4]]]"#),
        expected: "[\(violation("Attempted to store 4 elements in set of up to 3 integers."))]"),
    TransactionCase(
        name: "mutate with an operator that doesn't fit", before: [root(1, "a")],
        operations: mutate("Root", 1, #"["name","insert","x"]"#),
        expected: #"""
            [{"error":"syntax error","details":"Type mismatch: \"insert\" operator may not be applied to column name of type string.","syntax":"[\"name\",\"insert\",\"x\"]"}]
            """#),
    TransactionCase(
        name: "mutate with unknown words", before: [root(1, "a")],
        operations: mutate("Root", 1, #"["number","^=",1]"#),
        expected: #"[{"error":"unknown mutator","details":"No mutator named ^=."}]"#),
    TransactionCase(
        name: "mutate an immutable column", before: [root(1, "a")],
        operations: mutate("Root", 1, #"["_uuid","insert",1]"#),
        expected: #"""
            [{"error":"constraint violation","details":"Cannot mutate immutable column _uuid in table Root.","syntax":"[\"_uuid\",\"insert\",1]"}]
            """#),
    TransactionCase(
        name: "mutate nothing counts", before: [root(1, "a") + "," + root(2, "b")],
        operations: #"{"op":"mutate","table":"Root","where":[],"mutations":[]}"#,
        expected: #"[{"count":2}]"#),
    TransactionCase(
        name: "delete by index", before: [root(1, "a") + "," + root(2, "b")],
        operations: #"{"op":"delete","table":"Root","where":[["name","==","b"]]},"#
            + select("Root", "\"name\""),
        expected: #"[{"count":1},{"rows":[{"name":"a"}]}]"#),
    TransactionCase(
        name: "an index finds what the transaction did",
        before: [root(1, "a") + "," + root(2, "b")],
        operations: [
            select("Root", "\"_uuid\"", where: #"["name","==","b"]"#),
            update("Root", 2, #""name":"c""#), root(3, "b"),
            select("Root", "\"_uuid\"", where: #"["name","==","b"]"#),
            select("Root", "\"_uuid\"", where: #"["name","==","c"]"#),
        ].joined(separator: ","),
        expected: #"""
            [{"rows":[{"_uuid":\#(u(2))}]},{"count":1},{"uuid":\#(u(3))},
             {"rows":[{"_uuid":\#(u(3))}]},{"rows":[{"_uuid":\#(u(2))}]}]
            """#),
    TransactionCase(
        name: "select makes rows distinct and sorts",
        before: [
            root(1, "a", #""number":2"#) + "," + root(2, "b", #""number":1"#) + ","
                + root(3, "c", #""number":2"#)
        ],
        operations:
            #"{"op":"select","table":"Root","where":[],"columns":["number"],"sort":["number"]},{"op":"select","table":"Root","where":[],"columns":["name"],"sort":["number","name"]}"#,
        expected: #"""
            [{"rows":[{"number":1},{"number":2}]},{"rows":[{"name":"b"},{"name":"a"},{"name":"c"}]}]
            """#),
    TransactionCase(
        name: "select with a column twice",
        operations: select("Root", #""name","name""#),
        expected: #"""
            [{"error":"syntax error","details":"array of distinct column names expected","syntax":"[\"name\",\"name\"]"}]
            """#),
    TransactionCase(
        name: "select an unknown column", operations: select("Root", "\"nix\""),
        expected: #"""
            [{"error":"syntax error","details":"nix is not a valid column name","syntax":"[\"nix\"]"}]
            """#),
    TransactionCase(
        name: "comment and commit give empty objects",
        operations: #"{"op":"comment","comment":"x"},{"op":"commit","durable":true}"#,
        expected: "[{},{}]"),
    TransactionCase(
        name: "assert without the lock",
        operations: #"{"op":"assert","lock":"mine"}"#,
        expected: #"[{"error":"not owner","details":"Asserted lock mine not held."}]"#),
]

let waitCases: [TransactionCase] = [
    TransactionCase(
        name: "wait on equal rows", before: [root(1, "a", #""number":4"#)],
        operations:
            #"{"op":"wait","table":"Root","timeout":0,"where":[\#(byUUID(1))],"columns":["number"],"until":"==","rows":[{"number":4}]}"#,
        expected: "[{}]"),
    TransactionCase(
        name: "wait on unequal rows fails at once with timeout 0", before: [root(1, "a")],
        operations:
            #"{"op":"wait","table":"Root","timeout":0,"where":[\#(byUUID(1))],"columns":["number"],"until":"==","rows":[{"number":4}]}"#,
        expected: #"[{"error":"timed out","details":"\"where\" clause test failed"}]"#),
    TransactionCase(
        name: "wait until different", before: [root(1, "a") + "," + root(2, "b")],
        operations:
            #"{"op":"wait","table":"Root","timeout":0,"where":[],"columns":["number"],"until":"!=","rows":[{"number":4}]},{"op":"wait","table":"Root","timeout":0,"where":[],"columns":["number"],"until":"!=","rows":[{}]}"#,
        expected: #"[{},{"error":"timed out","details":"\"where\" clause test failed"}]"#),
    TransactionCase(
        name: "wait for an empty table",
        operations: #"{"op":"wait","table":"Root","timeout":0,"where":[],"until":"==","rows":[]}"#,
        expected: "[{}]"),
    TransactionCase(
        name: "wait with a negative timeout",
        operations: #"{"op":"wait","table":"Root","timeout":-1,"where":[],"until":"==","rows":[]}"#,
        expected: #"""
            [{"error":"syntax error","details":"timeout must be nonnegative","syntax":"-1"}]
            """#),
    TransactionCase(
        name: "wait until something else",
        operations: #"{"op":"wait","table":"Root","timeout":0,"where":[],"until":"<","rows":[]}"#,
        expected: #"""
            [{"error":"syntax error","details":"\"until\" must be \"==\" or \"!=\"","syntax":"\"<\""}]
            """#),
]

let syntaxCases: [TransactionCase] = [
    TransactionCase(
        name: "not an object", operations: "1",
        expected: #"""
            [{"error":"syntax error","details":"Parsing ovsdb operation 1 of 1 failed: Object expected."}]
            """#),
    TransactionCase(
        name: "no op", operations: "{}",
        expected: "[\(malformed("{}", "Required 'op' member is missing."))]"),
    TransactionCase(
        name: "unknown op", operations: #"{"op":"frob"}"#,
        expected: #"""
            [{"error":"syntax error","details":"Parsing ovsdb operation 1 of 1 failed: No operation \"frob\"","syntax":"{\"op\":\"frob\"}"}]
            """#),
    TransactionCase(
        name: "unknown table", operations: #"{"op":"delete","table":"Nix","where":[]}"#,
        expected:
            "[\(malformed(#"{"op":"delete","table":"Nix","where":[]}"#, "No table named Nix."))]"),
    TransactionCase(
        name: "missing where", operations: #"{"op":"delete","table":"Root"}"#,
        expected:
            "[\(malformed(#"{"op":"delete","table":"Root"}"#, "Required 'where' member is missing."))]"
    ),
    TransactionCase(
        name: "wrong type of member", operations: #"{"op":"delete","table":"Root","where":{}}"#,
        expected:
            "[\(malformed(#"{"op":"delete","table":"Root","where":{}}"#, "Type mismatch for member 'where'."))]"
    ),
    TransactionCase(
        name: "a member too much",
        operations: #"{"op":"comment","comment":"x","extra":1},{"op":"abort"}"#,
        expected:
            "[\(malformed(#"{"comment":"x","extra":1,"op":"comment"}"#, "Member 'extra' is present but not allowed here.", total: 2)),null]"
    ),
    TransactionCase(
        name: "a malformed operation outweighs what else is wrong",
        operations: #"{"op":"abort","extra":1}"#,
        expected:
            "[\(malformed(#"{"extra":1,"op":"abort"}"#, "Member 'extra' is present but not allowed here."))]"
    ),
    TransactionCase(
        name: "unknown column in a row", operations: insert("Root", 1, #""nix":1"#),
        expected: #"""
            [{"error":"unknown column","details":"No column nix in table Root.","syntax":"{\"nix\":1}"}]
            """#),
    TransactionCase(
        name: "unknown column in a condition",
        operations: select("Root", "\"name\"", where: #"["nix","==",1]"#),
        expected: #"""
            [{"error":"unknown column","details":"No column nix in table Root.","syntax":"[\"nix\",\"==\",1]"}]
            """#),
    TransactionCase(
        name: "unknown function",
        operations: select("Root", "\"name\"", where: #"["name","~",1]"#),
        expected: #"[{"error":"unknown function","details":"No function named ~."}]"#),
    TransactionCase(
        name: "malformed condition", operations: select("Root", "\"name\"", where: #"["name"]"#),
        expected: #"""
            [{"error":"syntax error","details":"Parse error in condition.","syntax":"[\"name\"]"}]
            """#),
    TransactionCase(
        name: "a comparison that doesn't fit",
        operations: select("Root", "\"name\"", where: #"["options","<",1]"#),
        expected: #"""
            [{"error":"syntax error","details":"Type mismatch: \"<\" operator may not be applied to column options of type map of (string, string) pairs.","syntax":"[\"options\",\"<\",1]"}]
            """#),
    TransactionCase(
        name: "a value of the wrong type", operations: insert("Root", 1, #""number":"x""#),
        expected: #"[{"error":"syntax error","details":"expected integer","syntax":"\"x\""}]"#),
    TransactionCase(
        name: "a bad uuid", operations: insert("Root", 1, #""child":["uuid","x"]"#),
        expected: #"""
            [{"error":"syntax error","details":"\"x\" is not a valid UUID","syntax":"[\"uuid\",\"x\"]"}]
            """#),
    TransactionCase(
        name: "a bad chosen uuid",
        operations: #"{"op":"insert","table":"Root","uuid":"x","row":{}}"#,
        expected: #"[{"error":"syntax error","details":"bad uuid","syntax":"\"x\""}]"#),
    TransactionCase(
        name: "a set with a duplicate", operations: insert("Root", 1, #""tags":["set",["x","x"]]"#),
        expected: #"[{"error":"ovsdb error","details":"set contains duplicate"}]"#),
    TransactionCase(
        name: "a map with a key twice",
        operations: insert("Root", 1, #""options":["map",[["k","1"],["k","2"]]]"#),
        expected: #"[{"error":"ovsdb error","details":"map contains duplicate key"}]"#),
    TransactionCase(
        name: "too many in a scalar", operations: insert("Root", 1, #""number":["set",[1,2]]"#),
        expected: #"""
            [{"error":"syntax error","details":"set must have exactly one member but 2 are present","syntax":"[\"set\",[1,2]]"}]
            """#),
    TransactionCase(
        name: "too many in a map",
        operations: insert("Root", 1, #""counts":["map",[["a",1],["b",2],["c",3]]]"#),
        expected: #"""
            [{"error":"syntax error","details":"map must have 0 to 2 members but 3 are present","syntax":"[\"map\",[[\"a\",1],[\"b\",2],[\"c\",3]]]"}]
            """#),
    TransactionCase(
        name: "an atom for a map", operations: insert("Root", 1, #""options":"x""#),
        expected: #"""
            [{"error":"syntax error","details":"expected [\"map\", <array>]","syntax":"\"x\""}]
            """#),
    TransactionCase(
        name: "an enumeration", operations: insert("Root", 1, #""kind":"blue""#),
        expected:
            "[\(violation("blue is not one of the allowed values ([green, red])"))]"),
    TransactionCase(
        name: "too short", operations: insert("Root", 1, #""short":"x""#),
        expected: "[\(violation(#"\"x\" length 1 is less than minimum allowed length 2"#))]"),
    TransactionCase(
        name: "length counts characters", operations: insert("Root", 1, #""short":"äöü""#),
        expected: #"[{"uuid":\#(u(1))}]"#),
    TransactionCase(
        name: "too long", operations: insert("Root", 1, #""short":"xxxxx""#),
        expected: "[\(violation(#"\"xxxxx\" length 5 is greater than maximum allowed length 4"#))]"),
]

let conditionCases: [TransactionCase] =
    conditions(
        on:
            #""number":5,"maybe":3,"tags":["set",["x","y"]],"options":["map",[["k","1"],["l","2"]]]"#,
        [
            (#"["number","<",6]"#, true), (#"["number","<",5]"#, false),
            (#"["number","<=",5]"#, true),
            (#"["number",">",4]"#, true), (#"["number",">=",6]"#, false),
            (#"["number","!=",5]"#, false),
            (#"["number","includes",5]"#, true), (#"["number","excludes",5]"#, false),
            (#"["maybe","<",4]"#, true), (#"["maybe",">",4]"#, false),
            (#"["tags","==",["set",["y","x"]]]"#, true), (#"["tags","==","x"]"#, false),
            (#"["tags","includes","x"]"#, true), (#"["tags","includes",["set",["x","z"]]]"#, false),
            (#"["tags","includes",["set",[]]]"#, true), (#"["tags","excludes","z"]"#, true),
            (#"["tags","excludes",["set",["x","z"]]]"#, false),
            (#"["options","includes",["map",[["k","1"]]]]"#, true),
            (#"["options","includes",["map",[["k","2"]]]]"#, false),
            (#"["options","excludes",["map",[["k","2"],["m","1"]]]]"#, true),
            (#"["options","excludes",["map",[["k","1"]]]]"#, false),
            (#"["options","!=",["map",[]]]"#, true), (#"["kind","==",["set",[]]]"#, true),
            (#"["kind","includes",["set",[]]]"#, true), (#"["_uuid","==",\#(u(1))]"#, true),
            (#"["_uuid","!=",\#(u(1))]"#, false), ("true", true), ("false", false),
            (#"["number","==",5],["maybe","==",4]"#, false),
            (#"["number","==",5],["name","==","a"]"#, true),
        ])
    + conditions(
        on: "\"number\":1", [(#"["maybe","<",4]"#, false), (#"["maybe",">=",4]"#, false)])

private func conditions(
    on row: String, _ clauses: [(String, Bool)]
) -> [TransactionCase] {
    clauses.map { clause, holds in
        TransactionCase(
            name: "where \(clause)", before: [root(1, "a", row)],
            operations: select("Root", "\"name\"", where: clause),
            expected: holds ? #"[{"rows":[{"name":"a"}]}]"# : #"[{"rows":[]}]"#)
    }
}

let commitCases: [TransactionCase] = [
    TransactionCase(
        name: "a dangling strong reference",
        operations: root(1, "a", #""children":\#(u(9))"#) + #",{"op":"comment","comment":"x"}"#,
        expected: #"""
            [{"uuid":\#(u(1))},{},{"error":"referential integrity violation","details":"Table Root column children row \#(id(1)) references nonexistent row \#(id(9)) in table Child."}]
            """#),
    TransactionCase(
        name: "a dangling strong reference in a map",
        operations: root(1, "a", #""named":["map",[["k",\#(u(9))]]]"#),
        expected: #"""
            [{"uuid":\#(u(1))},{"error":"referential integrity violation","details":"Table Root column named row \#(id(1)) references nonexistent row \#(id(9)) in table Child."}]
            """#),
    TransactionCase(
        name: "deleting what is referred to",
        before: [
            insert("Other", 3, "") + "," + insert("Child", 2, #""other":\#(u(3))"#) + ","
                + root(1, "a", #""child":\#(u(2))"#)
        ],
        operations: delete("Other", 3),
        expected: #"""
            [{"count":1},{"error":"referential integrity violation","details":"cannot delete Other row \#(id(3)) because of 1 remaining reference(s)"}]
            """#),
    TransactionCase(
        name: "an unreferenced row of a table that is no root vanishes",
        before: [insert("Child", 1, #""label":"x""#)],
        operations: select("Child", "\"label\""), expected: #"[{"rows":[]}]"#),
    TransactionCase(
        name: "garbage goes with what only it referred to",
        before: [
            insert("Child", 1, "") + "," + insert("Child", 2, #""grandchild":\#(u(1))"#) + ","
                + insert("Child", 3, #""grandchild":\#(u(2))"#) + ","
                + root(4, "a", #""children":["set",[\#(u(3)),\#(u(1))]]"#),
            mutate("Root", 4, #"["children","delete",\#(u(3))]"#),
        ],
        operations: select("Child", "\"_uuid\""), expected: #"[{"rows":[{"_uuid":\#(u(1))}]}]"#),
    TransactionCase(
        name: "a reference to itself doesn't keep a row",
        before: [insert("Child", 1, #""grandchild":\#(u(1))"#)],
        operations: select("Child", "\"_uuid\""), expected: #"[{"rows":[]}]"#),
    TransactionCase(
        name: "a cycle keeps itself",
        before: [
            insert("Child", 1, #""grandchild":\#(u(2))"#) + ","
                + insert("Child", 2, #""grandchild":\#(u(1))"#)
        ],
        operations:
            #"{"op":"select","table":"Child","where":[],"columns":["_uuid"],"sort":["_uuid"]}"#,
        expected: #"[{"rows":[{"_uuid":\#(u(1))},{"_uuid":\#(u(2))}]}]"#),
    TransactionCase(
        name: "a row referred to twice stays until both are gone",
        before: [
            insert("Child", 1, "") + ","
                + root(
                    2, "a",
                    #""child":\#(u(1)),"children":\#(u(1)),"named":["map",[["x",\#(u(1))],["y",\#(u(1))]]]"#
                ),
            update("Root", 2, #""child":["set",[]],"named":["map",[["y",\#(u(1))]]]"#),
            update("Root", 2, #""children":["set",[]]"#),
        ],
        operations: select("Child", "\"_uuid\""), expected: #"[{"rows":[{"_uuid":\#(u(1))}]}]"#),
    TransactionCase(
        name: "too many rows",
        before: [insert("Other", 1, #""a":1"#) + "," + insert("Other", 2, #""a":2"#)],
        operations: insert("Other", 3, #""a":3"#) + "," + insert("Other", 4, #""a":4"#),
        expected: #"""
            [{"uuid":\#(u(3))},{"uuid":\#(u(4))},\#(violation(#"transaction causes \"Other\" table to contain 4 rows, greater than the schema-defined limit of 3 row(s)"#))]
            """#),
    TransactionCase(
        name: "a full table takes a row in place of another",
        before: [
            insert("Other", 1, #""a":1"#) + "," + insert("Other", 2, #""a":2"#) + ","
                + insert("Other", 3, #""a":3"#)
        ],
        operations: insert("Other", 4, #""a":4"#) + "," + delete("Other", 1),
        expected: #"[{"uuid":\#(u(4))},{"count":1}]"#),
    TransactionCase(
        name: "weak references go with their rows",
        before: [
            root(1, "a") + "," + root(2, "b") + ","
                + root(3, "c", #""friends":["set",[\#(u(1)),\#(u(2)),\#(u(9))]]"#),
            delete("Root", 1),
        ],
        operations: select("Root", "\"friends\"", where: byUUID(3)),
        expected: #"[{"rows":[{"friends":\#(u(2))}]}]"#),
    TransactionCase(
        name: "weak references in a map go with collected garbage",
        before: [
            insert("Child", 1, "") + "," + root(2, "a", #""child":\#(u(1))"#) + ","
                + root(3, "b", #""watch":["map",[[1,\#(u(1))],[2,\#(u(8))]]]"#),
            delete("Root", 2),
        ],
        operations: select("Root", #""name","watch""#),
        expected: #"[{"rows":[{"name":"b","watch":["map",[]]}]}]"#),
    TransactionCase(
        name: "a weak reference that must not vanish",
        before: [insert("Other", 1, "") + "," + insert("Needy", 2, #""buddy":\#(u(1))"#)],
        operations: delete("Other", 1),
        expected: #"""
            [{"count":1},\#(violation(#"Deletion of 1 weak reference(s) to deleted (or never-existing) rows from column \"buddy\" in \"Needy\" row \#(id(2)) caused this column to become empty, but constraints on this column disallow an empty column."#))]
            """#),
    TransactionCase(
        name: "a weak reference that was never given",
        operations: insert("Needy", 2, ""),
        expected: #"""
            [{"uuid":\#(u(2))},\#(violation(#"Weak reference column \"buddy\" in \"Needy\" row \#(id(2)) (inserted within this transaction) contained all-zeros UUID (probably as the default value for this column) but deleting this value caused a constraint volation because this column is not allowed to be empty."#))]
            """#),
    TransactionCase(
        name: "a weak reference to what never was",
        operations: insert("Needy", 2, #""buddy":["set",[\#(u(7)),\#(u(8))]]"#),
        expected: #"""
            [{"uuid":\#(u(2))},\#(violation(#"Deletion of 2 weak reference(s) to deleted (or never-existing) rows from column \"buddy\" in \"Needy\" row \#(id(2)) (inserted within this transaction) caused this column to become empty, but constraints on this column disallow an empty column."#))]
            """#),
    TransactionCase(
        name: "an index refuses a second row",
        before: [insert("Other", 1, #""a":1,"b":"x""#)],
        operations: insert("Other", 2, #""a":1,"b":"x""#),
        expected: #"""
            [{"uuid":\#(u(2))},\#(violation(#"Transaction causes multiple rows in \"Other\" table to have identical values (1 and x) for index on columns \"a\" and \"b\".  First row, with UUID \#(id(1)), existed in the database before this transaction and was not modified by the transaction.  Second row, with UUID \#(id(2)), was inserted by this transaction."#))]
            """#, hasNewWords: true),
    TransactionCase(
        name: "an index refuses a changed row",
        before: [root(1, "a") + "," + root(2, "b", #""number":1"#)],
        operations: update("Root", 1, #""name":"b""#) + "," + update("Root", 2, #""number":2"#),
        expected: #"""
            [{"count":1},{"count":1},\#(violation(#"Transaction causes multiple rows in \"Root\" table to have identical values (b) for index on column \"name\".  First row, with UUID \#(id(2)), existed in the database before this transaction, which modified some of the row's columns but not any columns in this index.  Second row, with UUID \#(id(1)), had the following index values before the transaction: a."#))]
            """#),
    TransactionCase(
        name: "values may be swapped",
        before: [root(1, "a") + "," + root(2, "b")],
        operations: update("Root", 1, #""name":"b""#) + "," + update("Root", 2, #""name":"a""#)
            + "," + select("Root", "\"name\"", where: byUUID(1)),
        expected: #"[{"count":1},{"count":1},{"rows":[{"name":"b"}]}]"#),
    TransactionCase(
        name: "a value may be taken over from a deleted row", before: [root(1, "a")],
        operations: root(2, "a") + "," + delete("Root", 1),
        expected: #"[{"uuid":\#(u(2))},{"count":1}]"#),
]

let allCases = operationCases + waitCases + syntaxCases + conditionCases + commitCases
