import CLinux
import CNetlink
import Glibc
import Linux

/// A tunnel device whose outer header comes from each packet ("external" or "collect metadata"
/// mode): one device per kind and UDP port serves every remote chassis.
package struct TunnelDevice: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable {
        case geneve, vxlan
        /// Ethernet in GRE over IPv4 and over IPv6.
        case gre = "gretap"
        case gre6 = "ip6gretap"
        /// Ethernet in ERSPAN over GRE over IPv4 and over IPv6.
        case erspan
        case erspan6 = "ip6erspan"
    }

    package var kind: Kind
    /// The UDP port it receives on and sends to; none of GRE and ERSPAN.
    package var port: UInt16
    package var mtu: UInt32

    /// Leaves room for the outer headers below the 65535 bytes of an IPv4 packet. The limit that
    /// counts is the underlay's, which the packet meets on its way.
    package static let largeMTU: UInt32 = 65000

    package init(kind: Kind, port: UInt16, mtu: UInt32 = largeMTU) {
        self.kind = kind
        self.port = port
        self.mtu = mtu
    }

    /// The name that ovs-vswitchd gives the same device, so that either finds the other's.
    package var name: String {
        switch kind {
        case .geneve: "genev_sys_\(port)"
        case .vxlan: "vxlan_sys_\(port)"
        case .gre: "gre_sys"
        case .gre6: "ip6gre_sys"
        case .erspan: "erspan_sys"
        case .erspan6: "ip6erspan_sys"
        }
    }
}

extension RouteControl {
    /// Creates the device, or adopts one of that name and kind, and sets it up.
    package func ensureTunnel(_ device: TunnelDevice) throws(NetlinkError) -> Link {
        if let link = try link(named: device.name) {
            guard link.kind == device.kind.rawValue else {
                throw NetlinkError(
                    "tunnel create", place: device.name,
                    cause: .refused(.exists, text: "a device of kind \"\(link.kind)\""))
            }
            return try prepare(link, device)
        }
        try createTunnel(device)
        guard let link = try link(named: device.name) else {
            throw NetlinkError(
                "tunnel create", place: device.name, cause: .refused(.noSuchDevice, text: ""))
        }
        return try prepare(link, device)
    }

    /// IFLA_GRE_COLLECT_METADATA of linux/if_tunnel.h, which does not go with the C library's headers.
    private static let collectMetadata = 18

    /// The library has no such attribute of GRE, and no ERSPAN, whose attributes are those of GRE.
    private func createGRE(_ device: TunnelDevice) throws(NetlinkError) {
        var message = ControlMessage(
            type: UInt16(RTM_NEWLINK), flags: NLM_F_CREATE | NLM_F_EXCL, header: ifinfomsg())
        message.put(IFLA_IFNAME, string: device.name)
        message.nest(IFLA_LINKINFO) { message in
            message.put(IFLA_INFO_KIND, string: device.kind.rawValue)
            message.nest(IFLA_INFO_DATA) { $0.putFlag(Self.collectMetadata) }
        }
        try socket.exchange("tunnel create", place: device.name, message)
    }

    private func createTunnel(_ device: TunnelDevice) throws(NetlinkError) {
        guard device.kind == .geneve || device.kind == .vxlan else {
            try createGRE(device)
            return
        }
        let link = try RouteLink.tunnel(device)
        var raw: OpaquePointer?
        let flags = NLM_F_CREATE | NLM_F_EXCL
        guard rtnl_link_build_add_request(link.raw, flags, &raw) == 0, let raw else {
            throw NetlinkError("tunnel create", place: device.name, cause: .tooLarge)
        }
        try socket.exchange("tunnel create", place: device.name, ControlMessage(owning: raw))
    }

    /// The driver may have chosen a smaller MTU than it was given.
    private func prepare(_ link: Link, _ device: TunnelDevice) throws(NetlinkError) -> Link {
        if link.mtu != device.mtu { try setMTU(device.mtu, index: link.index) }
        if !link.isUp { try setUp(true, index: link.index) }
        return try self.link(index: link.index) ?? link
    }
}

/// libnl's description of a device to be created.
private struct RouteLink: ~Copyable {
    let raw: OpaquePointer

    private init(owning raw: OpaquePointer) {
        self.raw = raw
    }

    deinit {
        rtnl_link_put(raw)
    }

    static func tunnel(_ device: TunnelDevice) throws(NetlinkError) -> RouteLink {
        let raw =
            switch device.kind {
            case .geneve: rtnl_link_geneve_alloc()
            case .vxlan: rtnl_link_vxlan_alloc()
            case .gre, .gre6, .erspan, .erspan6: OpaquePointer?.none
            }
        guard let raw else {
            throw NetlinkError(
                "tunnel create", place: device.name, cause: .exchange(.outOfMemory))
        }
        let link = RouteLink(owning: raw)
        rtnl_link_set_name(raw, device.name)
        rtnl_link_set_mtu(raw, device.mtu)
        switch device.kind {
        case .geneve: link.configureGeneve(port: UInt32(device.port))
        case .vxlan: link.configureVXLAN(port: UInt32(device.port))
        case .gre, .gre6, .erspan, .erspan6: break
        }
        return link
    }

    /// A sender that leaves the checksum of UDP over IPv6 out (RFC 6935) is heard too.
    private borrowing func configureGeneve(port: UInt32) {
        rtnl_link_geneve_set_port(raw, port)
        rtnl_link_geneve_set_flags(raw, UInt8(RTNL_LINK_GENEVE_F_COLLECT_METADATA), 1)
        rtnl_link_geneve_set_udp_zero_csum6_rx(raw, 1)
    }

    private borrowing func configureVXLAN(port: UInt32) {
        rtnl_link_vxlan_set_port(raw, port)
        rtnl_link_vxlan_set_collect_metadata(raw, 1)
        rtnl_link_vxlan_set_learning(raw, 0)
        rtnl_link_vxlan_set_udp_zero_csum6_rx(raw, 1)
    }
}
