import JSON
import Testing

@Suite struct StringCacheTests {
    /// Whatever is in the cache, a text comes out as it went in.
    @Test(arguments: [1, 2, 64])
    func returnsWhatWasAskedFor(capacity: Int) throws {
        var cache = StringCache(capacity: capacity)
        for round in 0..<3 {
            for length in [0, 1, 7, 8, 15, 16, 17, 23, 24, 31, 100, 1024, 1025] {
                for kind in 0..<4 {
                    let text = String(repeating: "abc\(kind)é", count: length / 5 + 1)
                        .utf8.prefix(length)
                    guard let wanted = String(text) else { continue }
                    let got = Array(wanted.utf8).withUnsafeBytes { cache.string($0) }
                    #expect(got == wanted, "round \(round), \(length) bytes, kind \(kind)")
                }
            }
        }
    }

    @Test func refusesInvalidUTF8() {
        var cache = StringCache()
        let bytes = [UInt8](repeating: 0x80, count: 20)
        #expect(bytes.withUnsafeBytes { cache.string($0) } == nil)
    }

    @Test func parsesTheSameWithAndWithout() throws {
        var cache = StringCache(capacity: 4)
        let text =
            #"{"a name that is long enough":["a name that is long enough","é\n0123456789abcdef"]}"#
        let bytes = Array(text.utf8)[...]
        #expect(try JSON.parse(bytes, strings: &cache) == (try JSON.parse(bytes)))
        #expect(try JSON.parse(bytes, strings: &cache) == (try JSON.parse(bytes)))
    }
}
