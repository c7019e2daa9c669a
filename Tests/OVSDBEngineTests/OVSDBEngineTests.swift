import JSON
import OVSDBEngine
import OVSDBModel
import Testing

/// The identity with the number `n` as an operation names it.
func u(_ n: Int) -> String {
    let digits = String(n)
    let zeros = String(repeating: "0", count: 12 - digits.count)
    return "[\"uuid\",\"00000000-0000-0000-0000-\(zeros)\(digits)\"]"
}

let numbersSchema = """
    {"name":"ordinals","version":"1.0.0","tables":{"ordinals":{"columns":{
     "number":{"type":"integer"},"name":{"type":"string"}},"indexes":[["number"]],
     "isRoot":true}}}
    """

@Suite struct OperationTests {
    @Test func insertThenSelect() throws {
        var fixture = try Fixture(numbersSchema)
        let inserted = try fixture.transact(
            #"{"op":"insert","table":"ordinals","row":{"number":0,"name":"zero"}}"#)
        #expect(inserted == #"[{"uuid":\#(u(1))}]"#)
        let selected = try fixture.transact(
            #"{"op":"select","table":"ordinals","where":[]}"#)
        #expect(
            selected
                == #"[{"rows":[{"_uuid":\#(u(1)),"_version":\#(u(2)),"name":"zero","number":0}]}]"#)
    }
}
