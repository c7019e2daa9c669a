// Which datapaths are connected through routers. Connectivity is no function of a datapath and its
// neighbours alone, so it is kept beside the graph: links in, a label per link out.
//
// Property: two links have the same label if and only if one can be reached from the other; the
// label is the least datapath that can, so it is a function of the links and of no history. A link
// that joins to a known component costs nothing else; others cost the components they touch.

import Incremental
import OVSDBModel

/// A router port's connection.
package struct DatapathLink: Hashable, Sendable {
    package let router: RowUUID
    /// The switch, or the router at the other side.
    package let other: RowUUID

    fileprivate var ends: [RowUUID] { [router, other] }
}

package struct Components: AllocationPolicy {
    package typealias Key = RowUUID
    package typealias Request = DatapathLink?
    package typealias Grant = RowUUID

    private var links: [RowUUID: DatapathLink] = [:]
    private var ports: [RowUUID: Set<RowUUID>] = [:]
    private var labels: [RowUUID: RowUUID] = [:]

    package init() {}

    package mutating func settle(
        _ changes: [(key: RowUUID, request: DatapathLink??)]
    ) -> [(key: RowUUID, grant: RowUUID?)] {
        var touched: Set<RowUUID> = []
        for change in changes {
            let link = change.request ?? nil
            if links[change.key] == link { continue }
            remove(change.key, &touched)
            if let link { add(change.key, link, &touched) }
        }
        var changed = Set(changes.map(\.key))
        relabel(from: touched, &changed)
        return changed.sorted().map { key in (key, links[key].flatMap { labels[$0.router] }) }
    }

    private mutating func remove(_ key: RowUUID, _ touched: inout Set<RowUUID>) {
        guard let old = links.removeValue(forKey: key) else { return }
        for end in old.ends {
            ports[end]?.remove(key)
            if ports[end]?.isEmpty == true {
                ports[end] = nil
                labels[end] = nil
                touched.remove(end)
            } else {
                touched.insert(end)
            }
        }
    }

    private mutating func add(
        _ key: RowUUID, _ link: DatapathLink, _ touched: inout Set<RowUUID>
    ) {
        links[key] = link
        for end in link.ends { ports[end, default: []].insert(key) }
        let (left, right) = (labels[link.router], labels[link.other])
        if let left, left == right { return }
        if let left, right == nil, left < link.other {
            labels[link.other] = left
        } else if let right, left == nil, right < link.router {
            labels[link.router] = right
        } else {
            touched.formUnion(link.ends)
        }
    }

    /// Labels the components of these datapaths anew.
    private mutating func relabel(
        from touched: Set<RowUUID>, _ changed: inout Set<RowUUID>
    ) {
        var done: Set<RowUUID> = []
        for start in touched.sorted() where ports[start] != nil && !done.contains(start) {
            let component = reachable(from: start)
            done.formUnion(component)
            guard let label = component.min() else { continue }
            for node in component where labels[node] != label {
                labels[node] = label
                changed.formUnion(ports[node] ?? [])
            }
        }
    }

    private func reachable(from start: RowUUID) -> Set<RowUUID> {
        var seen: Set<RowUUID> = [start]
        var pending = [start]
        while let node = pending.popLast() {
            for port in ports[node] ?? [] {
                for end in links[port]?.ends ?? [] where seen.insert(end).inserted {
                    pending.append(end)
                }
            }
        }
        return seen
    }
}
