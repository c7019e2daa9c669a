import OVSDBModel

@testable import OVSDBEngine

extension Database {
    /// What is wrong with the counts, the reverse index and the indexes, all computed anew.
    func faults() -> [String] {
        referenceFaults() + indexFaults()
    }

    private func uuids(_ part: TableReferences.Part, _ row: Row) -> [RowUUID] {
        let datum = row[part.column]
        let atoms = part.side == .key ? datum.atoms : datum.entries.map(\.value)
        return atoms.compactMap { if case .uuid(let uuid) = $0 { uuid } else { nil } }
    }

    private func referenceFaults() -> [String] {
        var strong: [RowLocation: Int] = [:]
        var weak: [RowLocation: [RowLocation: Int]] = [:]
        var faults: [String] = []
        for (index, table) in tables.enumerated() {
            for (uuid, stored) in table.rows {
                let source = RowLocation(table: index, uuid: uuid)
                for part in references[index].strong + references[index].weak {
                    for target in uuids(part, stored.row)
                    where tables[part.target].rows[target] == nil {
                        faults.append("\(table.schema.name) \(uuid) refers to missing \(target)")
                    }
                }
                for part in references[index].strong {
                    for target in uuids(part, stored.row) where target != uuid {
                        strong[RowLocation(table: part.target, uuid: target), default: 0] += 1
                    }
                }
                for part in references[index].weak {
                    for target in uuids(part, stored.row) where target != uuid {
                        let location = RowLocation(table: part.target, uuid: target)
                        weak[location, default: [:]][source, default: 0] += 1
                    }
                }
            }
        }
        for (index, table) in tables.enumerated() {
            for (uuid, stored) in table.rows {
                let location = RowLocation(table: index, uuid: uuid)
                if stored.references != strong[location] ?? 0 {
                    faults.append("\(table.schema.name) \(uuid) counts \(stored.references)")
                }
                let referrers = Dictionary(
                    uniqueKeysWithValues: (table.weakReferrers[uuid] ?? [:]).map { ($0, $1) })
                if referrers != weak[location] ?? [:] {
                    faults.append("\(table.schema.name) \(uuid) knows \(referrers)")
                }
            }
            for uuid in table.weakReferrers.keys where table.rows[uuid] == nil {
                faults.append("\(table.schema.name) has referrers of missing \(uuid)")
            }
        }
        return faults
    }

    private func indexFaults() -> [String] {
        tables.flatMap { table in
            table.indexes.enumerated().compactMap { number, index in
                var expected: [IndexKey: RowUUID] = [:]
                for (uuid, stored) in table.rows {
                    let key = table.key(ofIndex: number, stored.row)
                    if expected.updateValue(uuid, forKey: key) != nil { return "not unique" }
                }
                let actual = Dictionary(uniqueKeysWithValues: index.map { ($0, $1) })
                return actual == expected ? nil : "index \(number) of \(table.schema.name)"
            }
        }
    }
}
