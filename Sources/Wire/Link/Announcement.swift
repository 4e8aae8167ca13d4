public import Base

/// The body of a `connected`, in network byte order: the credit and the print, of four bytes each, and what the client
/// has acknowledged, of eight.
public struct Announcement: Equatable, Sendable {
    public static let bytes = 16
    /// Bytes of messages that may be sent before the worker gives more. The first message of an answer may be longer.
    public var credit: UInt32
    /// A hash of the request's `c`. Polls with the same print, id and cursor are copies of one request. 0 if the
    /// request has no `c`.
    public var print: UInt32
    /// The client has all messages up to this id, for good. It is not above the frame's `number`: a page that shares
    /// its connection with others has messages that the others do not have yet, and a stream was sent messages that its
    /// client has not acknowledged.
    public var acknowledged: UInt64

    public init(credit: UInt32, print: UInt32, acknowledged: UInt64) {
        self.credit = credit
        self.print = print
        self.acknowledged = acknowledged
    }
    /// Reads the body of a frame with this number. A worker of version 1 sends none, and its polls take one answer.
    @inlinable public init(body: UnsafeRawBufferPointer, number: UInt64) {
        guard body.count >= Announcement.bytes else {
            self.init(credit: UInt32(Limits.answerBytes), print: 0, acknowledged: number)
            return
        }
        self.init(
            credit: body.bigEndian(at: 0), print: body.bigEndian(at: 4), acknowledged: body.bigEndian(at: 8))
    }

    /// Passes the bytes to `use`. They are valid only there.
    @inlinable public func withBytes(_ use: (UnsafeRawBufferPointer) -> Void) {
        let both = ((UInt64(credit) << 32 | UInt64(print)).bigEndian, acknowledged.bigEndian)
        withUnsafeBytes(of: both) { use($0) }
    }
}
