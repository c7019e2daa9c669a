// Which backend a client has been given lately (`commit_lb_aff`). An entry lasts as long as its
// client keeps coming: packets that the kernel serves count too, by the flows that they hit.

import Wire

/// A client of a virtual address.
package struct AffinityKey: Hashable, Sendable, Comparable {
    package let datapath: UInt32
    package let client: IPAddress
    package let service: VirtualServiceKey

    package init(datapath: UInt32, client: IPAddress, service: VirtualServiceKey) {
        self.datapath = datapath
        self.client = client
        self.service = service
    }

    package static func < (left: Self, right: Self) -> Bool {
        (left.datapath, left.client, left.service) < (right.datapath, right.client, right.service)
    }
}

/// What a client is bound to.
package struct AffinityBinding: Hashable, Sendable {
    package let backend: VirtualService.Backend
    /// Milliseconds without a packet.
    package let timeout: Milliseconds

    package init(backend: VirtualService.Backend, timeout: Milliseconds) {
        self.backend = backend
        self.timeout = timeout
    }
}

package struct AffinityTable: Sendable {
    package struct Limits: Sendable {
        package var entries = 65_536
        package init() {}
    }

    private var entries: LeasedEntries<AffinityKey, AffinityBinding>

    package init(limits: Limits = Limits()) {
        entries = LeasedEntries(capacity: limits.entries)
    }

    package var count: Int { entries.count }

    package subscript(key: AffinityKey) -> AffinityBinding? { entries[key] }

    /// Binds a client; true if that changes what lookups find. A full table binds nobody new.
    package mutating func bind(
        _ key: AffinityKey, to binding: AffinityBinding, now: Milliseconds
    ) -> Bool {
        let old = entries[key]
        guard entries.put(key, binding, until: now + binding.timeout) else { return false }
        return old?.backend != binding.backend
    }

    /// The client's packets have used the entry.
    package mutating func refresh(_ key: AffinityKey, now: Milliseconds) {
        guard let binding = entries[key] else { return }
        entries.extend(key, until: now + binding.timeout)
    }

    /// Forgets clients that have not come for too long; returns them.
    package mutating func expire(now: Milliseconds) -> [AffinityKey] {
        entries.expire(now: now)
    }
}
