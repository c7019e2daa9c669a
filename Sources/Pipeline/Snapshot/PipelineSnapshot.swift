import Datapath

// The compiled pipelines of all datapaths, at one moment. Translations read it from any thread while the
// builder makes the next.
//
// Properties: it never changes; a lookup allocates nothing and counts no references; two snapshots share
// all that didn't change between them.

/// The place of a flow among the rules of a snapshot. The same flow keeps its place from one snapshot to
/// the next; another flow may have it later.
package struct RuleIndex: Hashable, Sendable, BitwiseCopyable {
    package let value: UInt32
}

/// The place of a datapath. It is the same in all snapshots of a builder in which the datapath is.
package struct DatapathIndex: Hashable, Sendable, BitwiseCopyable {
    package let value: UInt32
}

/// What a lookup reads of a flow.
package struct Rule {
    package let id: RowIdentifier
    package let priority: UInt16
    package let stage: Stage
    package let program: ProgramView
}

/// How a flow stands in the table of rules.
struct RuleEntry: BitwiseCopyable {
    let idHigh: UInt64
    let idLow: UInt64
    let priority: UInt16
    let stage: UInt8
    let program: Unmanaged<ActionProgram>?

    static let vacant = RuleEntry(idHigh: 0, idLow: 0, priority: 0, stage: 0, program: nil)
}

/// The scopes of a datapath: its own and its groups.
final class ScopeList: @unchecked Sendable {
    let indexes: UnsafeMutablePointer<UInt32>
    let count: Int

    init(_ list: [UInt32]) {
        count = list.count
        indexes = .allocate(capacity: max(1, list.count))
        for (place, index) in list.enumerated() { (indexes + place).initialize(to: index) }
    }

    deinit { indexes.deallocate() }

    func contains(_ scope: UInt32) -> Bool {
        (0..<count).contains { indexes[$0] == scope }
    }
}

/// The part of a snapshot that lookups read.
struct SnapshotView {
    let scopes: TableView<ScopeView>
    let datapaths: TableView<Unmanaged<ScopeList>?>
    let tables: LookupTables
}

package final class PipelineSnapshot: @unchecked Sendable {
    /// One more than that of the snapshot before.
    package let revision: UInt64
    let rules: PublishedTable<RuleEntry>
    let names: PublishedTable<NameEntry>
    let addressSets: PublishedTable<Unmanaged<PrefixSet>?>
    let portGroups: PublishedTable<Unmanaged<PortSet>?>
    let memberships: PublishedTable<Unmanaged<MembershipShard>?>
    let scopes: PublishedTable<ScopeView>
    let datapaths: PublishedTable<Unmanaged<ScopeList>?>
    /// Datapath places by key.
    let datapathIndexes: PortMap
    /// What changed, the last change last.
    let history: [PipelineDelta]
    let view: SnapshotView
    /// The same object in all snapshots of a builder, and in those only.
    private let lineage: Lineage

    final class Lineage: Sendable {}

    struct Parts {
        let rules: PublishedTable<RuleEntry>
        let names: PublishedTable<NameEntry>
        let addressSets: PublishedTable<Unmanaged<PrefixSet>?>
        let portGroups: PublishedTable<Unmanaged<PortSet>?>
        let memberships: PublishedTable<Unmanaged<MembershipShard>?>
        let scopes: PublishedTable<ScopeView>
        let datapaths: PublishedTable<Unmanaged<ScopeList>?>
        let datapathIndexes: PortMap
    }

    init(
        revision: UInt64, _ parts: Parts, history: [PipelineDelta], lineage: Lineage
    ) {
        self.revision = revision
        self.lineage = lineage
        self.history = history
        rules = parts.rules
        names = parts.names
        addressSets = parts.addressSets
        portGroups = parts.portGroups
        memberships = parts.memberships
        scopes = parts.scopes
        datapaths = parts.datapaths
        datapathIndexes = parts.datapathIndexes
        view = SnapshotView(
            scopes: parts.scopes.view, datapaths: parts.datapaths.view,
            tables: LookupTables(
                addressSets: parts.addressSets.view, portGroups: parts.portGroups.view,
                names: parts.names.view, memberships: parts.memberships.view))
    }

    /// True if the differences between the two are known to this one, as far as it remembers.
    package func isOfSameBuilder(as other: PipelineSnapshot) -> Bool {
        lineage === other.lineage
    }

    /// The place of a datapath that has flows.
    package func index(of datapath: DatapathKey) -> DatapathIndex? {
        datapathIndexes.key(in: datapath.value).map(DatapathIndex.init)
    }

    /// What is at a place that a lookup has returned.
    package func rule(_ index: RuleIndex) -> Rule {
        let entry = rules.view.pointer(at: index.value)
        guard let program = entry.pointee.program else { preconditionFailure("vacant rule") }
        return Rule(
            id: RowIdentifier(high: entry.pointee.idHigh, low: entry.pointee.idLow),
            priority: entry.pointee.priority, stage: Stage(index: entry.pointee.stage),
            program: program._withUnsafeGuaranteedRef { $0.view })
    }

    /// The key that a name has in a datapath: a port's, else a multicast group's.
    package func portKey(_ name: NameIndex, in datapath: DatapathKey) -> UInt32? {
        view.tables.names.pointer(at: name.value).pointee.key(in: datapath.value)
    }
}
