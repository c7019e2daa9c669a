import Glibc
import Linux
import OVSDBEngine
import OVSDBModel

/// The file of a database without rows.
enum TestDatabaseFile {
    static func make(in directory: String, _ schema: DatabaseSchema) throws -> String {
        let path = "\(directory)/\(schema.name).db"
        let file = try FileDescriptor.open(path, flags: O_WRONLY | O_CREAT | O_EXCL)
        let bytes = LogWriter(schema: schema).schemaRecord()
        _ = try bytes.withUnsafeBytes { try file.write($0) }
        return path
    }
}
