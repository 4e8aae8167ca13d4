/// The marks in an answer's body, one after another, in each form that a server answers in.
///
///     {"messages":[{"id":7291,"data":"@..."},...],"cursor":7291}     JSON
///     /**/name({"messages":...});                                    JSONP
///     @...                                                           bare, and nchan's
///
/// After the last mark, `tail` gives the other parts of the envelope.
struct Envelope {
    struct Message: Equatable {
        /// 0 in a bare answer.
        var id: UInt64
        var mark: Mark
    }
    struct Tail: Equatable {
        var cursor: UInt64?
        var retryMilliseconds: UInt64?
        var gap = false
        var failed = false
        /// It tells a client that has just come what it has to expect.
        var isHello = false
    }

    private let bytes: UnsafeRawBufferPointer
    private var offset = 0
    private let isBare: Bool
    /// The body does not have the form that it should have. Such an answer counts as an error.
    private(set) var isMalformed = false

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        isBare = bytes.count > 0 && bytes[0] == UInt8(ascii: "@")
        if isBare || bytes.isEmpty { return }
        if bytes[0] == UInt8(ascii: "/") {
            while offset < bytes.count, bytes[offset] != UInt8(ascii: "(") { offset += 1 }
            offset += 1
        }
        if !skip("{\"messages\":[") { isMalformed = true }
    }

    mutating func next() -> Message? {
        if isMalformed || offset >= bytes.count { return nil }
        if isBare {
            guard let mark = Mark.read(bytes, at: &offset) else { return fail() }
            offset = bytes.count
            return Message(id: 0, mark: mark)
        }
        if bytes[offset] == UInt8(ascii: "]") { return nil }
        if bytes[offset] == UInt8(ascii: ",") { offset += 1 }
        guard skip("{\"id\":"), let id = Mark.digits(bytes, at: &offset), skipMembers(), skip(",\"data\":\""),
            let mark = Mark.read(bytes, at: &offset), skip("\"}")
        else { return fail() }
        return Message(id: id, mark: mark)
    }

    /// The part after the messages. Call it when `next` has given `nil`.
    mutating func tail() -> Tail {
        var tail = Tail()
        if isBare || isMalformed || bytes.isEmpty { return tail }
        _ = skip("]")
        while offset < bytes.count {
            if skip(",\"cursor\":") {
                tail.cursor = Mark.digits(bytes, at: &offset)
            } else if skip(",\"retry\":") {
                tail.retryMilliseconds = Mark.digits(bytes, at: &offset)
            } else if skip(",\"heartbeat\":") {
                tail.isHello = true
            } else if skip(",\"gap\":true") {
                tail.gap = true
            } else if skip(",\"error\":") {
                tail.failed = true
            } else {
                offset += 1
            }
        }
        return tail
    }

    /// What a message of a channel has beside its data: `,"channel":"NAME"`.
    private mutating func skipMembers() -> Bool {
        guard skip(",\"channel\":\"") else { return true }
        while offset < bytes.count, bytes[offset] != UInt8(ascii: "\"") { offset += 1 }
        offset += 1
        return offset < bytes.count
    }

    private mutating func fail() -> Message? {
        isMalformed = true
        return nil
    }

    private mutating func skip(_ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard bytes.count - offset >= count else { return false }
        for index in 0..<count where bytes[offset + index] != text.utf8Start[index] { return false }
        offset += count
        return true
    }
}
