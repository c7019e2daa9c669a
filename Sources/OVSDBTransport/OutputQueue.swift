import NIOCore

/// The bytes that wait to be written, in the pieces they were queued in.
struct OutputQueue {
    private var pieces = CircularBuffer<OutgoingBytes>()
    /// Bytes of the first piece that have been taken.
    private var offset = 0
    private(set) var count = 0

    mutating func append(_ piece: OutgoingBytes) {
        guard piece.count > 0 else { return }
        pieces.append(piece)
        count += piece.count
    }

    /// Moves at most `limit` bytes to the end of `buffer`.
    mutating func take(upTo limit: Int, into buffer: inout ByteBuffer) {
        var room = limit
        while room > 0, let first = pieces.first {
            let length = min(room, first.count - offset)
            first.bytes.withUnsafeBytes { bytes in
                _ = buffer.writeBytes(
                    UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + length]))
            }
            room -= length
            count -= length
            offset += length
            if offset == first.count {
                pieces.removeFirst()
                offset = 0
            }
        }
    }
}
