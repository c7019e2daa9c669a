import LogicalFlow

// Address sets by name. Each is kept once, and seen in as many widths as the fields have that it is
// compared with.

struct AddressSetRegistry {
    private struct State {
        /// Nil if matches mention the set but it doesn't exist.
        var members: AddressMembers?
        /// By width.
        var views: [Int: View] = [:]
        var users = 0
    }

    private struct View {
        let index: UInt32
        /// As published; nil if the set didn't exist then, or the view is new.
        var set: PrefixSet?
    }

    private static let largestEdit = 64

    private var states: [String: State] = [:]
    private var viewCount: UInt32 = 0
    private var free: [UInt32] = []
    private var table = PersistentTable<Unmanaged<PrefixSet>?>(vacant: nil)
    private var dirty: Set<String> = []
    /// Members that came or went since the last publication, by set.
    private(set) var changes: [String: Set<Number>] = [:]
    /// Sets that began or ceased to exist.
    private(set) var appearances: Set<String> = []

    func exists(_ name: String) -> Bool { states[name]?.members != nil }

    mutating func retain(_ name: String) { states[name, default: State()].users += 1 }

    mutating func release(_ name: String) {
        states[name]?.users -= 1
        discardIfUnused(name)
    }

    private mutating func discardIfUnused(_ name: String) {
        guard let state = states[name], state.users == 0, state.members == nil else { return }
        for view in state.views.values {
            table.set(view.index, nil)
            free.append(view.index)
        }
        states[name] = nil
        dirty.remove(name)
    }

    /// The index of a set as seen by fields of `width` bits. The set is retained.
    mutating func index(_ name: String, width: Int) -> UInt32 {
        if let view = states[name]?.views[width] { return view.index }
        let index = free.popLast() ?? viewCount
        if index == viewCount { viewCount += 1 }
        table.ensure(index)
        states[name, default: State()].views[width] = View(index: index)
        dirty.insert(name)
        return index
    }

    // MARK: Edits

    mutating func set(_ name: String, _ members: Set<Number>) {
        var state = states[name] ?? State()
        let old = state.members?.numbers
        if old == nil {
            appearances.formSymmetricDifference([name])
            dirty.insert(name)
        }
        state.members = AddressMembers(members)
        states[name] = state
        note(name, (old ?? []).symmetricDifference(members))
    }

    mutating func update(_ name: String, adding added: [Number], removing removed: [Number]) {
        guard states[name]?.members != nil else { return set(name, Set(added)) }
        var changed = Set<Number>()
        for number in removed where states[name]?.members?.remove(number) == true {
            changed.formSymmetricDifference([number])
        }
        for number in added where states[name]?.members?.insert(number) == true {
            changed.formSymmetricDifference([number])
        }
        note(name, changed)
    }

    mutating func remove(_ name: String) {
        guard let members = states[name]?.members?.numbers else { return }
        states[name]?.members = nil
        appearances.formSymmetricDifference([name])
        dirty.insert(name)
        note(name, members)
        discardIfUnused(name)
    }

    private mutating func note(_ name: String, _ changed: Set<Number>) {
        guard !changed.isEmpty else { return }
        changes[name, default: []].formUnion(changed)
        dirty.insert(name)
    }

    // MARK: Publication

    mutating func publish() -> PublishedTable<Unmanaged<PrefixSet>?> {
        for name in dirty.sorted() {
            guard let state = states[name] else { continue }
            for (width, view) in state.views {
                let set = state.members.map { current(name, $0, view.set, width: width) }
                states[name]?.views[width]?.set = set
                table.set(view.index, set.map(Unmanaged.passUnretained), owner: set)
            }
        }
        dirty = []
        changes = [:]
        appearances = []
        return table.publish()
    }

    /// A few changes are made to the set as it was published.
    private func current(
        _ name: String, _ members: AddressMembers, _ old: PrefixSet?, width: Int
    ) -> PrefixSet {
        let changed = changes[name] ?? []
        if let old, changed.count <= Self.largestEdit {
            let added = changed.filter(members.numbers.contains)
            let edited = old.edited(
                adding: Array(added), removing: Array(changed.subtracting(added)),
                members: members)
            if let edited { return edited }
        }
        return PrefixSet(members.numbers, width: width)
    }

    /// Numbers kept in all views, for tests of proportion.
    var storedCount: Int {
        states.values.reduce(0) { sum, state in
            sum + (state.members?.numbers.count ?? 0) * state.views.count
        }
    }
}
