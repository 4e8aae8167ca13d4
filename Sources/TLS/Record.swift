/// The numbers of records (RFC 8446, 5).
enum Record {
    /// Bytes of a record's header, of a tag, and the most of a record's plain text (RFC 8446, 5.1 and 5.2).
    static let headerBytes = 5
    static let tagBytes = 16
    static let plainBytes = 16_384
    static let mostSealed = plainBytes + 256

    enum ContentType {
        static let alert: UInt8 = 21
        static let handshake: UInt8 = 22
        static let data: UInt8 = 23
    }
    /// RFC 8446, 6 and B.2.
    enum Alert: UInt8 {
        case closeNotify = 0
        case unexpectedMessage = 10
        case badRecord = 20
        case recordOverflow = 22
        case illegalParameter = 47
        case decodeError = 50
        case internalError = 80
        case userCanceled = 90
    }
}

/// The yes and no of a parked session.
struct ParkedMarks: OptionSet, BitwiseCopyable {
    let rawValue: UInt8
    static let isClient = ParkedMarks(rawValue: 1)
    /// The peer was asked for a new key, and has not turned to it.
    static let hasAsked = ParkedMarks(rawValue: 2)
    /// The peer has said that it sends no more.
    static let hasEnded = ParkedMarks(rawValue: 4)
    /// An error was sent or received. Nothing may follow it.
    static let isBroken = ParkedMarks(rawValue: 8)
}
