import Wire

/// What a sampled packet's copy says of itself on its way up.
package struct SampleCookie: Hashable, Sendable {
    /// Flow_Sample_Collector_Set.id.
    package let collectorSet: UInt32
    /// The observation domain and the observation point (RFC 7011 §2).
    package let domain: UInt32
    package var point: UInt32
    /// Of 65535; never zero.
    package let probability: UInt16
    /// The packet itself goes nowhere.
    package var isDropped = false

    /// A name and a version.
    private static let tag: [UInt8] = Array("ovn-smp1".utf8)

    package init(collectorSet: UInt32, domain: UInt32, point: UInt32, probability: UInt16) {
        self.collectorSet = collectorSet
        self.domain = domain
        self.point = point
        self.probability = probability
    }

    /// Nil for another kind of cookie.
    package init?(_ bytes: [UInt8]) {
        var reader = ByteReader(bytes)
        guard reader.bytes(Self.tag.count) == Self.tag, let collectorSet = reader.uint32(),
            let domain = reader.uint32(), let point = reader.uint32(),
            let probability = reader.uint16(), probability > 0, let flags = reader.uint8()
        else { return nil }
        self.init(
            collectorSet: collectorSet, domain: domain, point: point, probability: probability)
        isDropped = flags & 1 != 0
    }

    package var encoded: [UInt8] {
        var bytes = Self.tag
        bytes.append(UInt64(collectorSet), width: 4)
        bytes += place
        bytes.append(UInt64(probability), width: 2)
        bytes.append(isDropped ? 1 : 0)
        return bytes
    }

    /// Domain and point, eight bytes: what listeners of psample get (ovs-vswitchd.conf.db(5),
    /// Flow_Sample_Collector_Set).
    package var place: [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(UInt64(domain), width: 4)
        bytes.append(UInt64(point), width: 4)
        return bytes
    }

    /// How many packets a sampled one stands for.
    package var packets: UInt64 { UInt64(UInt16.max / probability) }
}
