import JSON
import OVSDBModel

/// Why a log can't be used.
public enum LogError: Error, Hashable, Sendable {
    /// What is wrong with the bytes of a record.
    public enum Damage: String, Error, Hashable, Sendable {
        case header = "its header line is malformed"
        case length = "it is longer than the rest of the file"
        case hash = "its contents don't have the hash that its header tells"
    }

    /// The file has no first record, or that isn't a schema.
    case noSchema(OVSDBError?)
    /// A record is damaged but a later one is sound: this is not the trace of a crash.
    case damaged(Damage, record: Int, offset: Int, nextSound: Int)
    /// A sound record that is not JSON.
    case notJSON(JSONError, record: Int, offset: Int)
    /// A sound record that doesn't fit the database that the records before it made.
    case rejected(OVSDBError, record: Int, offset: Int)
}

extension LogError: CustomStringConvertible {
    /// What happened and what an operator can do about it.
    public var description: String {
        switch self {
        case .noSchema(nil): "the file does not begin with a sound schema record"
        case .noSchema(let error?): "the first record is not a schema: \(error)"
        case .damaged(let damage, let record, let offset, let nextSound):
            "record \(record) at offset \(offset) is damaged (\(damage.rawValue)), but a sound "
                + "record follows at offset \(nextSound); " + LogError.recovery(offset)
        case .notJSON(let error, let record, let offset):
            "record \(record) at offset \(offset) is not valid JSON (\(error)); "
                + LogError.recovery(offset)
        case .rejected(let error, let record, let offset):
            "record \(record) at offset \(offset) cannot be applied (\(error)); "
                + LogError.recovery(offset)
        }
    }

    private static func recovery(_ offset: Int) -> String {
        "to recover, restore a backup, or give up this record and all after it by cutting a copy of "
            + "the file to \(offset) bytes (truncate -s \(offset) FILE)"
    }
}
