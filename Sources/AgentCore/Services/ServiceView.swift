import HashTreeCollections

/// What services need of the Southbound's rows while a packet is at hand. A flow never depends on
/// it: what asks services is asked for each packet.
package struct ServiceView: Sendable {
    /// DNS rows by the key of a datapath, in the order of the rows.
    package var zones: TreeDictionary<UInt32, [NameZone]> = [:]

    package init() {}
}
