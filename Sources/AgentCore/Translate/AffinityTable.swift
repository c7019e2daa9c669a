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

    private struct Entry {
        var binding: AffinityBinding
        var until: Milliseconds
    }

    private let limits: Limits
    private var entries: [AffinityKey: Entry] = [:]

    package init(limits: Limits = Limits()) { self.limits = limits }

    package var count: Int { entries.count }

    package subscript(key: AffinityKey) -> AffinityBinding? { entries[key]?.binding }

    /// Binds a client; true if that changes what lookups find. A full table binds nobody new.
    package mutating func bind(
        _ key: AffinityKey, to binding: AffinityBinding, now: Milliseconds
    ) -> Bool {
        let old = entries[key]?.binding
        guard old != nil || entries.count < limits.entries else { return false }
        entries[key] = Entry(binding: binding, until: now + binding.timeout)
        return old?.backend != binding.backend
    }

    /// The client's packets have used the entry.
    package mutating func refresh(_ key: AffinityKey, now: Milliseconds) {
        guard let entry = entries[key] else { return }
        entries[key]?.until = now + entry.binding.timeout
    }

    /// Forgets clients that have not come for too long; returns them.
    package mutating func expire(now: Milliseconds) -> [AffinityKey] {
        let old = entries.filter { $0.value.until <= now }.map(\.key).sorted()
        for key in old { entries[key] = nil }
        return old
    }
}
