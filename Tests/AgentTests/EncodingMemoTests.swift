import AgentCore
import Datapath
import Netlink
import Testing

@testable import Agent

@Suite struct EncodingMemoTests {
    private var memo = EncodingMemo()

    private static func template(_ actions: [DatapathAction], number: Int) -> FlowTemplate {
        var translation = Translation()
        translation.actions = actions
        return FlowTemplate(translation, number: number)
    }

    private mutating func encoded(_ template: FlowTemplate, _ count: inout Int) throws
        -> EncodedActions
    {
        let form = try EncodedActions(template.translation.actions)
        return memo.form(of: template) { _ in
            count += 1
            return EncodedTemplate(actions: form, mask: nil)
        }.actions
    }

    @Test mutating func aTemplateIsEncodedOnce() throws {
        var count = 0
        let template = Self.template([.output(1), .output(2)], number: 7)
        for _ in 1...3 {
            #expect(
                try encoded(template, &count) == EncodedActions(template.translation.actions))
        }
        #expect(count == 1)
    }

    @Test mutating func everyTemplateHasItsOwnForm() throws {
        var count = 0
        let templates = (1...1000).map { Self.template([.output(UInt32($0))], number: $0) }
        for _ in 1...2 {
            for template in templates {
                #expect(
                    try encoded(template, &count)
                        == EncodedActions(template.translation.actions))
            }
        }
        #expect(count == 1000)
    }

    @Test mutating func aNumberMayBeGivenAgain() throws {
        var count = 0
        for port in 1...10_000 as ClosedRange<UInt32> {
            let template = Self.template([.output(port)], number: Int(port % 3))
            #expect(
                try encoded(template, &count) == EncodedActions(template.translation.actions))
        }
        #expect(count == 10_000)
    }
}
