public import Base

// The parts of a frame that only some frames have: the receivers of a body that is for many, and the members of an
// element beside its message.
extension Frame {
    /// The receivers of a frame that has one body for many clients, `receiverBytes` each. They are between client id
    /// and body. `frame` has the bytes of one frame of version 2.
    package static func receivers(of frame: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        frame.part(headerBytes + Int(frame[1]), Int(frame.bigEndian(at: 6, as: UInt16.self)) * receiverBytes)
    }

    /// The bytes of the members' length.
    @usableFromInline static var membersLengthBytes: Int { 2 }

    /// Whether the body of a frame with the flag `members` is as long as it says, and not empty beside that.
    @usableFromInline static func hasMembers(_ body: UnsafeRawBufferPointer) -> Bool {
        body.count > membersLengthBytes
            && body.count >= membersLengthBytes + Int(body.bigEndian(at: 0, as: UInt16.self))
    }
    /// Appends the length and the members, with which the body of a frame with the flag `members` begins. `members` is
    /// shorter than 64 KiB.
    package static func appendMembers(_ members: UnsafeRawBufferPointer, to body: inout Buffer) {
        body.append(bigEndian: UInt16(members.count))
        body.append(members)
    }

    /// The element's other members: their JSON, each with a comma before it. Empty if there are none.
    @inlinable public var members: UnsafeRawBufferPointer {
        guard flags.contains(.members) else { return .init(start: nil, count: 0) }
        return body.part(Frame.membersLengthBytes, Int(body.bigEndian(at: 0, as: UInt16.self)))
    }
    /// The message's JSON. Empty if the element has only other members, or if the frame has no body.
    @inlinable public var json: UnsafeRawBufferPointer {
        guard flags.contains(.members) else { return body }
        let start = Frame.membersLengthBytes + members.count
        return body.part(start, body.count - start)
    }
}
