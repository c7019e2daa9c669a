import Datapath
import Wire

// The first bytes of a file of recirculation states, which say whether its numbers mean anything to
// this program, on this kernel.
//
//     0   8  "OVNRECIR"
//     8   4  version
//     12  4  bytes of a record
//     16  8  layout of the logical words
//     24  8  the boot, 32  8  the network namespace, 40  8  the datapath
//     48  8  checksum of all that
//     56  4  the epoch of the last run, which is written alone and at once
//
// A number is the kernel's for as long as its datapath lives. The epoch tells a file that a run has not
// written, because it could not or did not know of it: that run's flows have a later one.

/// Where recirculation numbers have a meaning.
package struct RecirculationPlace: Hashable, Sendable {
    /// A name of the time since the machine has started.
    package var boot: String
    /// That of the network namespace, unique while it lives.
    package var namespace: UInt64
    /// The interface index of the datapath's local port.
    package var datapath: UInt64

    package init(boot: String, namespace: UInt64, datapath: UInt64) {
        self.boot = boot
        self.namespace = namespace
        self.datapath = datapath
    }
}

package struct RecirculationHeader: Sendable {
    package static let version: UInt32 = 1
    /// Where the epoch stands.
    package static let epochOffset = 56
    private static let magic: [UInt8] = Array("OVNRECIR".utf8)
    private static let checksumOffset = 48

    /// What the places of the logical fields in a key's words come to.
    package static let layout: UInt64 = {
        var sum = StableChecksum()
        for field in KeyField.allCases where field.position.word < FlowKey.firstKernelWord {
            let position = field.position
            sum.combine([field.rawValue, position.word, position.shift, position.width])
        }
        return sum.value
    }()

    package let place: RecirculationPlace

    package init(place: RecirculationPlace) { self.place = place }

    /// The header, without an epoch.
    package var bytes: [UInt8] {
        var bytes = Self.magic
        bytes.append(UInt64(Self.version), width: 4)
        bytes.append(UInt64(RecirculationRecord.size), width: 4)
        bytes.append(Self.layout, width: 8)
        bytes.append(boot, width: 8)
        bytes.append(place.namespace, width: 8)
        bytes.append(place.datapath, width: 8)
        bytes.append(Self.checksum(bytes), width: 8)
        return bytes
    }

    private var boot: UInt64 {
        var sum = StableChecksum()
        sum.combine(place.boot.utf8)
        return sum.value
    }

    private static func checksum(_ bytes: some Sequence<UInt8>) -> UInt64 {
        var sum = StableChecksum()
        sum.combine(bytes)
        return sum.value
    }

    /// Accepts the header of a file that was written here.
    ///
    /// - Parameter bytes: the file's first `RecirculationRecord.size`.
    /// - Parameter newest: the last epoch of which the kernel has flows.
    /// - Returns: the epoch of the last run that has written the file; nil for a file in which nothing
    ///   was written yet.
    package func epoch(
        of bytes: [UInt8], flowsUntil newest: UInt32
    ) throws(RecirculationFault) -> UInt32? {
        precondition(bytes.count == RecirculationRecord.size)
        if bytes.allSatisfy({ $0 == 0 }) { return nil }
        guard bytes.starts(with: Self.magic) else { throw .noHeader }
        let version = bytes.uint32(at: 8)
        guard version == Self.version else { throw .version(version) }
        guard bytes.uint64(at: Self.checksumOffset) == Self.checksum(bytes[..<Self.checksumOffset])
        else { throw .headerChecksum }
        guard bytes.uint32(at: 12) == RecirculationRecord.size,
            bytes.uint64(at: 16) == Self.layout
        else { throw .layout }
        guard bytes.uint64(at: 24) == boot else { throw .otherBoot }
        guard bytes.uint64(at: 32) == place.namespace, bytes.uint64(at: 40) == place.datapath
        else { throw .otherDatapath }
        let epoch = bytes.uint32(at: Self.epochOffset)
        guard epoch >= newest else { throw .older }
        return epoch
    }
}
