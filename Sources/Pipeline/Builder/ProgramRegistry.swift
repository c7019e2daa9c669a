import LogicalFlow

// Action programs by text, each parsed and compiled once.

/// What a program is made from.
struct ProgramText: Hashable {
    let actions: String
    let helper: Instruction.Helper?
    let controllerMeter: String?
}

final class ProgramRegistry {
    final class Entry {
        let text: ProgramText
        let program: ActionProgram
        let prerequisites: [Symbol]
        /// The place among the programs.
        fileprivate let place: UInt32
        fileprivate var users = 0

        fileprivate init(
            _ text: ProgramText, _ program: ActionProgram, _ prerequisites: [Symbol],
            _ place: UInt32
        ) {
            self.text = ProgramText(
                actions: text.actions.standingAlone, helper: text.helper,
                controllerMeter: text.controllerMeter)
            self.program = program
            self.prerequisites = prerequisites
            self.place = place
        }
    }

    private var entries: [Entry?] = []
    private var free: [UInt32] = []
    private var index = HashIndex()

    /// Programs in use, for tests of proportion.
    var count: Int { index.count }

    /// The program of a text, which the caller gives back with `release`.
    func retain(_ text: ProgramText, _ names: NameRegistry) throws(LanguageError) -> Entry {
        let entry: Entry
        if let known = find(text) { entry = known } else { entry = try make(text, names) }
        entry.users += 1
        return entry
    }

    private func find(_ text: ProgramText) -> Entry? {
        index.first(text.indexHash) { entries[Int($0)]?.text == text }
            .flatMap { entries[Int($0)] }
    }

    private func make(_ text: ProgramText, _ names: NameRegistry) throws(LanguageError) -> Entry {
        let actions = try ActionList(parsing: text.actions)
        var compiler = ActionCompiler(names)
        let program = compiler.compile(
            actions, helper: text.helper, controllerMeter: text.controllerMeter)
        let place = free.popLast() ?? UInt32(entries.count)
        if place == entries.count { entries.append(nil) }
        let entry = Entry(text, program, actions.prerequisites, place)
        entries[Int(place)] = entry
        index.insert(place, text.indexHash)
        return entry
    }

    func release(_ entry: Entry, _ names: NameRegistry) {
        entry.users -= 1
        guard entry.users == 0 else { return }
        for name in entry.program.names { names.release(name.value) }
        index.remove(entry.place, entry.text.indexHash)
        entries[Int(entry.place)] = nil
        free.append(entry.place)
    }
}
