import Datapath

// Finding the flow that a packet takes in a stage.
//
// The flows of a datapath stand in several classifiers: its own and one per group that it is a member
// of. Their tables are visited together, that with the best flow first, until no table left can have a
// better flow than the one found. So groups cost no copies, and the mask isn't widened by tables that
// can't matter.

extension PipelineSnapshot {
    /// The best flow that matches `key` in a stage of a datapath, or nil.
    ///
    /// `key` carries the datapath's key in its `datapath` field. Adds to `mask` bits such that every key
    /// that agrees with `key` on them gets the same answer and adds the same bits.
    package func lookup(
        _ stage: Stage, _ datapath: DatapathIndex, _ key: FlowPointer, _ mask: FlowPointer
    ) -> RuleIndex? {
        mask.setExact(.datapath)
        return view.lookup(stage, datapath, key, mask)
    }

    /// True if a lookup of any key that agrees with `key` on `mask` certainly yields `flow`. `scratch` is
    /// overwritten.
    package func stillHolds(
        _ flow: RowIdentifier?, _ stage: Stage, _ datapath: DatapathIndex, _ key: FlowPointer,
        _ mask: FlowPointer, scratch: FlowPointer
    ) -> Bool {
        scratch.clear()
        let found = lookup(stage, datapath, key, scratch)
        for word in 0..<FlowKey.wordCount where scratch.words[word] & ~mask.words[word] != 0 {
            return false
        }
        return found.map { rule($0).id } == flow
    }
}

/// A classifier and the tables of it that are still to be visited.
private struct Cursor: BitwiseCopyable {
    var next: UnsafePointer<UnsafePointer<SubtableHeader>>
    var remaining: Int

    @inline(__always)
    var bestRank: Rank { next.pointee.pointee.bestRank }
}

extension SnapshotView {
    fileprivate func lookup(
        _ stage: Stage, _ datapath: DatapathIndex, _ key: FlowPointer, _ mask: FlowPointer
    ) -> RuleIndex? {
        guard let list = datapaths[datapath.value] else { return nil }
        return list._withUnsafeGuaranteedRef { list in
            withUnsafeTemporaryAllocation(of: Cursor.self, capacity: max(1, list.count)) {
                let count = open(stage, list, $0)
                return count == 1 ? visit($0[0], key, mask) : visit($0, count, key, mask)
            }
        }
    }

    /// Writes the classifiers that the scopes have for the stage and returns their number.
    @inline(__always)
    private func open(
        _ stage: Stage, _ list: ScopeList, _ cursors: UnsafeMutableBufferPointer<Cursor>
    ) -> Int {
        var count = 0
        for place in 0..<list.count {
            let scope = scopes.pointer(at: list.indexes[place])
            guard let classifier = scope.pointee.classifier(stage) else { continue }
            cursors.initializeElement(
                at: count,
                to: Cursor(
                    next: classifier.pointee.headers, remaining: classifier.pointee.count))
            count += 1
        }
        return count
    }

    private func visit(
        _ cursor: Cursor, _ key: FlowPointer, _ mask: FlowPointer
    ) -> RuleIndex? {
        var best = Rank.none
        var rule: UInt32 = 0
        for index in 0..<cursor.remaining {
            let table = cursor.next[index]
            if table.pointee.bestRank <= best { break }
            SubtableHeader.probe(table, key, mask, tables, &best, &rule)
        }
        return best == .none ? nil : RuleIndex(value: rule)
    }

    private func visit(
        _ cursors: UnsafeMutableBufferPointer<Cursor>, _ count: Int, _ key: FlowPointer,
        _ mask: FlowPointer
    ) -> RuleIndex? {
        var best = Rank.none
        var rule: UInt32 = 0
        while let place = promising(cursors, count, best) {
            let table = cursors[place].next.pointee
            cursors[place].next += 1
            cursors[place].remaining -= 1
            SubtableHeader.probe(table, key, mask, tables, &best, &rule)
        }
        return best == .none ? nil : RuleIndex(value: rule)
    }

    /// The cursor at the best table that can beat `best`.
    @inline(__always)
    private func promising(
        _ cursors: UnsafeMutableBufferPointer<Cursor>, _ count: Int, _ best: Rank
    ) -> Int? {
        var place: Int?
        var top = best
        for index in 0..<count where cursors[index].remaining > 0 {
            if top < cursors[index].bestRank {
                top = cursors[index].bestRank
                place = index
            }
        }
        return place
    }
}
