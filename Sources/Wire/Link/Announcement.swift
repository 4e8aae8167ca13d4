public import Base

/// The body of a `connected`: what the worker says of a receiver beside its cursor. It has two numbers of four bytes in
/// network byte order, the credit and the print.
public struct Announcement: Equatable, Sendable {
    public static let bytes = 8
    /// Bytes of messages that may be sent before the worker gives more. The first message of an answer may be longer.
    public var credit: UInt32
    /// A print of the request's `c`: two polls with one print, one id and one cursor are copies of one request. 0: the
    /// request has no `c`.
    public var print: UInt32

    public init(credit: UInt32, print: UInt32) {
        self.credit = credit
        self.print = print
    }
    /// A worker of version 1 says nothing here: its polls take one answer.
    @inlinable public init(body: UnsafeRawBufferPointer) {
        guard body.count >= Announcement.bytes else {
            self.init(credit: UInt32(Limits.answerBytes), print: 0)
            return
        }
        self.init(credit: body.bigEndian(at: 0), print: body.bigEndian(at: 4))
    }

    /// Hands out its bytes, which are valid in `use` only.
    @inlinable public func withBytes(_ use: (UnsafeRawBufferPointer) -> Void) {
        let both = (UInt64(credit) << 32 | UInt64(print)).bigEndian
        withUnsafeBytes(of: both) { use($0) }
    }
}
