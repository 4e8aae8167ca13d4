import Base

/// The ends of a run's messages, as their events tell them. Each message must have exactly one, and one that was
/// acknowledged was delivered before.
///
/// Ids of messages grow by one, so a byte for each is enough.
struct ReceiptTally {
    private static let isDelivered: UInt8 = 1
    private static let hasEnded: UInt8 = 2
    /// More messages than any run publishes. An id beyond is not understood.
    private static let most: UInt64 = 1 << 30

    /// The ids of the run's clients begin with it. Events about others are passed over.
    private let tag: [UInt8]
    /// The highest id of a message before the run.
    private let before: UInt64
    private var messages: [UInt8] = []

    /// Events about the run's clients.
    private(set) var events = 0
    /// Messages with an end, and how many of them had which.
    private(set) var ended = 0
    private(set) var acknowledged = 0
    private(set) var handed = 0
    /// Messages that expired, were dropped, or were replaced.
    private(set) var lost = 0
    /// Ends, and deliveries, of messages that had one before.
    private(set) var doubles = 0
    /// Messages that were acknowledged and that no event called delivered before.
    private(set) var undelivered = 0
    private(set) var gaps = 0
    /// Lines that could not be understood, or are errors.
    private(set) var errors = 0

    init(tag: String, before: UInt64) {
        self.tag = Array(tag.utf8)
        self.before = before
    }

    /// Takes a line of the stream, without its line feed.
    mutating func take(_ line: UnsafeRawBufferPointer) {
        var offset = 0
        guard Self.skip("{\"id\":", line, &offset) else { return takeOther(line) }
        guard Mark.digits(line, at: &offset) != nil, Self.skip(",\"event\":\"", line, &offset),
            let kind = Self.word(line, &offset), Self.skip(",\"message\":", line, &offset),
            let message = Mark.digits(line, at: &offset), Self.skip(",\"client\":\"", line, &offset),
            message > before || !isOurs(line, offset), message < before + Self.most
        else {
            errors += 1
            return
        }
        guard isOurs(line, offset) else { return }
        events += 1
        take(kind, Int(message - before - 1))
    }

    private mutating func take(_ kind: UnsafeRawBufferPointer, _ at: Int) {
        if at >= messages.count {
            messages.append(contentsOf: repeatElement(0, count: max(at + 1 - messages.count, messages.count)))
        }
        let isDelivery = matches(kind, "delivered")
        let mark = isDelivery ? Self.isDelivered : Self.hasEnded
        guard messages[at] & mark == 0 else {
            doubles += 1
            return
        }
        if matches(kind, "acknowledged") {
            acknowledged += 1
            if messages[at] & Self.isDelivered == 0 { undelivered += 1 }
        } else if matches(kind, "handed") {
            handed += 1
        } else if !isDelivery {
            lost += 1
        }
        messages[at] |= mark
        if !isDelivery { ended += 1 }
    }

    /// A line that is no event: the answer to the request, or how far the stream has come.
    private mutating func takeOther(_ line: UnsafeRawBufferPointer) {
        var offset = 0
        if Self.skip("{\"gap\":true", line, &offset) {
            gaps += 1
        } else if !Self.skip("{\"cursor\":", line, &offset), !Self.skip("{\"status\":\"events\"", line, &offset) {
            errors += 1
        }
    }

    private func isOurs(_ line: UnsafeRawBufferPointer, _ offset: Int) -> Bool {
        guard line.count - offset > tag.count else { return false }
        return tag.withUnsafeBytes { areEqual(line.part(offset, tag.count), $0) }
    }
    /// Moves behind a text, if it is there.
    private static func skip(_ text: StaticString, _ line: UnsafeRawBufferPointer, _ offset: inout Int) -> Bool {
        let count = text.utf8CodeUnitCount
        guard line.count - offset >= count, matches(line.part(offset, count), text) else { return false }
        offset += count
        return true
    }
    /// The bytes up to the next quote. `offset` is behind it then.
    private static func word(_ line: UnsafeRawBufferPointer, _ offset: inout Int) -> UnsafeRawBufferPointer? {
        let start = offset
        while offset < line.count, line[offset] != UInt8(ascii: "\"") { offset += 1 }
        guard offset < line.count else { return nil }
        offset += 1
        return line.part(start, offset - 1 - start)
    }
}
