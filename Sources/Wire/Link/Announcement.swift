public import Base

/// The body of a `connected`: two numbers of four bytes in network byte order, the credit and the print.
public struct Announcement: Equatable, Sendable {
    public static let bytes = 8
    /// Bytes of messages that may be sent before the worker gives more. The first message of an answer may be longer.
    public var credit: UInt32
    /// A hash of the request's `c`. Polls with the same print, id and cursor are copies of one request. 0 if the
    /// request has no `c`.
    public var print: UInt32

    public init(credit: UInt32, print: UInt32) {
        self.credit = credit
        self.print = print
    }
    /// Reads the body. A worker of version 1 sends none, and its polls take one answer.
    @inlinable public init(body: UnsafeRawBufferPointer) {
        guard body.count >= Announcement.bytes else {
            self.init(credit: UInt32(Limits.answerBytes), print: 0)
            return
        }
        self.init(credit: body.bigEndian(at: 0), print: body.bigEndian(at: 4))
    }

    /// Passes the bytes to `use`. They are valid only there.
    @inlinable public func withBytes(_ use: (UnsafeRawBufferPointer) -> Void) {
        let both = (UInt64(credit) << 32 | UInt64(print)).bigEndian
        withUnsafeBytes(of: both) { use($0) }
    }
}
