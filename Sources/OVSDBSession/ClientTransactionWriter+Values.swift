import JSON
import OVSDBModel

// Values in the notation of RFC 7047 §5.1, with placeholders as named UUIDs.

extension TransactionWriter {
    mutating func row(_ columns: [(column: ColumnSchema, value: Datum)]) {
        writer.beginObject()
        for (column, value) in columns {
            writer.key(column.name)
            write(value, isMap: column.type.isMap)
        }
        writer.endObject()
    }

    mutating func write(_ datum: Datum, isMap: Bool) {
        switch datum {
        case .one(let atom): write(atom)
        case .empty: writer.value(.array([isMap ? "map" : "set", []]))
        case .many(let atoms):
            beginTagged("set")
            for atom in atoms { write(atom) }
            endTagged()
        case .map(let entries):
            beginTagged("map")
            for entry in entries {
                writer.beginArray()
                write(entry.key)
                write(entry.value)
                writer.endArray()
            }
            endTagged()
        }
    }

    private mutating func beginTagged(_ tag: String) {
        writer.beginArray()
        writer.string(tag)
        writer.beginArray()
    }

    private mutating func endTagged() {
        writer.endArray()
        writer.endArray()
    }

    private mutating func write(_ atom: Atom) {
        switch atom {
        case .integer(let value): writer.integer(value)
        case .real(let value): writer.double(value)
        case .boolean(let value): writer.bool(value)
        case .string(let value): writer.string(value)
        case .uuid(let value): write(value)
        }
    }

    private mutating func write(_ uuid: RowUUID) {
        let isPlaceholder = placeholders.contains(uuid)
        writer.beginArray()
        writer.string(isPlaceholder ? "named-uuid" : "uuid")
        writer.string(isPlaceholder ? TransactionWriter.name(of: uuid) : uuid.description)
        writer.endArray()
    }

    /// The `<id>` that stands for a placeholder.
    static func name(of uuid: RowUUID) -> String {
        "row" + String(uuid.description.map { $0 == "-" ? "_" : $0 })
    }
}
