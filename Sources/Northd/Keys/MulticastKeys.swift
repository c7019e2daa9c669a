import Incremental
import OVSDBModel

/// An IP multicast address with receivers on a datapath.
package struct MulticastAddress: Hashable, Comparable, Sendable {
    package let datapath: RowUUID
    package let address: String

    package init(datapath: RowUUID, address: String) {
        self.datapath = datapath
        self.address = address
    }

    package static func < (left: MulticastAddress, right: MulticastAddress) -> Bool {
        left.datapath != right.datapath
            ? left.datapath < right.datapath : left.address < right.address
    }

    var uuid: RowUUID {
        var digest = ContentDigest()
        digest.add(datapath)
        digest.add(address)
        return digest.uuid
    }
}

/// Keys of Multicast_Group for addresses, as `StickyKeys` gives them.
package struct MulticastKeys: AllocationPolicy {
    package typealias Key = MulticastAddress
    package typealias Request = KeyRequest?
    package typealias Grant = Int

    private var keys = StickyKeys(KeyRange.multicastAddresses)
    private var addresses: [RowUUID: MulticastAddress] = [:]

    package init() {}

    package mutating func settle(
        _ changes: [(key: MulticastAddress, request: KeyRequest??)]
    ) -> [(key: MulticastAddress, grant: Int?)] {
        for (address, _) in changes { addresses[address.uuid] = address }
        let grants = keys.settle(changes.map { ($0.key.uuid, $0.request) })
        let result = grants.compactMap { grant in
            addresses[grant.key].map { (key: $0, grant: grant.grant) }
        }
        for (address, request) in changes where (request ?? nil) == nil {
            addresses[address.uuid] = nil
        }
        return result
    }
}
