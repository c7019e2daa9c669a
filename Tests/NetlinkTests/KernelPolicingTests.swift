import Linux
import Testing

@testable import Netlink

/// Limits at the ingress of a device. (Kernels are built without filters of kind "matchall", too.)
@Suite(.serialized, .enabled(if: isGuest, "needs a kernel with matchall: Tools/vm"))
struct KernelPolicingTests {
    /// What the kernel has is what was asked for, and what somebody has altered is not.
    @Test(
        arguments: [
            [PolicingRate(.bytes, perSecond: 125_000, burst: 12_500)],
            [PolicingRate(.bytes, perSecond: 20_000_000_000, burst: 1_000_000)],
            [
                PolicingRate(.bytes, perSecond: 1_000_000, burst: 100_000),
                PolicingRate(.packets, perSecond: 3000, burst: 300),
            ],
        ])
    func limitsOfADeviceAreRead(_ rates: [PolicingRate]) throws {
        let namespace = try NetworkNamespace.create()
        try namespace.shell("ip link add va type veth peer name vb")
        let control = try inside(namespace) { () throws(NetlinkError) in try RouteControl.open() }
        let found = try control.link(named: "va")
        let index = try #require(found).index
        #expect(try control.policing(linkIndex: index) == nil)
        try control.setPolicing(linkIndex: index, rates)
        #expect(try control.policing(linkIndex: index) == rates.map(\.parameters))
        try namespace.shell(
            "tc filter del dev va ingress pref 21; tc filter add dev va ingress pref 21 matchall "
                + "action police rate 8mbit burst 9k")
        let altered = try control.policing(linkIndex: index)
        #expect(altered != nil && altered != rates.map(\.parameters))
        try control.removePolicing(linkIndex: index)
        #expect(try control.policing(linkIndex: index) == nil)
    }
}
