import JSON

/// A message whose large part is still text: where its members are, and where the elements of
/// those that are arrays.
struct MessageEnvelope {
    private let text: ArraySlice<UInt8>
    private let layout: Layout

    private struct Layout {
        var members: [String: Range<Int>] = [:]
        var elements: [String: [Range<Int>]] = [:]
    }

    init(_ text: ArraySlice<UInt8>) throws(JSONError) {
        self.text = text
        layout = try JSONScanner.scan(text) { (scanner) throws(JSONError) in
            let layout = try MessageEnvelope.members(&scanner)
            try scanner.expectEnd()
            return layout
        }
    }

    /// The member called `name`, parsed; nil if it is missing.
    func member(_ name: String) throws(JSONError) -> JSON? {
        guard let range = layout.members[name] else { return .none }
        return try JSON.parse(slice(range))
    }

    /// An element of the array called `name`, parsed.
    func element(_ name: String, _ index: Int) throws(JSONError) -> JSON? {
        guard let text = elementText(name, index) else { return .none }
        return try JSON.parse(text)
    }

    func elementText(_ name: String, _ index: Int) -> ArraySlice<UInt8>? {
        guard let ranges = layout.elements[name], index < ranges.count else { return nil }
        return slice(ranges[index])
    }

    func memberText(_ name: String) -> ArraySlice<UInt8>? { layout.members[name].map(slice) }

    func elementCount(_ name: String) -> Int? { layout.elements[name]?.count }

    private func slice(_ range: Range<Int>) -> ArraySlice<UInt8> {
        text[text.startIndex + range.lowerBound..<text.startIndex + range.upperBound]
    }

    private static func members(_ scanner: inout JSONScanner) throws(JSONError) -> Layout {
        var layout = Layout()
        try scanner.expect("{")
        if scanner.accept("}") { return layout }
        repeat {
            let name = try scanner.string()
            try scanner.expect(":")
            let isArray = scanner.peek() == UInt8(ascii: "[")
            let start = scanner.offset
            if isArray {
                layout.elements[name] = try elements(&scanner)
            } else {
                try scanner.skipValue()
            }
            layout.members[name] = start..<scanner.offset
        } while scanner.accept(",")
        try scanner.expect("}")
        return layout
    }

    private static func elements(_ scanner: inout JSONScanner) throws(JSONError) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        try scanner.expect("[")
        if scanner.accept("]") { return ranges }
        repeat {
            scanner.skipWhitespace()
            let start = scanner.offset
            try scanner.skipValue()
            ranges.append(start..<scanner.offset)
        } while scanner.accept(",")
        try scanner.expect("]")
        return ranges
    }
}
