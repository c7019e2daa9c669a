// Two shapes of the same words:
// - `FlowKey` and `FlowMask` are values, for storage, tests and interfaces. They live on the heap,
//   because a structure of 344 bytes is copied whole at nearly every use.
// - `FlowPointer` is a view on words that somebody else owns, for the hot path: lookups,
//   translation, the netlink codec. `FlowScratch` owns such words.

/// A vector of key words: a key or a mask.
public protocol FlowVector: Hashable, Sendable {
    /// Exactly `FlowKey.wordCount` words, in the layout of `KeyField.position`.
    var words: [UInt64] { get set }
    init()
    /// Takes exactly `FlowKey.wordCount` words.
    init(words: [UInt64])
}

/// The value of every field of a packet and of what is kept beside it.
public struct FlowKey: FlowVector {
    public static let wordCount = 43
    /// The first word that a kernel flow can match; the words before are the logical pipelines'.
    public static let firstKernelWord = 8
    /// The first word that comes from the packet's own bytes.
    public static let firstPacketWord = 26

    public var words: [UInt64]

    /// All fields zero.
    @inlinable
    public init() { words = [UInt64](repeating: 0, count: FlowKey.wordCount) }

    @inlinable
    public init(words: [UInt64]) {
        precondition(words.count == FlowKey.wordCount)
        self.words = words
    }
}

/// The bits of a key that matter: 1 for a bit that is compared.
public struct FlowMask: FlowVector {
    public var words: [UInt64]

    /// No bit matters.
    @inlinable
    public init() { words = [UInt64](repeating: 0, count: FlowKey.wordCount) }

    @inlinable
    public init(words: [UInt64]) {
        precondition(words.count == FlowKey.wordCount)
        self.words = words
    }

    /// The fields given, whole.
    public init(exact fields: [KeyField]) {
        self.init()
        for field in fields { setExact(field) }
    }

    public mutating func setExact(_ field: KeyField) {
        let position = field.position
        words[Int(position.word)] |= position.mask
        if position.width == 128 { words[Int(position.word) + 1] = .max }
    }

    /// True if this mask compares every bit that `other` compares.
    public func isSuperset(of other: FlowMask) -> Bool {
        for index in words.indices where other.words[index] & ~words[index] != 0 { return false }
        return true
    }

    public var isEmpty: Bool { words.allSatisfy { $0 == 0 } }
}

extension FlowVector {
    /// Copies words from elsewhere.
    @inlinable
    public init(copying pointer: FlowPointer) {
        self.init(
            words: [UInt64](
                UnsafeBufferPointer(start: pointer.words, count: FlowKey.wordCount)))
    }

    /// A field of up to 64 bits, right aligned. A new value is cut to the field's width.
    @inlinable
    public subscript(position: FieldPosition) -> UInt64 {
        get {
            precondition(position.width <= 64)
            return (words[Int(position.word)] & position.mask) >> UInt64(position.shift)
        }
        set {
            precondition(position.width <= 64)
            let word = Int(position.word)
            words[word] =
                words[word] & ~position.mask | (newValue << UInt64(position.shift)) & position.mask
        }
    }

    @inlinable
    public subscript(field: KeyField) -> UInt64 {
        get { self[field.position] }
        set { self[field.position] = newValue }
    }

    /// A field of any width.
    @inlinable
    public subscript(wide field: KeyField) -> UInt128 {
        get {
            let position = field.position
            guard position.width == 128 else { return UInt128(self[position]) }
            let word = Int(position.word)
            return UInt128(words[word]) << 64 | UInt128(words[word + 1])
        }
        set {
            let position = field.position
            guard position.width == 128 else {
                self[position] = UInt64(truncatingIfNeeded: newValue)
                return
            }
            let word = Int(position.word)
            words[word] = UInt64(truncatingIfNeeded: newValue >> 64)
            words[word + 1] = UInt64(truncatingIfNeeded: newValue)
        }
    }
}

extension FlowVector {
    /// Reads the words where they are.
    ///
    /// - Parameter body: must not write by the pointer, nor keep it.
    @inlinable
    public func withPointer<Result>(_ body: (FlowPointer) -> Result) -> Result {
        words.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { preconditionFailure("no words") }
            return body(FlowPointer(UnsafeMutablePointer(mutating: base)))
        }
    }
}

