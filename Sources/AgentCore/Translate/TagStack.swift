import Datapath
import Wire

/// The tags of a packet as far as a key has them: two at most, the outer one first.
struct TagStack: Equatable {
    enum Step: Equatable {
        case pop
        case push(VLANTag)
    }

    static let fields: [KeyField] = [.vlanTCI, .vlanTPID, .innerVLANTCI, .innerVLANTPID]

    private(set) var tags: [VLANTag] = []

    /// - Parameter value: that of a field; a tag without a type is one of IEEE 802.1Q.
    init(_ value: (KeyField) -> UInt64) {
        for (tci, tpid) in [
            (KeyField.vlanTCI, KeyField.vlanTPID), (.innerVLANTCI, .innerVLANTPID),
        ] {
            let number = UInt16(truncatingIfNeeded: value(tci))
            guard number & 0x1000 != 0 else { return }
            let type = UInt16(truncatingIfNeeded: value(tpid))
            tags.append(VLANTag(tpid: type == 0 ? EtherType.vlan : type, tci: number))
        }
    }

    /// What makes these tags of others. Behind the second tag there may be more, which no key has:
    /// they stay where they are.
    func steps(from old: TagStack) -> [Step] {
        if tags == old.tags { return [] }
        if tags.count == 2, old.tags.first == tags[1] { return [.push(tags[0])] }
        var same = 0
        while same < min(tags.count, old.tags.count),
            tags[tags.count - 1 - same] == old.tags[old.tags.count - 1 - same]
        {
            same += 1
        }
        let pops = Array(repeating: Step.pop, count: old.tags.count - same)
        return pops + tags.dropLast(same).reversed().map { .push($0) }
    }
}
