import JSON

/// An error object as OVSDB reports it in replies (RFC 7047 §3.1, `<error>`).
///
/// Stock clients match on `tag` and print or match `details`, so both are part of the protocol.
public struct OVSDBError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The short string of the member `error`, such as "constraint violation".
    public var tag: String
    /// The explanation in words.
    public var details: String?
    /// The JSON text at fault, members sorted; an extension that stock servers send too.
    public var syntax: String?

    public init(tag: String, details: String?, syntax: String? = nil) {
        self.tag = tag
        self.details = details
        self.syntax = syntax
    }

    /// An error in the form of `json`, which is quoted in it.
    public static func syntax(_ details: String, in json: JSON?, tag: String? = nil) -> OVSDBError {
        OVSDBError(
            tag: tag ?? "syntax error", details: details, syntax: json?.canonical.description)
    }

    public static func constraintViolation(_ details: String) -> OVSDBError {
        OVSDBError(tag: "constraint violation", details: details)
    }

    /// An error without a tag of its own.
    public static func plain(_ details: String) -> OVSDBError {
        OVSDBError(tag: "ovsdb error", details: details)
    }

    public var json: JSON {
        var members = [JSON.Member("error", .string(tag))]
        if let details { members.append(JSON.Member("details", .string(details))) }
        if let syntax { members.append(JSON.Member("syntax", .string(syntax))) }
        return .object(members)
    }

    public var description: String {
        let place = syntax.map { " in \($0)" } ?? ""
        return details.map { "\(tag)\(place): \($0)" } ?? tag + place
    }
}

/// A schema is refused with the same kind of error.
public typealias SchemaError = OVSDBError