extension FlowKey {
    /// This key with all bits zero that `mask` does not compare.
    @inlinable
    public func masked(by mask: FlowMask) -> FlowKey {
        words.withUnsafeBufferPointer { own in
            mask.words.withUnsafeBufferPointer { mask in
                FlowKey(
                    words: [UInt64](unsafeUninitializedCapacity: FlowKey.wordCount) {
                        for index in 0..<FlowKey.wordCount { $0[index] = own[index] & mask[index] }
                        $1 = FlowKey.wordCount
                    })
            }
        }
    }

    /// True if this key has the bits of `other` wherever `mask` compares.
    @inlinable
    public func matches(_ other: FlowKey, mask: FlowMask) -> Bool {
        for index in words.indices
        where (words[index] ^ other.words[index]) & mask.words[index] != 0 { return false }
        return true
    }
}

/// A view on `FlowKey.wordCount` words that its maker keeps alive.
@frozen
public struct FlowPointer {
    public let words: UnsafeMutablePointer<UInt64>

    @inlinable
    public init(_ words: UnsafeMutablePointer<UInt64>) { self.words = words }

    /// A field of up to 64 bits, right aligned. A new value is cut to the field's width.
    @inlinable
    @inline(__always)
    public subscript(position: FieldPosition) -> UInt64 {
        get {
            assert(position.width <= 64)
            return (words[Int(position.word)] & position.mask) >> UInt64(position.shift)
        }
        nonmutating set {
            assert(position.width <= 64)
            let word = Int(position.word)
            words[word] =
                words[word] & ~position.mask | (newValue << UInt64(position.shift)) & position.mask
        }
    }

    @inlinable
    @inline(__always)
    public subscript(field: KeyField) -> UInt64 {
        get { self[field.position] }
        nonmutating set { self[field.position] = newValue }
    }

    /// A field of any width.
    @inlinable
    public subscript(wide field: KeyField) -> UInt128 {
        get {
            let position = field.position
            guard position.width == 128 else { return UInt128(self[position]) }
            let word = Int(position.word)
            return UInt128(words[word]) << 64 | UInt128(words[word + 1])
        }
        nonmutating set {
            let position = field.position
            guard position.width == 128 else {
                self[position] = UInt64(truncatingIfNeeded: newValue)
                return
            }
            let word = Int(position.word)
            words[word] = UInt64(truncatingIfNeeded: newValue >> 64)
            words[word + 1] = UInt64(truncatingIfNeeded: newValue)
        }
    }

    /// Sets all bits of a field, as a mask does that compares it.
    @inlinable
    public func setExact(_ field: KeyField) {
        let position = field.position
        words[Int(position.word)] |= position.mask
        if position.width == 128 { words[Int(position.word) + 1] = .max }
    }

    @inlinable
    public func copy(from other: FlowPointer) {
        words.update(from: other.words, count: FlowKey.wordCount)
    }

    @inlinable
    public func copy(from vector: some FlowVector) {
        vector.words.withUnsafeBufferPointer { buffer in
            precondition(buffer.count == FlowKey.wordCount)
            for index in 0..<FlowKey.wordCount { words[index] = buffer[index] }
        }
    }

    @inlinable
    public func clear() { words.update(repeating: 0, count: FlowKey.wordCount) }
}

/// Words for `count` vectors, zeroed, freed with their owner.
public struct FlowScratch: ~Copyable {
    @usableFromInline let storage: UnsafeMutablePointer<UInt64>
    public let count: Int

    public init(count: Int) {
        self.count = count
        storage = .allocate(capacity: count * FlowKey.wordCount)
        storage.initialize(repeating: 0, count: count * FlowKey.wordCount)
    }

    deinit { storage.deallocate() }

    /// Valid as long as the scratch.
    @inlinable
    public subscript(index: Int) -> FlowPointer {
        precondition(index >= 0 && index < count)
        return FlowPointer(storage + index * FlowKey.wordCount)
    }
}
