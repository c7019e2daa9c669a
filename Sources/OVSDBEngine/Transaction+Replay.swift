import JSON
import OVSDBModel

// A transaction record from its tree: slower than `LogDecoder`, with the same effect, and with
// OVSDB's words for what is wrong.

extension Transaction {
    /// Does what the body of a transaction record says.
    mutating func replay(_ json: JSON) throws(OVSDBError) {
        guard let members = json.members else { throw .syntax("object expected", in: json) }
        let isDifference = json["_is_diff"] == true
        for member in members {
            guard let table = base.schema.tableIndex(member.key) else {
                guard Transaction.isKnown(member) else {
                    throw .syntax(
                        "No table named \(member.key).", in: json, tag: "unknown table")
                }
                continue
            }
            try replay(member.value, table: table, isDifference: isDifference)
        }
    }

    private static func isKnown(_ member: JSON.Member) -> Bool {
        switch (member.key, member.value) {
        case ("_date", .integer), ("_is_diff", .bool), ("_comment", _): true
        default: false
        }
    }

    private mutating func replay(
        _ json: JSON, table: Int, isDifference: Bool
    ) throws(OVSDBError) {
        guard let members = json.members else { throw .syntax("object expected", in: json) }
        for member in members {
            guard let uuid = RowUUID(parsing: member.key) else {
                throw .syntax("\"\(member.key)\" is not a valid UUID", in: json)
            }
            let location = RowLocation(table: table, uuid: uuid)
            try replay(member.value, location, isDifference: isDifference)
        }
    }

    private mutating func replay(
        _ json: JSON, _ location: RowLocation, isDifference: Bool
    ) throws(OVSDBError) {
        let old = row(location)
        if json.isNull {
            guard old != nil else {
                throw .syntax(
                    "transaction deletes row \(location.uuid) that does not exist", in: nil)
            }
            delete(location)
        } else if let old {
            modify(location, try changed(old, json, location.table, isDifference: isDifference))
        } else {
            guard isFree(location) else {
                throw .syntax("row \(location.uuid) is inserted after it was deleted", in: nil)
            }
            let defaults = base.schema.tables[location.table].defaultRow
            insert(location, try changed(defaults, json, location.table, isDifference: false))
        }
    }

    private func changed(
        _ old: Row, _ json: JSON, _ table: Int, isDifference: Bool
    ) throws(OVSDBError) -> Row {
        guard let members = json.members else {
            throw .syntax("row must be JSON object", in: json)
        }
        let schema = base.schema.tables[table]
        var row = old
        for member in members {
            guard let column = schema.columnIndex(member.key) else {
                throw .syntax(
                    "No column \(member.key) in table \(schema.name).", in: json,
                    tag: "unknown column")
            }
            let type = schema.columns[column].type
            if isDifference {
                let difference = try Datum(diffJSON: member.value, type: type)
                row[column] = try row[column].applying(diff: difference, type: type)
            } else {
                row[column] = try Datum(json: member.value, type: type)
            }
        }
        return row
    }
}
