import Datapath
import Netlink
import Testing

@testable import Agent

@Suite struct EncodingMemoTests {
    private var memo = EncodingMemo()

    private mutating func encoded(_ actions: [DatapathAction], _ count: inout Int) throws
        -> EncodedActions
    {
        let form = try EncodedActions(actions)
        return memo.encoded(actions) { _ in
            count += 1
            return form
        }
    }

    @Test mutating func aListIsEncodedOnce() throws {
        var count = 0
        let actions: [DatapathAction] = [.output(1), .output(2)]
        let copy = actions
        #expect(try encoded(actions, &count) == EncodedActions(actions))
        #expect(try encoded(copy, &count) == EncodedActions(actions))
        #expect(count == 1)
    }

    @Test mutating func everyListHasItsOwnForm() throws {
        var count = 0
        let lists: [[DatapathAction]] = (1...1000).map { [.output(UInt32($0))] }
        for _ in 1...2 {
            for list in lists {
                #expect(try encoded(list, &count) == EncodedActions(list))
            }
        }
    }

    @Test mutating func listsOfWhichNothingIsLeftAreNotTakenForOthers() throws {
        var count = 0
        for number in UInt32(1)...10_000 {
            #expect(try encoded([.output(number)], &count) == EncodedActions([.output(number)]))
        }
        #expect(count == 10_000)
    }

    @Test mutating func noActionsDrop() throws {
        var count = 0
        #expect(try encoded([], &count) == .drop)
    }
}
