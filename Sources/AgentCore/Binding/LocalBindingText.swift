/// The interfaces that serve logical ports, with the ports behind each, as ovn-controller(8) lists them
/// (`debug/dump-local-bindings`).
package struct LocalBindingText {
    /// A port that this chassis has claimed.
    package struct Port {
        package let name: String
        /// The device that serves it; nil for ports that need none.
        package let interface: String?
        /// The port that it is nested in or behind.
        package let parent: String?
        package let isVirtual: Bool

        package init(name: String, interface: String?, parent: String?, isVirtual: Bool) {
            self.name = name
            self.interface = interface
            self.parent = parent
            self.isVirtual = isVirtual
        }
    }

    private let ports: [Port]

    package init(_ ports: [Port]) { self.ports = ports.sorted { $0.name < $1.name } }

    package var text: String {
        let children = Dictionary(grouping: ports.filter { $0.parent != nil }) { $0.parent ?? "" }
        let primaries = ports.filter { $0.parent == nil }
        let known = Set(primaries.map(\.name))
        var lines = ["Local bindings:"]
        for primary in primaries {
            lines += Self.lines(primary.name, primary, children[primary.name] ?? [])
        }
        // The interface may be there before its own port is.
        for name in children.keys.sorted() where !known.contains(name) {
            lines += Self.lines(name, nil, children[name] ?? [])
        }
        return lines.joined(separator: "\n")
    }

    private static func lines(_ name: String, _ primary: Port?, _ children: [Port]) -> [String] {
        let interface = primary?.interface ?? children.lazy.compactMap(\.interface).first ?? "NULL"
        let count = children.count + (primary == nil ? 0 : 1)
        var lines = [
            "name: [\(name)], OVS interface name : [\(interface)], num binding lports : [\(count)]"
        ]
        lines.append(primary.map { "primary lport : [\($0.name)]" } ?? "no primary lport")
        for (index, child) in children.enumerated() {
            lines.append(
                "child lport[\(index + 1)] : [\(child.name)], type : "
                    + "[\(child.isVirtual ? "VIRTUAL" : "CONTAINER")]")
        }
        return lines + ["----------------------------------------"]
    }
}
