import Testing

@testable import BPF

/// The loaded programs; nil, said so, where this machine does not let them be loaded.
func loadedPrograms() -> VIFPrograms? {
    do {
        return try VIFPrograms()
    } catch {
        print("no eBPF here: \(error)")
        // Nobody may load programs without rights; anything else is a fault of the programs.
        #expect(error.code == .notPermitted || error.code.rawValue == 38, "\(error)")
        return nil
    }
}
