// The programs of bpf/vif.bpf.c in the kernel, and their maps.
//
// One set of them serves all ports of an agent. What is attached keeps its program and the program its
// maps, so that a port is guarded while the agent restarts; the next run puts its own program in the
// place of the old one, in one step.

import CBPF
import Glibc
import Linux

package final class VIFPrograms {
    private let object: OpaquePointer
    let ports: BPFMap<UInt32, UInt32>
    let policies: BPFMap<UInt32, vif_policy>
    let stations: BPFMap<vif_station_key, vif_station>
    let networks4: BPFMap<vif_network4, UInt64>
    let networks6: BPFMap<vif_network6, UInt64>
    let drops: BPFMap<UInt32, vif_drops>
    let budgets: BPFMap<UInt64, vif_budget>
    /// Descriptors of the programs.
    let portSecurity: Int32
    let missBudget: Int32

    /// Names of the programs, by which another run's are recognised.
    static let portSecurityName = "port_security"
    static let missBudgetName = "miss_budget"

    /// Loads the programs: the kernel verifies them and makes their maps.
    ///
    /// - Throws: where the kernel has no eBPF, or not for this process.
    package init() throws(BPFError) {
        libbpf_set_print(nil)
        let bytes = Self.objectBytes
        guard
            let object = bytes.withUnsafeBytes({
                bpf_object__open_mem($0.baseAddress, $0.count, nil)
            })
        else {
            throw BPFError("open", place: "vif.bpf.c", code: ErrorCode(rawValue: errno))
        }
        do throws(BPFError) {
            try accepted("load", "vif.bpf.c", bpf_object__load(object))
            ports = try .open("ports", in: object)
            policies = try .open("policies", in: object)
            stations = try .open("stations", in: object)
            networks4 = try .open("networks4", in: object)
            networks6 = try .open("networks6", in: object)
            drops = try .open("drops", in: object)
            budgets = try .open("budgets", in: object)
            portSecurity = try Self.program(Self.portSecurityName, object)
            missBudget = try Self.program(Self.missBudgetName, object)
        } catch {
            bpf_object__close(object)
            throw error
        }
        self.object = object
    }

    deinit { bpf_object__close(object) }

    private static func program(
        _ name: String, _ object: OpaquePointer
    ) throws(BPFError) -> Int32 {
        guard let program = bpf_object__find_program_by_name(object, name) else {
            throw BPFError("open", place: "program \(name)", code: .noSuchEntry)
        }
        return try accepted("open", "program \(name)", bpf_program__fd(program))
    }

    private static var objectBytes: [UInt8] {
        vifObjectDigits.withUTF8Buffer { digits in
            (0..<digits.count / 2).map { value(digits[2 * $0]) << 4 | value(digits[2 * $0 + 1]) }
        }
    }

    /// Of a hexadecimal digit.
    private static func value(_ digit: UInt8) -> UInt8 {
        digit < 0x3a ? digit - 0x30 : digit - 0x61 + 10
    }

    /// The kernel's number of a program.
    static func number(_ descriptor: Int32) -> UInt32? { information(descriptor)?.id }

    static func information(_ descriptor: Int32) -> bpf_prog_info? {
        var information = bpf_prog_info()
        var size = UInt32(MemoryLayout<bpf_prog_info>.size)
        guard bpf_obj_get_info_by_fd(descriptor, &information, &size) == 0 else { return nil }
        return information
    }

    package var portSecurityNumber: UInt32 { Self.number(portSecurity) ?? 0 }
    package var missBudgetNumber: UInt32 { Self.number(missBudget) ?? 0 }
}
