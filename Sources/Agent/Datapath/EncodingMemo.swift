import Datapath
import Netlink

/// The kernel's form of lists of actions that were encoded lately. Packets that go the way of another
/// share the list itself, so a list is known by where it stands.
struct EncodingMemo {
    private static let places = 64

    private var lists = [(actions: [DatapathAction], encoded: EncodedActions)?](
        repeating: nil, count: places)

    /// - Parameter encode: makes the form of a list that is not known.
    mutating func encoded(
        _ actions: [DatapathAction], _ encode: ([DatapathAction]) -> EncodedActions
    ) -> EncodedActions {
        guard let address = Self.address(actions) else { return .drop }
        let place = Int(address >> 5) % Self.places
        // What is kept here keeps its storage, so nothing else can stand there.
        if let known = lists[place], known.actions.count == actions.count,
            Self.address(known.actions) == address
        {
            return known.encoded
        }
        let encoded = encode(actions)
        lists[place] = (actions, encoded)
        return encoded
    }

    private static func address(_ actions: [DatapathAction]) -> UInt? {
        actions.isEmpty ? nil : actions.withUnsafeBufferPointer { UInt(bitPattern: $0.baseAddress) }
    }
}
