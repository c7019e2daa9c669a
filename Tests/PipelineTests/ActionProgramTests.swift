import Datapath
import LogicalFlow
import Testing

@testable import Pipeline

@Suite struct ActionProgramTests {
    private func compile(_ text: String) throws -> Compiled {
        var compiler = ActionCompiler(NameRegistry())
        let program = compiler.compile(try ActionList(parsing: text))
        return withExtendedLifetime(program) {
            Compiled(
                instructions: Array(program.view.instructions),
                constants: Array(program.view.constants), actions: program.actions,
                names: program.names, isDrop: program.view.isDrop,
                leadsNowhere: program.view.leadsNowhere)
        }
    }

    private struct Compiled {
        let instructions: [Instruction]
        let constants: [LoadConstant]
        let actions: [Action]
        let names: [NameIndex]
        let isDrop: Bool
        let leadsNowhere: Bool
    }

    @Test func blocksNest() throws {
        let program = try compile(
            "clone { reg0 = 1; icmp4 { output; }; }; ct_commit { ct_mark.blocked = 1; }; next;")
        let list = program.instructions
        let register = try #require(KeySpan(FieldRange(.reg0)))
        let mark = try #require(KeySpan(FieldRange(.ctMarkBlocked)))
        #expect(
            list == [
                .clone(end: 4), .load(register, constant: 0), .generate(.icmp4, end: 4), .output,
                .ctCommit(end: 6), .load(mark, constant: 1), .next(pipeline: nil, table: nil),
            ])
    }

    /// Whatever symbol stands where: what parses has instructions.
    @Test func anySymbolInAnyPlace() {
        let names = Symbol.allCases.filter(SymbolTable.standard.contains)
            .map { SymbolTable.standard[$0].name }
        var parsed = 0
        for name in names {
            for field in [name, name + "[0]", name + "[0..15]"] {
                for text in [
                    "push(\(field));", "pop(\(field));", "\(field) = 0;", "\(field) = \(field);",
                    "reg0 = \(field);", "\(field) = reg0;", "\(field) <-> \(field);",
                    "\(field) = lookup_fdb(inport, eth.src);", "\(field) = get_fdb(eth.src);",
                    "\(field) = select(1, 2);", "\(field) = ct_nw_dst();",
                    "put_fdb(\(field), eth.src);",
                    "put_fdb(inport, \(field));", "get_arp(outport, \(field));",
                    "\(field) = check_pkt_larger(1500);", "handle_svc_check(\(field));",
                    "bind_vport(\"p\", \(field));", "\(field) = chk_lb_hairpin();",
                    "sample(probability=1,collector_set=1,obs_domain=1,obs_point=\(field));",
                    "icmp4 { \(field) = 0; };", "ct_commit { \(field) = 0; };",
                ] {
                    guard let program = try? compile(text) else { continue }
                    parsed += 1
                    #expect(!program.instructions.isEmpty, "\(text)")
                }
            }
        }
        #expect(parsed > 1000)
    }

    @Test func loadsKeepToTheirMask() throws {
        let program = try compile("xxreg1 = fd00::1; reg0 = 0xf0/0xff; reg0[4..7] = 0xff;")
        let constants = program.constants
        #expect(
            constants == [
                LoadConstant(value: 0xfd00 << 112 | 1, mask: .max),
                LoadConstant(value: 0xf0, mask: 0xff), LoadConstant(value: 0xf, mask: 0xf),
            ])
    }

    @Test func namesAreCollectedOnce() throws {
        let program = try compile(
            "outport = \"a\"; clone { outport = \"a\"; }; outport = \"b\"; outport = \"\"; outport = \"none\";"
        )
        #expect(program.names.count == 2)
        let loads = program.instructions.filter {
            if case .loadPort = $0 { true } else { false }
        }
        #expect(loads.count == 3)
    }

    @Test func whatHasNoInstructionIsNamed() throws {
        let program = try compile(
            "reg0[4] = dns_lookup(); igmp; flood_remote; next;")
        let names = program.instructions.compactMap { instruction -> String? in
            guard case .unsupported(let index) = instruction else { return nil }
            return program.actions[Int(index)].keyword
        }
        #expect(names == ["dns_lookup", "igmp", "flood_remote"])
        #expect(MemoryLayout<Instruction>.stride <= 16)
    }

    @Test func jumps() throws {
        let list = try compile("next(5); next(pipeline=egress,table=3);").instructions
        #expect(
            list == [.next(pipeline: nil, table: 5), .next(pipeline: .egress, table: 3)])
        #expect(try compile("drop;").isDrop)
    }

    /// Whether a packet is dropped that some actions are carried out on.
    @Test(arguments: [
        ("drop;", true), ("reg8[16] = 0; reg8[17] = 0;", true),
        ("log(name=\"deny\", verdict=drop, severity=info); outport <-> inport;", true),
        ("reg8[17] = 0; next;", false), ("outport = \"a\"; output;", false),
        ("ct_commit { ct_mark.blocked = 1; };", false), ("clone { reg0 = 1; };", false),
        ("fwd_group(childports=\"a\", \"b\");", false), ("reg0 = 1; ct_next;", false),
    ])
    func actionsMayLeadNowhere(text: String, isSo: Bool) throws {
        #expect(try compile(text).leadsNowhere == isSo)
    }
}
