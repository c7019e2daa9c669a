import CBPF
import Linux

extension VIFPrograms {
    /// The device that a tried packet comes in by: the loopback device of the namespace.
    package static let trialPort: UInt32 = 1

    /// Lets `port_security` judge a frame that is sent nowhere.
    ///
    /// - Returns: whether it would go on.
    package func admits(_ frame: [UInt8]) throws(BPFError) -> Bool {
        var options = bpf_test_run_opts()
        options.sz = size(through: \bpf_test_run_opts.flags)
        let result = frame.withUnsafeBytes { bytes in
            options.data_in = bytes.baseAddress
            options.data_size_in = UInt32(bytes.count)
            return bpf_prog_test_run_opts(portSecurity, &options)
        }
        try accepted("test", Self.portSecurityName, result)
        return options.retval != 2
    }
}
