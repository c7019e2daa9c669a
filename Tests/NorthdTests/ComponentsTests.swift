import OVSDBModel
import Testing

@testable import Northd

@Suite struct ComponentsTests {
    /// After any changes, labels are those of a search from scratch.
    @Test(arguments: 0..<8 as Range<UInt64>)
    func labelsAreThoseOfASearch(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var components = Components()
        var links: [RowUUID: DatapathLink] = [:]
        var grants: [RowUUID: RowUUID] = [:]
        func node(_ number: Int) -> RowUUID { RowUUID(high: 7, low: UInt64(number)) }
        for _ in 0..<120 {
            let port = RowUUID(high: 1, low: UInt64.random(in: 0..<14, using: &random))
            let link: DatapathLink? =
                Int.random(in: 0..<3, using: &random) == 0
                ? nil
                : DatapathLink(
                    router: node(Int.random(in: 0..<9, using: &random)),
                    other: node(Int.random(in: 9..<18, using: &random)))
            links[port] = link
            for (key, grant) in components.settle([(port, .some(link))]) { grants[key] = grant }
            #expect(grants == search(links), "seed \(seed)")
        }
    }

    private func search(_ links: [RowUUID: DatapathLink]) -> [RowUUID: RowUUID] {
        var labels: [RowUUID: RowUUID] = [:]
        for link in links.values {
            labels[link.router] = link.router
            labels[link.other] = link.other
        }
        for _ in 0..<40 {
            for link in links.values {
                let least = [labels[link.router], labels[link.other]].compactMap(\.self).min()
                labels[link.router] = least
                labels[link.other] = least
            }
        }
        return links.compactMapValues { labels[$0.router] }
    }
}
