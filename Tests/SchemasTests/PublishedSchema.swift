import Foundation
import JSON
import OVSDBModel

/// The schema files that OVN and Open vSwitch publish, where this machine has them.
enum PublishedSchema {
    static let packageRoot = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// A file of exactly the release that the sources state: in the directory that
    /// `SWIFT_OVN_PUBLISHED_SCHEMAS` names, or in `shared/schema` beside or above the package.
    static func current(_ name: String) -> JSON? {
        if let path = ProcessInfo.processInfo.environment["SWIFT_OVN_PUBLISHED_SCHEMAS"] {
            return read(URL(filePath: path).appending(path: name))
        }
        var directory = packageRoot
        while directory.path != "/" {
            directory = directory.deletingLastPathComponent()
            if let schema = read(directory.appending(path: "shared/schema/\(name)")) {
                return schema
            }
        }
        return nil
    }

    /// The file that an installed package brings: an older release.
    static func installed(_ name: String) -> JSON? {
        ["/usr/share/ovn", "/usr/share/openvswitch"].lazy
            .compactMap { read(URL(filePath: "\($0)/\(name)")) }.first
    }

    private static func read(_ url: URL) -> JSON? {
        guard let data = try? Data(contentsOf: url) else { return nil }
        return try? JSON.parse([UInt8](data))
    }
}

/// What a schema says, as one line of text per fact: an own reading of the file's JSON on one side,
/// of the Swift values on the other, so that neither can hide a fault of the other.
struct SchemaFacts {
    var tables: [String: [String]] = [:]
    /// By table and column.
    var columns: [String: [String: String]] = [:]

    init(_ schema: DatabaseSchema) {
        for table in schema.tables {
            tables[table.name] = SchemaFacts.facts(
                isRoot: table.isRoot, maximum: table.maximumRows, indexes: table.indexes)
            for column in table.columns {
                columns[table.name, default: [:]][column.name] = SchemaFacts.text(column)
            }
        }
    }

    init(json: JSON) {
        for table in json["tables"]?.members ?? [] {
            let indexes = table.value["indexes"]?.array?.map {
                $0.array?.compactMap(\.string) ?? []
            }
            tables[table.key] = SchemaFacts.facts(
                isRoot: table.value["isRoot"]?.bool ?? false,
                maximum: table.value["maxRows"]?.integer.map { Int($0) }, indexes: indexes ?? [])
            for column in table.value["columns"]?.members ?? [] {
                columns[table.key, default: [:]][column.key] = SchemaFacts.text(column.value)
            }
        }
    }

    private static func facts(isRoot: Bool, maximum: Int?, indexes: [[String]]) -> [String] {
        ["root \(isRoot)", "rows \(maximum.map(String.init) ?? "any")"]
            + indexes.map { "index " + $0.joined(separator: ",") }
    }

    private static func text(_ column: ColumnSchema) -> String {
        let type = column.type
        var text = text(type.key)
        if let value = type.value { text += " => " + SchemaFacts.text(value) }
        text += " [\(type.minimum)..\(type.maximum.map(String.init) ?? "unlimited")]"
        // A weak reference is always mutable, whatever its schema says.
        return text + " ephemeral \(column.isEphemeral) mutable \(column.isMutable)"
    }

    private static func text(_ base: BaseType) -> String {
        var text = base.type.rawValue
        if !base.enumeration.isEmpty {
            text += " of " + base.enumeration.map(\.description).sorted().joined(separator: "|")
        }
        if base.minimumInteger != .min { text += " >= \(base.minimumInteger)" }
        if base.maximumInteger != .max { text += " <= \(base.maximumInteger)" }
        if base.minimumLength != 0 { text += " longer than \(base.minimumLength)" }
        if base.maximumLength != BaseType.unlimitedLength {
            text += " at most \(base.maximumLength) characters"
        }
        if let reference = base.reference {
            text += " to \(reference.table) \(reference.strength.rawValue)"
        }
        return text
    }

    private static func text(_ column: JSON) -> String {
        let type = column["type"] ?? .null
        var text = base(type["key"] ?? type)
        if let value = type["value"] { text += " => " + base(value) }
        let minimum = type["min"]?.integer ?? 1
        let maximum = type["max"].map { $0.integer.map(String.init) ?? "unlimited" } ?? "1"
        text += " [\(minimum)..\(maximum)] ephemeral \(column["ephemeral"]?.bool ?? false)"
        return text + " mutable \(column["mutable"]?.bool ?? true)"
    }

    private static func base(_ base: JSON) -> String {
        var text = base["type"]?.string ?? base.string ?? "?"
        if let choices = base["enum"] {
            let members = choices[1]?.array ?? [choices]
            let names = members.compactMap(\.string).map { Atom.string($0).description }
            text += " of " + names.sorted().joined(separator: "|")
        }
        if let low = base["minInteger"]?.integer { text += " >= \(low)" }
        if let high = base["maxInteger"]?.integer { text += " <= \(high)" }
        if let low = base["minLength"]?.integer { text += " longer than \(low)" }
        if let high = base["maxLength"]?.integer { text += " at most \(high) characters" }
        if let table = base["refTable"]?.string {
            text += " to \(table) \(base["refType"]?.string ?? "strong")"
        }
        return text
    }
}
