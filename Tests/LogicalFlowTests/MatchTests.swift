import Testing
import Wire

@testable import LogicalFlow

@Suite struct MatchTests {
    @Test func prints() {
        let match = Match.and([
            .symbol(.ip4), .compare(.ip4Dst, .equal, .ip4(IPv4Address(0x0a00_0001), 24)),
            .or([.compare(Symbol.reg0[3], .equal, 1), .not(.symbol(.ctEst))]),
            .compare(.inport, .equal, [.string("a\"b"), .portGroup("pg")]),
        ])
        #expect(
            match.description
                == "ip4 && ip4.dst == 10.0.0.0/24 && (reg0[3] == 1 || !ct.est) && inport == {\"a\\\"b\", @pg}"
        )
    }

    @Test func parsesWhatItPrints() throws {
        for text in ["ip4 && !(tcp.dst == 80)", "1", "eth.dst[40]", "!is_chassis_resident(\"p\")"] {
            #expect(try Match(parsing: text).description == text)
        }
    }
}
