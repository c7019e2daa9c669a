import CLinux
import Glibc
import Linux

/// What a device's driver says of itself (ethtool(8); linux/ethtool.h, struct ethtool_drvinfo and
/// ethtool_cmd). Rtnetlink does not tell it.
package struct LinkDriver: Hashable, Sendable {
    package let name: String
    package let version: String
    package let firmware: String
    /// In bits per second; nil while there is no link, or if the driver does not say.
    package let speed: Int?
    package let isFullDuplex: Bool?
}

/// Asks drivers, in the network namespace of the thread that opened it.
package struct LinkDriverControl: ~Copyable {
    private let socket: FileDescriptor

    package static func open() throws(NetlinkError) -> LinkDriverControl {
        let descriptor = clinux_query_socket()
        guard descriptor >= 0 else {
            let error = SystemError("socket", code: ErrorCode(rawValue: -descriptor))
            throw NetlinkError("driver socket", from: error)
        }
        return LinkDriverControl(socket: FileDescriptor(owning: descriptor))
    }

    private init(socket: consuming FileDescriptor) {
        self.socket = socket
    }

    /// Nil for a device that is gone and for a driver that says nothing.
    package func driver(of device: String) -> LinkDriver? {
        var answer = clinux_driver()
        guard clinux_link_driver(socket.rawValue, device, &answer) == 0 else { return nil }
        return LinkDriver(answer)
    }
}

extension LinkDriver {
    fileprivate init(_ answer: clinux_driver) {
        name = Self.text(answer.name)
        version = Self.text(answer.version)
        firmware = Self.text(answer.firmware)
        speed = answer.speed == 0 ? nil : Int(answer.speed) * 1_000_000
        isFullDuplex = answer.duplex > 1 ? nil : answer.duplex == 1
    }

    private static func text<Characters>(_ characters: Characters) -> String {
        withUnsafeBytes(of: characters) {
            String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}
