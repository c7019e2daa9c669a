// The self-check of ports: what the kernel's datapath lists, compared with the ports that this agent
// has served. A device that was taken away or made anew is no finding: that is what administrators
// and hypervisors do all day. A port that is missing while its device is there, is.

import Netlink

struct PortReview {
    /// Served ports that are not there any more, or under another number; all are to be served anew.
    private(set) var lost: [KernelPort] = []
    /// Of those the ones that another program has taken out: their devices are as they were.
    private(set) var taken: Set<String> = []
    /// Ports whose misses go elsewhere.
    private(set) var redirected: [KernelPort] = []
    /// Ports that this agent has not added.
    private(set) var foreign: [KernelPort] = []

    /// - Parameters:
    ///   - served: the ports as the kernel described them when they were served.
    ///   - known: names of all ports that this agent has seen.
    ///   - present: what the kernel lists now.
    ///   - devices: indexes of network devices by name.
    init(
        served: [KernelPort], known: Set<String>, present: [KernelPort],
        devices: [String: Int32]
    ) {
        let byName = Dictionary(present.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
        for port in served.sorted(by: { $0.name < $1.name }) {
            guard let found = byName[port.name], found.number == port.number,
                found.interfaceIndex == port.interfaceIndex
            else {
                lost.append(port)
                if Self.isTaken(port, devices) { taken.insert(port.name) }
                continue
            }
            if found.upcallSockets != port.upcallSockets { redirected.append(port) }
        }
        foreign = present.filter { !known.contains($0.name) }.sorted { $0.name < $1.name }
    }

    /// The datapath makes internal devices itself; nobody else takes one away.
    private static func isTaken(_ port: KernelPort, _ devices: [String: Int32]) -> Bool {
        if port.kind == .internal { return true }
        guard let index = port.interfaceIndex else { return false }
        return devices[port.name] == index
    }
}
