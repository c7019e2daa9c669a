import CBPF
import Glibc
import Linux

// Where a program meets the packets that come in by a device: one filter of tc-bpf(8), told from others
// by priority, handle and the name of its program. Other filters of the device, and the queueing
// discipline that holds them all, are left alone.

extension VIFPrograms {
    /// Before filters that an administrator adds without a priority (the kernel gives those from
    /// 49152 down).
    private static let priority: UInt32 = 20
    private static let handle: UInt32 = 0x6f766e

    /// What is at our place on a device.
    package enum Ingress: Hashable, Sendable {
        case nothing
        /// These programs' filter.
        case own
        /// That of another run.
        case earlier
        /// A filter of others.
        case foreign
    }

    package func ingress(of device: Int32, named name: String) throws(BPFError) -> Ingress {
        var hook = hook(device)
        var options = options()
        let result = bpf_tc_query(&hook, &options)
        // Without the queueing discipline the question is invalid.
        if result == -ENOENT || result == -EINVAL { return .nothing }
        try accepted("query", "tc ingress of \(name)", result)
        if options.prog_id == portSecurityNumber { return .own }
        // Only an administrator (CAP_SYS_ADMIN) may ask for the name; handle and priority are ours.
        let program = Self.name(ofProgram: options.prog_id) ?? Self.portSecurityName
        return program == Self.portSecurityName ? .earlier : .foreign
    }

    /// Puts `port_security` there, in the place of another run's.
    ///
    /// - Throws: also if there is a filter of others.
    package func attach(to device: Int32, named name: String) throws(BPFError) {
        let found = try ingress(of: device, named: name)
        guard found != .own else { return }
        guard found != .foreign else {
            throw BPFError(
                "attach", place: "\(Self.portSecurityName) to \(name)", code: .exists,
                text: "another program has the place")
        }
        var hook = hook(device)
        let created = bpf_tc_hook_create(&hook)
        if created != -EEXIST { try accepted("create", "tc ingress of \(name)", created) }
        var options = options()
        options.prog_fd = portSecurity
        options.flags = BPF_TC_F_REPLACE.rawValue
        try accepted(
            "attach", "\(Self.portSecurityName) to \(name)", bpf_tc_attach(&hook, &options))
    }

    /// Takes our filter, or another run's, away; without one, nothing.
    package func detach(from device: Int32, named name: String) throws(BPFError) {
        let found = try ingress(of: device, named: name)
        guard found == .own || found == .earlier else { return }
        var hook = hook(device)
        var options = options()
        let result = bpf_tc_detach(&hook, &options)
        if result == -ENOENT || result == -ENODEV { return }
        try accepted("detach", "\(Self.portSecurityName) from \(name)", result)
    }

    private func hook(_ device: Int32) -> bpf_tc_hook {
        var hook = bpf_tc_hook()
        hook.sz = size(through: \bpf_tc_hook.parent)
        hook.ifindex = device
        hook.attach_point = BPF_TC_INGRESS
        return hook
    }

    private func options() -> bpf_tc_opts {
        var options = bpf_tc_opts()
        options.sz = size(through: \bpf_tc_opts.priority)
        options.handle = Self.handle
        options.priority = Self.priority
        return options
    }

    private static func name(ofProgram number: UInt32) -> String? {
        let descriptor = bpf_prog_get_fd_by_id(number)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        guard let information = information(descriptor) else { return nil }
        return withUnsafeBytes(of: information.name) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}
