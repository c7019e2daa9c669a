import Wire

/// What one element of Logical_Switch_Port.port_security may say (ovn-nb(5)). Chassis evaluate it, and
/// leave out what they can't read; here it is only held to the grammar.
enum PortSecurity {
    /// Why a chassis couldn't read `[VRRPv3] MAC [MAC[/LENGTH]...] [IP[/LENGTH]...]`; nil if it can.
    static func fault(in text: String) -> String? {
        var words = text.split(whereSeparator: { $0 == " " || $0 == "," || $0 == "\t" })[...]
        let isVRRP = words.first == "VRRPv3"
        if isVRRP { words = words.dropFirst() }
        guard let first = words.popFirst(), MACAddress(parsing: first) != nil else {
            return "no Ethernet address in \"\(text)\""
        }
        for word in words where IPPrefix(parsing: word) == nil {
            let station = word.split(separator: "/").first ?? word
            if isVRRP, MACAddress(parsing: station) != nil { continue }
            return "no address: \"\(word)\" in \"\(text)\""
        }
        return nil
    }
}
