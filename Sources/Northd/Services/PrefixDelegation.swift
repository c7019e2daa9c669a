import LogicalFlow

/// A router port that asks for IPv6 prefixes (RFC 8415 §6.3) hands the answers to its chassis, which
/// asked.
package struct PrefixDelegation: RouterFeature {
    package let port: RouterPort

    package func emit(into flows: inout RouterFlows) {
        for network in port.networks6 {
            flows.add(
                .inIPInput, 100,
                .both(
                    .equal(.ip6Dst, .ip6(network.address)), .equal(.udpSrc, 547),
                    .equal(.udpDst, 546)),
                [.load(.reg0, 0), .handleDHCPv6Reply])
        }
    }
}
