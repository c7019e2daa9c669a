import LogicalFlow

// Action programs by text, each parsed and compiled once.

/// What a program is made from.
struct ProgramText: Hashable {
    let actions: String
    let helper: Instruction.Helper?
    let controllerMeter: String?
}

struct ProgramRegistry {
    struct Entry {
        let program: ActionProgram
        let prerequisites: [Symbol]
        fileprivate var users: Int
    }

    private var entries: [ProgramText: Entry] = [:]

    /// Programs in use, for tests of proportion.
    var count: Int { entries.count }

    mutating func retain(_ text: ProgramText, _ names: NameRegistry) throws(LanguageError) -> Entry
    {
        if let entry = entries[text] {
            entries[text]?.users += 1
            return entry
        }
        let actions = try ActionList(parsing: text.actions)
        var compiler = ActionCompiler(names)
        let entry = Entry(
            program: compiler.compile(
                actions, helper: text.helper, controllerMeter: text.controllerMeter),
            prerequisites: actions.prerequisites, users: 1)
        entries[text] = entry
        return entry
    }

    mutating func release(_ text: ProgramText, _ names: NameRegistry) {
        entries[text]?.users -= 1
        guard let entry = entries[text], entry.users == 0 else { return }
        for name in entry.program.names { names.release(name.value) }
        entries[text] = nil
    }
}
