import CBPF
import Linux

/// A map of loaded programs. It lives as long as they do.
///
/// `Key` and `Value` are the C types that the program declares the map with; what is read is of their
/// size, which `open` has compared.
struct BPFMap<Key: BitwiseCopyable, Value: BitwiseCopyable> {
    private let descriptor: Int32
    let name: String

    /// - Throws: if there is no such map, or not one of such keys.
    static func open(
        _ name: String, in object: OpaquePointer
    ) throws(BPFError) -> BPFMap {
        let map = bpf_object__find_map_by_name(object, name)
        guard let map, bpf_map__key_size(map) == MemoryLayout<Key>.size,
            bpf_map__value_size(map) == MemoryLayout<Value>.size
        else { throw BPFError("open", place: "map \(name)", code: .noSuchEntry) }
        return BPFMap(descriptor: bpf_map__fd(map), name: name)
    }

    func set(_ key: Key, to value: Value) throws(BPFError) {
        let result = withUnsafePointer(to: key) { key in
            withUnsafePointer(to: value) { bpf_map_update_elem(descriptor, key, $0, 0) }
        }
        try accepted("update", "map \(name)", result)
    }

    subscript(key: Key) -> Value? {
        withUnsafePointer(to: key) { key in
            withUnsafeTemporaryAllocation(of: Value.self, capacity: 1) { value in
                bpf_map_lookup_elem(descriptor, key, value.baseAddress) == 0 ? value[0] : nil
            }
        }
    }

    /// The values of all processors, of a map that has one for each.
    func values(_ key: Key) -> [Value] {
        let count = ProcessorCount.possible
        return withUnsafePointer(to: key) { key in
            withUnsafeTemporaryAllocation(of: Value.self, capacity: count) { values in
                let result = bpf_map_lookup_elem(descriptor, key, values.baseAddress)
                return result == 0 ? Array(values) : []
            }
        }
    }

    /// Sets the values of all processors.
    func setAll(_ key: Key, to value: Value) throws(BPFError) {
        let values = [Value](repeating: value, count: ProcessorCount.possible)
        let result = withUnsafePointer(to: key) { bpf_map_update_elem(descriptor, $0, values, 0) }
        try accepted("update", "map \(name)", result)
    }

    /// Whether it was there or not.
    func remove(_ key: Key) {
        _ = withUnsafePointer(to: key) { bpf_map_delete_elem(descriptor, $0) }
    }
}
