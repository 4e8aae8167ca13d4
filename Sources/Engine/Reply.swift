import Base
package import CHiredis

/// A server's answer, in the memory of hiredis. It is valid only during the call that brought it.
package struct Reply {
    private let pointer: UnsafeMutablePointer<redisReply>

    package init(_ pointer: UnsafeMutablePointer<redisReply>) { self.pointer = pointer }

    private var type: Int32 { pointer.pointee.type }

    /// The bytes of a string, a status or an error. Empty for all else.
    package var bytes: UnsafeRawBufferPointer {
        switch type {
        case REDIS_REPLY_STRING, REDIS_REPLY_STATUS, REDIS_REPLY_ERROR:
            UnsafeRawBufferPointer(start: pointer.pointee.str, count: pointer.pointee.len)
        default: UnsafeRawBufferPointer(start: nil, count: 0)
        }
    }
    package var isNil: Bool { type == REDIS_REPLY_NIL }
    /// The text of an error. `nil` for all else.
    package var error: String? { type == REDIS_REPLY_ERROR ? String(decoding: bytes, as: UTF8.self) : nil }
    /// The text of a string or a status.
    package var text: String? {
        type == REDIS_REPLY_STRING || type == REDIS_REPLY_STATUS ? String(decoding: bytes, as: UTF8.self) : nil
    }
    /// A number, or a text of digits that is one.
    package var number: UInt64? {
        if type == REDIS_REPLY_INTEGER { return UInt64(exactly: pointer.pointee.integer) }
        return type == REDIS_REPLY_STRING ? decimalNumber(bytes) : nil
    }

    /// The number of elements. 0 if it is no array.
    package var count: Int { type == REDIS_REPLY_ARRAY ? pointer.pointee.elements : 0 }
    /// The element at a place below `count`.
    package subscript(_ place: Int) -> Reply {
        precondition(place >= 0 && place < count, "an element that the answer does not have")
        guard let element = pointer.pointee.element[place] else { preconditionFailure("hiredis gave no element") }
        return Reply(element)
    }
}

/// The value of 1 to 19 decimal digits, which fit into 64 bits. `nil` for any other text.
package func decimalNumber(_ bytes: UnsafeRawBufferPointer) -> UInt64? {
    guard (1...19).contains(bytes.count) else { return nil }
    var value: UInt64 = 0
    for byte in bytes {
        guard isDigit(byte) else { return nil }
        value = value * 10 + UInt64(byte - 48)
    }
    return value
}
