import Incremental
import OVSDBModel

/// Turns a column that lists a row's parts into an input per part: who contains it.
///
/// The lists before and after a change are compared, both sorted, so a part that joins a list of
/// thousands is one changed input.
struct Membership {
    let table: Table<RowUUID, Owners>

    /// `old` and `new` are sorted; empty if the owner wasn't, or isn't, there.
    func change(_ owner: RowUUID, from old: [RowUUID], to new: [RowUUID], in engine: Engine) {
        var left = 0
        var right = 0
        while left < old.count || right < new.count {
            if right == new.count || left < old.count && old[left] < new[right] {
                update(old[left], engine) { $0.filter { $0 != owner } }
                left += 1
            } else if left == old.count || new[right] < old[left] {
                update(new[right], engine) { $0.contains(owner) ? $0 : $0 + [owner] }
                right += 1
            } else {
                left += 1
                right += 1
            }
        }
    }

    private func update(
        _ part: RowUUID, _ engine: Engine, _ change: ([RowUUID]) -> [RowUUID]
    ) {
        let owners = engine.value(table, part)?.all ?? []
        engine.set(table, part, Owners(change(owners)))
    }
}
