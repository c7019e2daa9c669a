import JSON

// Printing without a tree between: updates and log records are written this way.

extension JSONWriter {
    public mutating func atom(_ atom: Atom) {
        switch atom {
        case .integer(let value): integer(value)
        case .real(let value): double(value)
        case .boolean(let value): bool(value)
        case .string(let value): string(value)
        case .uuid(let value):
            beginArray()
            literal("\"uuid\"")
            uuid(value)
            endArray()
        }
    }

    /// A UUID as a bare string, such as the name of a row in an update.
    public mutating func uuid(_ uuid: RowUUID) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 36) { buffer in
            uuid.write(into: buffer)
            string(UnsafeRawBufferPointer(buffer))
        }
    }

    /// A UUID as the name of a member.
    public mutating func key(_ uuid: RowUUID) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 36) { buffer in
            uuid.write(into: buffer)
            key(UnsafeRawBufferPointer(buffer))
        }
    }

    public mutating func datum(_ datum: Datum, _ type: ColumnType) {
        self.datum(datum, isMap: type.isMap)
    }

    /// The same for those who print many and know already whether the type is a map.
    public mutating func datum(_ datum: Datum, isMap: Bool) {
        switch datum {
        case .empty: literal(isMap ? "[\"map\",[]]" : "[\"set\",[]]")
        case .one(let atom): self.atom(atom)
        case .many(let atoms):
            open("[\"set\",")
            elementsOf(atoms)
        case .map(let entries):
            open("[\"map\",")
            elementsOf(entries)
        }
    }

    private mutating func elementsOf(_ atoms: [Atom]) {
        beginArray()
        for atom in atoms { self.atom(atom) }
        endArray()
        endArray()
    }

    private mutating func elementsOf(_ entries: [MapEntry]) {
        beginArray()
        for entry in entries {
            beginArray()
            atom(entry.key)
            atom(entry.value)
            endArray()
        }
        endArray()
        endArray()
    }
}
