/// The addresses and tags that every packet starts with.
package struct EthernetHeader: Hashable, Sendable {
    package var destination: MACAddress
    package var source: MACAddress
    /// The outer one first.
    package var tags: [VLANTag]

    package init(destination: MACAddress, source: MACAddress, tags: [VLANTag] = []) {
        self.destination = destination
        self.source = source
        self.tags = tags
    }

    /// The header of a frame whose layout is known.
    package init(of frame: [UInt8], _ layout: PacketLayout) {
        self.init(
            destination: MACAddress(frame.uint48(at: 0)), source: MACAddress(frame.uint48(at: 6)),
            tags: layout.tags)
    }

    /// The frame that carries `payload` of `type`.
    package func frame(_ type: UInt16, _ payload: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(HeaderLength.ethernet + 4 * tags.count + payload.count)
        bytes.append(destination)
        bytes.append(source)
        for tag in tags {
            bytes.append(UInt64(tag.tpid), width: 2)
            bytes.append(UInt64(tag.tci & 0xefff), width: 2)
        }
        bytes.append(UInt64(type), width: 2)
        bytes += payload
        return bytes
    }
}
